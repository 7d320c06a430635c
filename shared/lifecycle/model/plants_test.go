package model_test

import (
	"cmp"
	"context"
	"errors"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"signpost/shared/installation"
	"signpost/shared/lifecycle"
	"signpost/shared/schedule"
	"signpost/shared/secret"
	"signpost/shared/webex"
)

// withinSequences is how many sequences may pass before a plant is found; most
// are found by one of the first hundred.
const withinSequences = 1500

// plants are bugs that the model must find, and what it must say of each. A
// plant sits between the product and the store or Webex, and makes the product
// behave as if it had the bug.
var plants = map[string]struct {
	says string // a regular expression
	make func() plant
}{
	"the order of iat is ignored": {"was applied after something of|replaced what was activated", func() plant {
		remembered := &lastActions{at: map[string]time.Time{}}
		return plant{store: func(s lifecycle.Store) lifecycle.Store { return orderless{s, remembered} }}
	}},
	"a rotated refresh token is dropped": {"the stored refresh token is not the newest", func() plant {
		return plant{webex: func(w lifecycle.Webex) lifecycle.Webex { return forgetful{w} }}
	}},
	"a jti is burned before success": {"was refused as used before, which it was not", func() plant {
		burned := &marks{ids: map[string]bool{}}
		return plant{store: func(s lifecycle.Store) lifecycle.Store { return hasty{s, burned} }}
	}},
	"an unproven activation replaces a working installation": {"an activation that was not proven became the installation", func() plant {
		return plant{webex: func(w lifecycle.Webex) lifecycle.Webex { return gullible{w} }}
	}},
	"a jti is not remembered": {"was applied 2 times", func() plant {
		return plant{store: func(s lifecycle.Store) lifecycle.Store { return oblivious{s} }}
	}},
	"a configuration is pushed without looking": {"pushed to every device without need", func() plant {
		return plant{webex: func(w lifecycle.Webex) lifecycle.Webex { return blind{w} }}
	}},
	"a write ignores the version": {"the row says .*, must say|must be true|must be false|a write without a token", func() plant {
		return plant{store: func(s lifecycle.Store) lifecycle.Store { return forceful{s} }}
	}},
	"any trouble is taken for a dead token": {"a refresh token that Webex did not refuse was given up", func() plant {
		return plant{webex: func(w lifecycle.Webex) lifecycle.Webex { return alarmist{w} }}
	}},
	"a refresh token that was refused once is given up": {"token_invalid, though Webex takes its refresh token", func() plant {
		refused := &marks{ids: map[string]bool{}}
		return plant{webex: func(w lifecycle.Webex) lifecycle.Webex { return despairing{w, refused} }}
	}},
	"a pass skips the last row of a page": {"is said to be verified at", func() plant {
		return plant{rows: func(s schedule.Store) schedule.Store { return skipping{s} }}
	}},
	"a pass ends with its first page": {"is said to be verified at", func() plant {
		return plant{rows: func(s schedule.Store) schedule.Store { return hurried{s} }}
	}},
	"what a pass left out is forgotten": {"is said to be verified at", func() plant {
		return plant{rows: func(s schedule.Store) schedule.Store { return leavingOut{s} }}
	}},
	"a shard is not taken over from a run that died": {"after a|was not looked at", func() plant {
		return plant{rows: func(s schedule.Store) schedule.Store { return waiting{s} }}
	}},
	"what fails is left to a queue that it is not in": {"is left to the queue", func() plant {
		return plant{store: func(s lifecycle.Store) lifecycle.Store { return unqueued{s} }}
	}},
	"a pass writes what is in order": {"writes, although it is in order", func() plant {
		return plant{rows: func(s schedule.Store) schedule.Store { return untold{s} }}
	}},
	"a rollout ignores its stages": {"outside the stages", func() plant {
		return plant{rows: func(s schedule.Store) schedule.Store { return everywhere{s, s.(*store).channels} }}
	}},
	"a candidate is lost when Webex fails": {"and is lost", func() plant {
		return plant{store: func(s lifecycle.Store) lifecycle.Store { return careless{s} }}
	}},
}

func TestPlantsAreFound(t *testing.T) {
	if !chosen {
		setFlag(t, "rapid.checks", strconv.Itoa(withinSequences))
	}
	setFlag(t, "rapid.shrinktime", "0s")
	setFlag(t, "rapid.nofailfile", "true")
	t.Run("at a time", func(t *testing.T) {
		for name, planted := range plants {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				probe, says := &probe{name: t.Name()}, regexp.MustCompile(planted.says)
				played, foundBy := 0, 0
				probe.run(func() {
					rapid.Check(probe, func(r *rapid.T) {
						played++
						violations, _ := play(t, drawSequence.Draw(r, "sequence"), inMemory, planted.make())
						if says.MatchString(strings.Join(violations, "\n")) {
							foundBy = cmp.Or(foundBy, played) // rapid plays it again
							r.Fatal(planted.says)
						}
					})
				})
				if !probe.Failed() {
					t.Fatalf("not found by %d sequences", played)
				}
				t.Logf("found by sequence %d", foundBy)
			})
		}
	})
}

// probe is a test whose failure is wanted.
type probe struct {
	name string

	mu     sync.Mutex
	failed bool
}

// run calls f, which may end by FailNow.
func (p *probe) run(f func()) {
	defer func() {
		if cause := recover(); cause != nil && cause != errFailNow {
			panic(cause)
		}
	}()
	f()
}

var errFailNow = errors.New("the probe failed")

func (p *probe) Errorf(string, ...any) { p.Fail() }
func (p *probe) Helper()               {}
func (p *probe) Name() string          { return p.name }
func (p *probe) Logf(string, ...any)   {}
func (p *probe) Log(...any)            {}
func (p *probe) Skipf(string, ...any)  { p.SkipNow() }
func (p *probe) Skip(...any)           { p.SkipNow() }
func (p *probe) SkipNow()              { panic("a probe does not skip") }
func (p *probe) Error(...any)          { p.Fail() }
func (p *probe) Fatalf(string, ...any) { p.FailNow() }
func (p *probe) Fatal(...any)          { p.FailNow() }
func (p *probe) FailNow()              { p.Fail(); panic(errFailNow) }

func (p *probe) Fail() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failed = true
}

func (p *probe) Failed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.failed
}

// orderless shows every row as if nothing had been applied to it, and writes
// the truth back.
type orderless struct {
	lifecycle.Store
	last *lastActions
}

type lastActions struct {
	mu sync.Mutex
	at map[string]time.Time
}

func (s orderless) Find(ctx context.Context, key installation.Key, now time.Time) (installation.Installation, []installation.Candidate, error) {
	row, candidates, err := s.Store.Find(ctx, key, now)
	s.last.mu.Lock()
	defer s.last.mu.Unlock()
	s.last.at[key.OrgKey] = row.LastActionAt
	row.LastActionAt = time.Time{}
	return row, candidates, err
}

func (s orderless) Save(ctx context.Context, i installation.Installation) (installation.Installation, error) {
	if i.LastActionAt.IsZero() {
		s.last.mu.Lock()
		i.LastActionAt = s.last.at[i.OrgKey]
		s.last.mu.Unlock()
	}
	return s.Store.Save(ctx, i)
}

// forgetful loses the refresh token that replaces the one that was used.
type forgetful struct{ lifecycle.Webex }

func (w forgetful) Exchange(ctx context.Context, oauthURL string, client webex.Credentials, refresh secret.String) (webex.Tokens, error) {
	tokens, err := w.Webex.Exchange(ctx, oauthURL, client, refresh)
	tokens.Refresh = secret.String{}
	return tokens, err
}

// hasty marks a token as used when its candidate is stored.
type hasty struct {
	lifecycle.Store
	burned *marks
}

type marks struct {
	mu  sync.Mutex
	ids map[string]bool
}

func (s hasty) PutCandidate(ctx context.Context, c installation.Candidate) (installation.Candidate, error) {
	s.burned.mu.Lock()
	s.burned.ids[c.ID] = true
	s.burned.mu.Unlock()
	return s.Store.PutCandidate(ctx, c)
}

func (s hasty) Used(ctx context.Context, key installation.Key, id string, now time.Time) (bool, error) {
	used, err := s.Store.Used(ctx, key, id, now)
	s.burned.mu.Lock()
	defer s.burned.mu.Unlock()
	return used || s.burned.ids[id], err
}

// despairing does not ask again about a refresh token that was refused once.
type despairing struct {
	lifecycle.Webex
	refused *marks
}

func (w despairing) Exchange(ctx context.Context, oauthURL string, client webex.Credentials, refresh secret.String) (webex.Tokens, error) {
	w.refused.mu.Lock()
	known := w.refused.ids[refresh.Reveal()]
	w.refused.mu.Unlock()
	if known {
		return webex.Tokens{}, webex.ErrInvalidGrant
	}
	tokens, err := w.Webex.Exchange(ctx, oauthURL, client, refresh)
	if errors.Is(err, webex.ErrInvalidGrant) {
		w.refused.mu.Lock()
		w.refused.ids[refresh.Reveal()] = true
		w.refused.mu.Unlock()
	}
	return tokens, err
}

// gullible takes any activation's refresh token for a good one.
type gullible struct{ lifecycle.Webex }

func (w gullible) Exchange(ctx context.Context, oauthURL string, client webex.Credentials, refresh secret.String) (webex.Tokens, error) {
	tokens, err := w.Webex.Exchange(ctx, oauthURL, client, refresh)
	if errors.Is(err, webex.ErrInvalidGrant) {
		return webex.Tokens{Access: secret.New("believed")}, nil
	}
	return tokens, err
}

// oblivious marks no token as used: each time as another.
type oblivious struct{ lifecycle.Store }

func (s oblivious) Used(context.Context, installation.Key, string, time.Time) (bool, error) {
	return false, nil
}

func (s oblivious) Commit(ctx context.Context, i installation.Installation, used installation.Used, done []installation.Candidate, now time.Time) (installation.Installation, error) {
	used.Until = now // gone as soon as it is written
	return s.Store.Commit(ctx, i, used, done, now)
}

// blind sees no configuration.
type blind struct{ lifecycle.Webex }

func (w blind) GetConfig(ctx context.Context, feature webex.Feature, endpoint string, token secret.String) (webex.FeatureConfig, error) {
	if _, err := w.Webex.GetConfig(ctx, feature, endpoint, token); err != nil {
		return webex.FeatureConfig{}, err
	}
	return webex.FeatureConfig{}, webex.ErrNotFound
}

// forceful writes over whatever is there.
type forceful struct{ lifecycle.Store }

func (s forceful) Save(ctx context.Context, i installation.Installation) (installation.Installation, error) {
	for {
		saved, err := s.Store.Save(ctx, i)
		if !errors.Is(err, installation.ErrConflict) {
			return saved, err
		}
		current, _, err := s.Store.Find(ctx, i.Key, time.Now())
		if err != nil {
			return saved, err
		}
		i.Version = current.Version
	}
}

// alarmist takes any trouble at the token endpoint for a dead refresh token.
type alarmist struct{ lifecycle.Webex }

func (w alarmist) Exchange(ctx context.Context, oauthURL string, client webex.Credentials, refresh secret.String) (webex.Tokens, error) {
	tokens, err := w.Webex.Exchange(ctx, oauthURL, client, refresh)
	if errors.Is(err, webex.ErrUnavailable) {
		err = errors.Join(webex.ErrInvalidGrant, err)
	}
	return tokens, err
}

// careless deletes a candidate that is to be tried again.
type careless struct{ lifecycle.Store }

func (s careless) PutCandidate(ctx context.Context, c installation.Candidate) (installation.Candidate, error) {
	if c.Schedule.Failures > 0 {
		return c, s.Store.DeleteCandidate(ctx, c)
	}
	return s.Store.PutCandidate(ctx, c)
}
