package faults_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"signpost/shared/installation"
	"signpost/shared/lifecycle"
	"signpost/shared/race"
	"signpost/shared/webex"
	"signpost/shared/webex/webextest"
)

// switches is how often, at most, a run leaves an actor that could go on, or
// makes calls side by side in another order: all interleavings with so many are
// played. Those of a pair of 12 calls each without that limit are 2.7 million.
const switches = 2

// strays is how many interleavings without the limit each pair is played in
// besides, by seeds from 1 on, with reads of rows that are torn: a failure names
// its seed.
var strays = race.Share(40, 2)

// TestEveryInterleavingOfAPair runs pairs of use cases on one organization side
// by side, in every order of their calls to the store and to Webex that needs no
// more than a few switches, and in some that need more. Whatever the order, what
// the invariants ask for holds in the end, and both are answered the truth.
func TestEveryInterleavingOfAPair(t *testing.T) {
	for _, p := range pairs() {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			longest := 0
			play := func(by string, choose chooser, mutate func(stores) stores) ([]step, bool) {
				steps, wrong := p.run(t, mutate, choose)
				longest = max(longest, len(steps))
				for _, what := range wrong {
					t.Error(what)
				}
				if len(wrong) > 0 {
					t.Logf("%s:%s", by, describe(steps))
				}
				return steps, len(wrong) == 0
			}
			most := race.Share(switches, 1)
			runs := explore(most, func(choose chooser) ([]step, bool) { return play("in this order", choose, nil) })
			for seed := range strays {
				tear := func(s stores) stores { return torn{s, seed%2 == 0} }
				if _, well := play(fmt.Sprintf("seed %d", seed+1), stray(uint64(seed+1)), tear); !well {
					break
				}
			}
			t.Logf("%d interleavings with %d switches at most, %d strays, of up to %d calls", runs, most, strays, longest)
		})
	}
}

func (d *duo) both() { d.want[webex.DigitalSignage], d.want[webex.PersistentWebApp] = 1, 1 }

// told says that an activation that was answered with success was known to Webex.
func (d *duo) told(actors ...int) func() string {
	return func() string {
		for _, actor := range actors {
			if d.errs[actor] == nil && !d.known[actor] {
				return fmt.Sprintf("%c is answered with success before Webex was told", 'A'+actor)
			}
		}
		return ""
	}
}

// same says that both were answered with the same error.
func (d *duo) same(want error) func() string {
	return func() string {
		for actor, err := range d.errs {
			if !errors.Is(err, want) {
				return fmt.Sprintf("%c is answered %v, not %v", 'A'+actor, err, want)
			}
		}
		return ""
	}
}

// due is an installation that is due and whose access token has lapsed.
func (d *duo) due() { d.installed(interval + 3*time.Hour) }

// torn is a store as DynamoDB may be: a query is not isolated from a transaction,
// so that an organization's rows are those of two moments, in either order.
type torn struct {
	stores
	rowFirst bool
}

func (s torn) Find(ctx context.Context, key installation.Key, now time.Time) (installation.Installation, []installation.Candidate, error) {
	row, candidates, err := s.stores.Find(ctx, key, now)
	if err != nil {
		return row, candidates, err
	}
	laterRow, laterCandidates, err := s.stores.Find(ctx, key, now)
	if s.rowFirst {
		return row, laterCandidates, err
	}
	return laterRow, candidates, err
}

func pairs() []pair {
	return append(activationPairs(), changePairs()...)
}

func activationPairs() []pair {
	twice := func(d *duo) (use, use) {
		code := d.code()
		d.both()
		d.after = d.told(0, 1)
		return activate(code), activate(code)
	}
	// failing is one code twice, while Webex answers a call like this.
	failing := func(name, kind string, status int, want error) pair {
		return pair{name: name, allowed: []error{want}, prepare: func(d *duo) (use, use) {
			first, second := twice(d)
			d.cloud.Inject(webextest.Fault{Kind: kind, OrgID: d.org.ID(), Status: status})
			d.after = d.same(want)
			return first, second
		}}
	}
	return []pair{
		{name: "activate, activate: one code", prepare: twice},
		{name: "activate, activate: one code, rotating", prepare: func(d *duo) (use, use) {
			d.cloud.SetRotateRefreshTokens(true)
			return twice(d)
		}},
		failing("activate, activate: one code, PATCH refused", webextest.KindApp, 403, webex.ErrRejected),
		failing("activate, activate: one code, PATCH unavailable", webextest.KindApp, 503, webex.ErrUnavailable),
		failing("activate, activate: one code, token unavailable", webextest.KindToken, 503, webex.ErrUnavailable),
		{name: "activate, activate: two codes", allowed: []error{installation.ErrStale, installation.ErrReplayed}, prepare: func(d *duo) (use, use) {
			first, second := d.code(), d.code()
			d.both()
			d.alive = true
			d.after = func() string {
				row, _ := d.row()
				for actor, token := range []webex.Token{first, second} {
					if row.Generation == installation.NewGeneration(token.ID) && d.errs[actor] == nil {
						return d.told(0, 1)()
					}
				}
				return fmt.Sprintf("the installation is of a code that was refused: %v", d.errs)
			}
			return activate(first), activate(second)
		}},
		{name: "activate again, verify", prepare: func(d *duo) (use, use) {
			d.cloud.SetRotateRefreshTokens(true)
			d.due()
			d.alive, d.after = true, d.told(0)
			return activate(d.code()), d.verify()
		}},
		{name: "verify proves, activate resumes", prepare: func(d *duo) (use, use) {
			code := d.code()
			d.cloud.Inject(webextest.Fault{Kind: webextest.KindToken, OrgID: d.org.ID(), Status: 503})
			if _, err := d.service().Activate(d.t.Context(), code, base); !errors.Is(err, webex.ErrUnavailable) {
				d.t.Fatalf("prepare: %v", err)
			}
			d.cloud.ClearFaults()
			time.Sleep(31 * time.Second)
			d.both()
			d.after = d.told(1)
			return d.verify(), activate(code)
		}},
		{name: "activate again, updateApproved", prepare: func(d *duo) (use, use) {
			d.installed(time.Minute)
			code := d.code()
			time.Sleep(time.Second)
			update := d.minted(d.cloud.MintUpdateApproved(d.org.ID(), []string{webextest.DigitalSignage, webextest.PersistentWebApp}))
			d.after = func() string {
				if row, _ := d.row(); !row.LastActionAt.Equal(update.IssuedAt) || row.Generation != installation.NewGeneration(code.ID) {
					return "one of them is lost"
				}
				return d.told(0)()
			}
			return activate(code), act(update)
		}},
	}
}

func changePairs() []pair {
	return []pair{
		{name: "activate, deprovision", allowed: []error{installation.ErrNotFound, installation.ErrStale}, prepare: func(d *duo) (use, use) {
			code := d.code()
			time.Sleep(time.Second)
			removal := d.minted(d.cloud.MintAction(d.org.ID(), webextest.ActionDeprovision, nil))
			d.both()
			return activate(code), d.removal(removal)
		}},
		{name: "activate again, deprovision", allowed: []error{installation.ErrStale}, prepare: func(d *duo) (use, use) {
			d.installed(time.Minute)
			code := d.code()
			time.Sleep(time.Second)
			d.gone = true
			return activate(code), act(d.minted(d.cloud.MintAction(d.org.ID(), webextest.ActionDeprovision, nil)))
		}},
		{name: "deprovision twice", prepare: func(d *duo) (use, use) {
			d.installed(time.Minute)
			d.gone = true
			removal := d.minted(d.cloud.MintDeprovision(d.org.ID()))
			return act(removal), act(removal)
		}},
		{name: "move, healthCheck renews", prepare: func(d *duo) (use, use) {
			d.cloud.SetRotateRefreshTokens(true)
			d.installed(20 * time.Hour)
			health := d.health()
			move := d.minted(d.cloud.MintMove(d.org.ID(), elsewhere, webextest.MoveOptions{}))
			d.after = d.movedTo(elsewhere)
			return act(move), health
		}, allowed: []error{installation.ErrWrongRegion}},
		{name: "move, verify renews", prepare: func(d *duo) (use, use) {
			d.cloud.SetRotateRefreshTokens(true)
			d.due()
			d.after = d.movedTo(elsewhere)
			return act(d.minted(d.cloud.MintMove(d.org.ID(), elsewhere, webextest.MoveOptions{}))), d.verify()
		}, allowed: []error{errFailed}},
		{name: "move twice", allowed: []error{installation.ErrReplayed}, prepare: func(d *duo) (use, use) {
			d.cloud.SetRotateRefreshTokens(true)
			d.installed(time.Minute)
			move := d.minted(d.cloud.MintMove(d.org.ID(), elsewhere, webextest.MoveOptions{NewRefreshToken: true}))
			d.after = d.movedTo(elsewhere)
			return act(move), act(move)
		}},
		{name: "verify, verify", prepare: func(d *duo) (use, use) {
			d.cloud.SetRotateRefreshTokens(true)
			d.due()
			d.loses()
			d.after = d.renewedOnce
			return d.verify(), d.verify()
		}},
		{name: "pass, pass: in order", prepare: func(d *duo) (use, use) {
			d.passDue()
			row, _ := d.row()
			d.unwritten = row.Version
			d.after = d.askedOnce
			return d.verify(), d.verify()
		}},
		{name: "pass, pass: configuration gone", prepare: func(d *duo) (use, use) {
			d.passDue()
			d.loses()
			return d.verify(), d.verify()
		}},
		{name: "pass, healthCheck: configuration gone", prepare: func(d *duo) (use, use) {
			d.passDue()
			d.loses()
			return d.verify(), d.health()
		}},
		{name: "pass, updateApproved", prepare: func(d *duo) (use, use) {
			d.passDue()
			return d.verify(), act(d.minted(d.cloud.MintUpdateApproved(d.org.ID(), []string{webextest.DigitalSignage, webextest.PersistentWebApp})))
		}},
		{name: "pass, deprovision", prepare: func(d *duo) (use, use) {
			d.passDue()
			d.cloud.DeleteConfiguration(d.org.ID(), webextest.DigitalSignage)
			d.gone = true
			return d.verify(), act(d.minted(d.cloud.MintDeprovision(d.org.ID())))
		}, allowed: []error{errFailed}},
		{name: "due work, pass", prepare: func(d *duo) (use, use) {
			d.passDue()
			row, _ := d.row()
			row.Schedule.DueAt = time.Now()
			_, err := d.store.Save(d.t.Context(), row)
			d.must(err)
			d.loses()
			return d.verify(), d.verify()
		}},
		{name: "healthCheck, verify", prepare: func(d *duo) (use, use) {
			d.cloud.SetRotateRefreshTokens(true)
			d.due()
			d.loses()
			d.after = d.renewedOnce
			return d.health(), d.verify()
		}},
		{name: "healthCheck, verify: refresh token dead", allowed: []error{errFailed}, prepare: func(d *duo) (use, use) {
			d.due()
			d.cloud.RevokeRefreshToken(d.org.ID())
			d.dead = true
			return d.health(), d.verify()
		}},
		{name: "updateApproved twice", allowed: []error{installation.ErrReplayed}, prepare: func(d *duo) (use, use) {
			d.installed(time.Minute)
			update := d.minted(d.cloud.MintUpdateApproved(d.org.ID(), []string{webextest.DigitalSignage, webextest.PersistentWebApp}))
			d.after = func() string {
				if (d.errs[0] == nil) == (d.errs[1] == nil) {
					return fmt.Sprintf("one token is to be applied once: %v", d.errs)
				}
				return ""
			}
			return act(update), act(update)
		}},
		{name: "updateApproved, verify", prepare: func(d *duo) (use, use) {
			d.due()
			update := d.minted(d.cloud.MintUpdateApproved(d.org.ID(), []string{webextest.DigitalSignage, webextest.PersistentWebApp}))
			return act(update), d.verify()
		}},
		{name: "withdraw, verify", prepare: func(d *duo) (use, use) {
			d.cloud.SetRotateRefreshTokens(true)
			d.due()
			d.gone = true
			return d.withdraw(), d.verify()
		}, allowed: []error{errFailed}},
	}
}

// passDue is an installation in sync whose shard's pass is due, while its access
// token is good.
func (d *duo) passDue() {
	d.installed(time.Minute)
	pass := d.position()
	pass.Began = time.Now().Add(-interval)
	_, err := d.store.SavePass(d.t.Context(), pass)
	d.must(err)
}

// loses has Webex lose the signage configuration, which one push restores.
func (d *duo) loses() {
	d.cloud.DeleteConfiguration(d.org.ID(), webextest.DigitalSignage)
	d.want[webex.DigitalSignage] = 1
}

// askedOnce says that only one of two passes asked Webex.
func (d *duo) askedOnce() string {
	return d.once(webextest.KindSignage, "GET", "requests for a configuration")
}

// renewedOnce says that the two asked for one access token.
func (d *duo) renewedOnce() string { return d.once(webextest.KindToken, "POST", "token requests") }

func (d *duo) once(kind, method, what string) string {
	if requests := d.cloud.Count(kind, method); requests != 1 {
		return fmt.Sprintf("%d %s, want 1", requests, what)
	}
	return ""
}

// movedTo says that the installation has moved.
func (d *duo) movedTo(region string) func() string {
	return func() string {
		if row, _ := d.row(); row.Region != region {
			return "the installation is in " + row.Region
		}
		return ""
	}
}

// removal is a deprovision after which the installation is gone, unless it came
// before there was anything to remove.
func (d *duo) removal(token webex.Token) use {
	return func(ctx context.Context, s *lifecycle.Service) error {
		err := s.Act(ctx, token)
		d.gone = err == nil
		return err
	}
}
