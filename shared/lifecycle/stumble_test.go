package lifecycle_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"signpost/shared/dynamo"
	"signpost/shared/installation"
	"signpost/shared/lifecycle"
	"signpost/shared/schedule"
	"signpost/shared/webex"
	"signpost/shared/webex/webextest"
)

// stumbling is a store some of whose writes conflict with another transaction, or whose
// table does not answer. The tests with it are reductions of what package faults found.
type stumbling struct {
	*dynamo.Store
	conflicts int // of the writes to come
	save      error
	saves     int
	count     error // of CountDue
	find      error // from the second time on
	found     int
}

func (s *stumbling) conflict() error {
	if s.conflicts == 0 {
		return nil
	}
	s.conflicts--
	return installation.ErrConflict
}

func (s *stumbling) PutCandidate(ctx context.Context, c installation.Candidate) (installation.Candidate, error) {
	if err := s.conflict(); err != nil {
		return c, err
	}
	return s.Store.PutCandidate(ctx, c)
}

func (s *stumbling) DeleteCandidate(ctx context.Context, c installation.Candidate) error {
	if err := s.conflict(); err != nil {
		return err
	}
	return s.Store.DeleteCandidate(ctx, c)
}

func (s *stumbling) Save(ctx context.Context, i installation.Installation) (installation.Installation, error) {
	s.saves++
	if s.save != nil {
		return i, s.save
	}
	return s.Store.Save(ctx, i)
}

func (s *stumbling) Find(ctx context.Context, key installation.Key, now time.Time) (installation.Installation, []installation.Candidate, error) {
	if s.found++; s.found > 1 && s.find != nil {
		return installation.Installation{}, nil, s.find
	}
	return s.Store.Find(ctx, key, now)
}

func (s *stumbling) CountDue(ctx context.Context, shard int, now time.Time) (int, error) {
	if s.count != nil {
		return 0, s.count
	}
	return s.Store.CountDue(ctx, shard, now)
}

// on returns a service over store, which it lets stand before the world's own.
func (w *world) on(store *stumbling) *lifecycle.Service {
	store.Store = w.store
	return w.over(store)
}

// A candidate whose write conflicts with a transaction has no other worker, so the write
// is repeated.
func TestMoveIsStoredDespiteATransaction(t *testing.T) {
	w := activatedWorld(t)
	token := w.verified(w.minted(w.cloud.MintMove(w.org.ID(), elsewhere, webextest.MoveOptions{NewRefreshToken: true})))
	wantErr(t, w.on(&stumbling{conflicts: 2}).Act(t.Context(), token), nil)
	w.wantRegion(elsewhere)
	token = w.verified(w.minted(w.cloud.MintMove(w.org.ID(), home, webextest.MoveOptions{})))
	wantErr(t, w.on(&stumbling{conflicts: 1000}).Act(t.Context(), token), installation.ErrConflict)
}

func TestRemovalOfACandidateDespiteATransaction(t *testing.T) {
	w := newWorld(t)
	w.fault(webextest.Fault{Kind: webextest.KindToken, Status: 500, Times: 1})
	w.wantActivation(w.code(), webex.ErrUnavailable)
	w.pass(10 * time.Second)
	token := w.verified(w.minted(w.cloud.MintDeprovision(w.org.ID())))
	wantErr(t, w.on(&stumbling{conflicts: 1}).Act(t.Context(), token), nil)
	w.wantCandidates(0)
}

func TestCausesAreLoggedOnce(t *testing.T) {
	errTable := errors.New("the table does not answer")
	tests := map[string]struct {
		cause string
		act   func(w *world) error
	}{
		"move that cannot be proven": {"status 503", func(w *world) error {
			token := w.verified(w.minted(w.cloud.MintMove(w.org.ID(), elsewhere, webextest.MoveOptions{NewRefreshToken: true})))
			w.fault(webextest.Fault{Kind: webextest.KindToken, Status: 503})
			return w.on(&stumbling{}).Act(t.Context(), token)
		}},
		"activation that cannot be registered": {"status 503", func(w *world) error {
			code := w.verified(w.code())
			w.fault(webextest.Fault{Kind: webextest.KindApp, Status: 503})
			_, err := w.on(&stumbling{}).Activate(t.Context(), code, base+"/elsewhere")
			return err
		}},
		"activation that cannot be concluded": {errTable.Error(), func(w *world) error {
			_, err := w.on(&stumbling{save: errTable}).Activate(t.Context(), w.verified(w.code()), base)
			return err
		}},
		"removal after 90 days": {errTable.Error(), func(w *world) error {
			w.loseAccess()
			w.pass(installation.TokenInvalidLife)
			_, err := schedule.New(w.on(&stumbling{save: errTable}), w.store).VerifyDue(t.Context(), schedule.Run{Concurrency: 1})
			return err
		}},
		"repair that cannot be brought forward": {errTable.Error(), func(w *world) error {
			w.cloud.DeleteConfiguration(w.org.ID(), string(webex.DigitalSignage))
			token := w.healthCheck()
			_, err := w.on(&stumbling{find: errTable}).CheckHealth(t.Context(), token)
			return err
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := activatedWorld(t)
			before := len(w.log.text())
			err := test.act(w)
			logged := w.log.text()[before:]
			if err != nil {
				logged += err.Error() // as the function logs it with its answer
			}
			if got := strings.Count(logged, test.cause); got != 1 {
				t.Errorf("logged %d times, want once:\n%s", got, logged)
			}
		})
	}
}

func TestHealthCheckHonoursRetryAfter(t *testing.T) {
	w := activatedWorld(t)
	w.fault(webextest.Fault{Kind: webextest.KindSignage, Status: 429, RetryAfter: "600", Times: 1})
	if health := w.healthy(); health.OperationalState != lifecycle.Impaired {
		t.Fatalf("health = %+v", health)
	}
	if row, _ := w.stored(); row.Schedule.DueAt.Sub(w.clock()) != 10*time.Minute {
		t.Errorf("due after %v, want what Webex asked for", row.Schedule.DueAt.Sub(w.clock()))
	}
}

// Failed pushes are not drift: once Webex is available again they are not held.
func TestFailedPushesAreNotHeld(t *testing.T) {
	w := activatedWorld(t)
	w.provide(webex.DigitalSignage, lifecycle.Content{DeviceURL: signage + "&new"})
	w.fault(webextest.Fault{Kind: webextest.KindSignage, Method: "PUT", Status: 500})
	for range 5 {
		w.pass(time.Hour)
		w.verifyNow()
	}
	w.cloud.ClearFaults()
	w.pass(time.Hour)
	w.wantReport(w.verifyNow(), schedule.Report{Verified: 1, Pushed: 1})
	w.inSync()
}

func TestConflictsWithoutEndGiveUp(t *testing.T) {
	w := activatedWorld(t)
	w.pass(20 * time.Hour)
	store := &stumbling{save: installation.ErrConflict}
	token := w.healthCheck()
	if health, err := w.on(store).CheckHealth(t.Context(), token); err != nil || health.OperationalState != lifecycle.Impaired {
		t.Errorf("health = %+v, %v", health, err)
	}
	if store.saves > 20 {
		t.Errorf("%d tries", store.saves)
	}
}

// A run does not fail because it could not count the rows that it left.
func TestLeftRowsCannotBeCounted(t *testing.T) {
	w := activatedWorld(t)
	w.pass(2 * time.Hour)
	errIndex := errors.New("the index does not answer")
	store := &stumbling{count: errIndex}
	report, err := schedule.New(w.on(store), store).VerifyDue(t.Context(), schedule.Run{Concurrency: 1, Until: w.clock()})
	if err != nil || report != (schedule.Report{}) {
		t.Errorf("report = %+v, %v", report, err)
	}
	if !strings.Contains(w.log.text(), errIndex.Error()) {
		t.Error("the log does not say so")
	}
}
