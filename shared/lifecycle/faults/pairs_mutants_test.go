package faults_test

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"signpost/shared/installation"
)

// TestEveryRaceIsFound puts a fault between a process and the store that only
// two use cases side by side bring to light, and which some interleaving has to
// show, in these words.
func TestEveryRaceIsFound(t *testing.T) {
	mutants := map[string]struct {
		pair, says string
		mutate     func(stores) stores
	}{
		"mark believed beside a row read before": {"activate, activate: one code", "token was used before", func(s stores) stores {
			return &hastyReader{stores: s}
		}},
		"answered before the other's result": {"activate, activate: one code, PATCH refused", "is answered <nil>, not", func(s stores) stores {
			return boastful{s}
		}},
		"shard's lease not seen": {"pass, pass: in order", "2 requests for a configuration", func(s stores) stores { return crowd{s} }},
		"work lease not seen":    {"due work, pass", "was pushed 2 times", func(s stores) stores { return intruder{s} }},
		"renewal lease not seen": {"healthCheck, verify", "2 token requests", func(s stores) stores {
			return impatient{s}
		}},
		"version ignored": {"activate again, updateApproved", ".", func(s stores) stores { return forceful{s} }},
		"mark ignored":    {"updateApproved twice", "applied once", func(s stores) stores { return oblivious{s} }},
		"removal refused": {"deprovision twice", "token was used before", func(s stores) stores { return &stubborn{stores: s} }},
	}
	for name, mutant := range mutants {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all, says := pairs(), regexp.MustCompile(mutant.says)
			p := all[slices.IndexFunc(all, func(p pair) bool { return p.name == mutant.pair })]
			found := ""
			runs := explore(switches, func(choose chooser) ([]step, bool) {
				steps, wrong := p.run(t, mutant.mutate, choose)
				if found = strings.Join(wrong, "; "); !says.MatchString(found) {
					found = ""
				}
				return steps, found == ""
			})
			if found == "" {
				t.Errorf("not found by %d interleavings", runs)
			}
			t.Logf("interleaving %d: %s", runs, found)
		})
	}
}

// hastyReader is a process that does not read the row again once it has found
// the mark of a token: it decides by the row that it read beside the mark.
type hastyReader struct {
	stores
	mu    sync.Mutex
	first *found
	used  bool
}

type found struct {
	row        installation.Installation
	candidates []installation.Candidate
}

func (s *hastyReader) Find(ctx context.Context, key installation.Key, now time.Time) (installation.Installation, []installation.Candidate, error) {
	s.mu.Lock()
	first, used := s.first, s.used
	s.mu.Unlock()
	if first != nil && used {
		return first.row, first.candidates, nil
	}
	row, candidates, err := s.stores.Find(ctx, key, now)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.first == nil {
		s.first = &found{row, candidates}
	}
	return row, candidates, err
}

func (s *hastyReader) Used(ctx context.Context, key installation.Key, id string, now time.Time) (bool, error) {
	used, err := s.stores.Used(ctx, key, id, now)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used = used
	return used, err
}

// boastful shows a row that another worker is at as if Webex had been told.
type boastful struct{ stores }

func (s boastful) Find(ctx context.Context, key installation.Key, now time.Time) (installation.Installation, []installation.Candidate, error) {
	row, candidates, err := s.stores.Find(ctx, key, now)
	if row.Work.Held(now) {
		row.RegisteredActionsURL = base + "/actions"
	}
	return row, candidates, err
}

// intruder takes whatever is due, whoever holds it.
type intruder struct{ stores }

func (s intruder) Claim(ctx context.Context, ref installation.Ref, lease installation.Lease, now time.Time) (installation.Work, error) {
	work, err := s.stores.Claim(ctx, ref, lease, now)
	if !errors.Is(err, installation.ErrConflict) {
		return work, err
	}
	row, _, err := s.stores.Find(ctx, ref.Key, now)
	return installation.Work{Installation: &row}, err
}

// crowd takes a shard, whoever holds it.
type crowd struct{ stores }

func (s crowd) SavePass(ctx context.Context, p installation.Pass) (installation.Pass, error) {
	passes, err := s.stores.Passes(ctx)
	if err != nil {
		return p, err
	}
	p.Version = passes[p.Shard].Version
	return s.stores.SavePass(ctx, p)
}

// impatient sees nobody renew a token.
type impatient struct{ stores }

func (s impatient) Find(ctx context.Context, key installation.Key, now time.Time) (installation.Installation, []installation.Candidate, error) {
	row, candidates, err := s.stores.Find(ctx, key, now)
	row.Tokens.Renewal = installation.Lease{}
	return row, candidates, err
}

// forceful writes over whatever is there.
type forceful struct{ stores }

func (s forceful) Save(ctx context.Context, i installation.Installation) (installation.Installation, error) {
	for {
		saved, err := s.stores.Save(ctx, i)
		if !errors.Is(err, installation.ErrConflict) {
			return saved, err
		}
		current, _, err := s.stores.Find(ctx, i.Key, time.Now())
		if err != nil {
			return saved, err
		}
		i.Version, i.Generation = current.Version, current.Generation
	}
}

// oblivious marks no token as used.
type oblivious struct{ stores }

func (oblivious) Used(context.Context, installation.Key, string, time.Time) (bool, error) {
	return false, nil
}

func (s oblivious) Commit(ctx context.Context, i installation.Installation, used installation.Used, done []installation.Candidate, now time.Time) (installation.Installation, error) {
	used.Until = now // gone as soon as it is written
	return s.stores.Commit(ctx, i, used, done, now)
}

// stubborn is a process that does not read the row again where its own commit
// finds the mark of its token.
type stubborn struct {
	stores
	mu       sync.Mutex
	first    *installation.Installation
	replayed bool
}

func (s *stubborn) Find(ctx context.Context, key installation.Key, now time.Time) (installation.Installation, []installation.Candidate, error) {
	row, candidates, err := s.stores.Find(ctx, key, now)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.first == nil {
		s.first = &row
	}
	if s.replayed {
		row = *s.first
	}
	return row, candidates, err
}

func (s *stubborn) Commit(ctx context.Context, i installation.Installation, used installation.Used, done []installation.Candidate, now time.Time) (installation.Installation, error) {
	stored, err := s.stores.Commit(ctx, i, used, done, now)
	if errors.Is(err, installation.ErrReplayed) {
		s.mu.Lock()
		s.replayed = true
		s.mu.Unlock()
	}
	return stored, err
}
