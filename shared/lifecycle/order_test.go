package lifecycle_test

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"signpost/shared/installation"
	"signpost/shared/webex"
	"signpost/shared/webex/webextest"
)

// once runs do once, during the first request of this kind and method.
func (w *world) once(kind, method string, do func()) {
	var done atomic.Bool
	w.cloud.OnRequest(func(r webextest.Request) {
		if r.Kind == kind && r.Method == method && done.CompareAndSwap(false, true) {
			do()
		}
	})
}

func TestLateActivationKeepsTheNewAddress(t *testing.T) {
	w := activatedWorld(t)
	late := w.code()
	w.pass(time.Second)
	wantErr(t, w.act(w.minted(w.cloud.MintMove(w.org.ID(), elsewhere, webextest.MoveOptions{}))), nil)
	w.pass(time.Hour)
	w.wantActivation(late, nil) // proven, and it may be the only activation that arrives
	w.wantRegion(elsewhere)
	w.wantCandidates(0)
	w.verifyDue()
	w.inSync()
}

// The removal finds only a candidate, which another worker is proving.
func TestRemovalWhileAnActivationIsProven(t *testing.T) {
	w := newWorld(t)
	code := w.code()
	w.pass(time.Second)
	removal := w.minted(w.cloud.MintAction(w.org.ID(), "deprovision", nil))
	w.once(webextest.KindToken, "POST", func() { wantErr(t, w.act(removal), nil) })
	w.wantActivation(code, installation.ErrStale)
	if row, candidates := w.stored(); row.Exists() || len(candidates) != 0 {
		t.Errorf("%q, %d candidates", row.State, len(candidates))
	}
	wantErr(t, w.act(removal), nil) // repeated
	w.wantActivation(code, installation.ErrStale)
}

// A slow worker stores the candidate of a code that another worker has completed.
func TestCandidateOfAUsedCodeIsDeleted(t *testing.T) {
	w := newWorld(t)
	spent, other := w.code(), w.code() // of one second
	for _, code := range []string{spent, other} {
		w.wantActivation(code, nil)
	}
	token, generation := w.verified(spent), installation.NewGeneration(w.verified(other).ID)
	candidate := installation.NewCandidate(installation.Activation, token, base, w.clock())
	w.pass(25 * time.Hour) // the schedule was out of order; the code has expired
	candidate.Refresh, _ = w.keys.sealer.Seal(token.RefreshToken, installation.RefreshPlace(candidate.Key))
	candidate.Schedule.DueAt = w.clock()
	_, err := w.store.PutCandidate(t.Context(), candidate)
	w.must(err)
	w.pass(time.Second)
	w.verifyDue()
	row, candidates := w.stored()
	if len(candidates) != 0 || row.Generation != generation {
		t.Errorf("%d candidates, generation %s", len(candidates), row.Generation)
	}
}

// The table no longer has the installation, Webex does.
func TestReactivationAfterExpiryPushesNothing(t *testing.T) {
	w := activatedWorld(t)
	w.loseAccess()
	w.pass(installation.TokenInvalidLife)
	w.verifyDue()
	w.pass(webex.LongestAcceptance)
	if row, _ := w.stored(); row.Version != 0 {
		t.Fatalf("the table knows a row that is %s", row.State)
	}
	w.activateOrg(w.org)
	for _, feature := range webex.Features {
		w.wantPushes(feature, 1) // by the first activation
	}
	w.inSync()
}

// Two codes are delivered to two workers at once.
func TestConcurrentActivationsPushOnce(t *testing.T) {
	w := newWorld(t)
	first, second := w.verified(w.code()), w.verified(w.code())
	answered := make(chan error, 1)
	w.once(webextest.KindSignage, "PUT", func() {
		go func() {
			_, err := w.service().Activate(t.Context(), second, base)
			answered <- err
		}()
		for row, _ := w.stored(); row.Generation != installation.NewGeneration(second.ID); row, _ = w.stored() {
			runtime.Gosched()
		}
	})
	_, err := w.service().Activate(t.Context(), first, base)
	wantErr(t, err, installation.ErrStale) // superseded within its second
	wantErr(t, <-answered, nil)
	w.wantPushes(webex.DigitalSignage, 1)
	w.inSync()
}

// A re-installation from before the move arrives only while the move is proven: the
// move applies to the new installation too.
func TestReinstallationWhileAMoveIsProven(t *testing.T) {
	w := activatedWorld(t)
	code := w.code()
	w.pass(time.Second)
	update := w.minted(w.cloud.MintMove(w.org.ID(), elsewhere, webextest.MoveOptions{}))
	w.once(webextest.KindToken, "POST", func() {
		_, err := w.activate(code) // Webex has moved the customer already
		wantErr(t, err, webex.ErrRejected)
	})
	wantErr(t, w.act(update), nil)
	row, candidates := w.stored()
	if row.Region != elsewhere || len(candidates) != 0 {
		t.Errorf("region %s, %d candidates", row.Region, len(candidates))
	}
	w.pass(31 * time.Second) // the activation's worker had the lease
	w.verifyDue()
	w.inSync()
}
