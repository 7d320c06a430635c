package lifecycle_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"signpost/shared/installation"
	"signpost/shared/installation/installationtest"
	"signpost/shared/lifecycle"
	"signpost/shared/schedule"
	"signpost/shared/secret/sealing"
	"signpost/shared/webex"
	"signpost/shared/webex/webextest"
)

func TestInSyncCostsTwoGETs(t *testing.T) {
	w := activatedWorld(t)
	w.pass(66 * time.Minute)
	w.wantReport(w.verifyDue(), schedule.Report{Verified: 1})
	if got := len(w.calls()); got != 2 || w.count(webextest.KindSignage, "GET") != 1 || w.count(webextest.KindPWA, "GET") != 1 {
		t.Errorf("calls = %v, want one GET per feature", w.calls())
	}
	w.wantReport(w.verifyDue(), schedule.Report{}) // not due again at once
}

// The reply to a PATCH is lost and PUBLIC_URL changed back: which address Webex has is
// unknown, so it is registered again.
func TestRegistrationOfUnknownOutcome(t *testing.T) {
	w := activatedWorld(t)
	w.settings.PublicURL = "https://new.vendor.example"
	w.fault(webextest.Fault{Kind: webextest.KindApp, Method: "PATCH", LoseReply: true, Times: 1})
	w.pass(66 * time.Minute)
	w.wantReport(w.verifyDue(), schedule.Report{Pushed: 2, Failed: 1})
	if row, _ := w.stored(); row.RegisteredActionsURL != "" {
		t.Errorf("the row says that %q is registered", row.RegisteredActionsURL)
	}
	w.settings.PublicURL = ""
	w.pass(66 * time.Minute)
	w.verifyDue()
	view, _ := w.cloud.Installation(w.org.ID())
	if row, _ := w.stored(); view.ActionsURL != base+"/actions" || row.RegisteredActionsURL != view.ActionsURL {
		t.Errorf("Webex has %q, the row says %q, want %s/actions", view.ActionsURL, row.RegisteredActionsURL, base)
	}
}

// A look finds a difference, and the worker that claims the row checks again; a
// difference known without asking Webex costs no additional call.
func TestVerifyRepairs(t *testing.T) {
	tests := map[string]struct {
		prepare func(w *world)
		want    schedule.Report
		calls   int // at Webex, at most
		spared  int // calls that it may save, depending on which feature is asked for first
	}{
		"configuration gone": {func(w *world) { w.cloud.DeleteConfiguration(w.org.ID(), string(webex.DigitalSignage)) },
			schedule.Report{Verified: 1, Pushed: 1}, 4, 0},
		"configuration altered": {func(w *world) {
			w.cloud.SetConfiguration(w.org.ID(), string(webex.PersistentWebApp), map[string]any{"pwaUrl": "https://other.example"})
		}, schedule.Report{Verified: 1, Pushed: 1}, 5, 0},
		"SIGNAGE_URL changed": {func(w *world) { w.provide(webex.DigitalSignage, lifecycle.Content{DeviceURL: signage + "&new"}) },
			schedule.Report{Verified: 1, Pushed: 1}, 3, 0},
		"allow list added": {func(w *world) {
			w.provide(webex.PersistentWebApp, lifecycle.Content{DeviceURL: webApp, XAPIAllowList: "*.vendor.example"})
		}, schedule.Report{Verified: 1, Pushed: 1}, 3, 0},
		"PUBLIC_URL changed": {func(w *world) { w.settings.PublicURL = "https://new.vendor.example" },
			schedule.Report{Verified: 1, Pushed: 2}, 5, 0},
		"feature dropped": {func(w *world) { delete(w.settings.Provided, webex.PersistentWebApp) },
			schedule.Report{Verified: 1, Deleted: 1}, 3, 0},
		"access token refused": {func(w *world) { w.cloud.RevokeAccessTokens(w.org.ID()) },
			schedule.Report{Verified: 1}, 6, 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := activatedWorld(t)
			test.prepare(w)
			w.pass(66 * time.Minute)
			if report := w.verifyDue(); report != test.want {
				t.Errorf("report = %+v, want %+v", report, test.want)
			}
			if got := w.calls(); len(got) > test.calls || len(got) < test.calls-test.spared {
				t.Errorf("calls = %v, want %d", got, test.calls)
			}
			w.inSync()
			w.sealedNewest()
			view, _ := w.cloud.Installation(w.org.ID())
			if want := orElse(w.settings.PublicURL, base) + "/actions"; view.ActionsURL != want {
				t.Errorf("actionsUrl = %q, want %q", view.ActionsURL, want)
			}
			w.cloud.ResetRequests()
			w.wantReport(w.verifyNow(), schedule.Report{Verified: 1}) // once more, and nothing changes
		})
	}
}

func orElse(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func TestDroppedFeatureIsNotAskedForAgain(t *testing.T) {
	w := activatedWorld(t)
	delete(w.settings.Provided, webex.PersistentWebApp)
	w.verifyNow()
	w.cloud.ResetRequests()
	w.verifyNow()
	w.wantCount(webextest.KindPWA, "GET", 0) // it is not provided
	w.provide(webex.PersistentWebApp, lifecycle.Content{DeviceURL: webApp})
	w.wantReport(w.verifyNow(), schedule.Report{Verified: 1, Pushed: 1}) // provided again
}

// A region that the customer has left says that it stores nothing. If both moves of a
// customer who comes back are lost, that is no reason never to ask again.
func TestNothingStoredByTheRegionThatWasLeft(t *testing.T) {
	w := activatedWorld(t)
	home := w.org.Region()
	w.minted(w.cloud.MintMove(w.org.ID(), elsewhere, webextest.MoveOptions{}))
	delete(w.settings.Provided, webex.PersistentWebApp)
	w.verifyNow()
	row, _ := w.stored()
	if row.Schedule.Failures == 0 {
		t.Fatalf("verified in the region that was left: %+v", row.Schedule)
	}
	w.minted(w.cloud.MintMove(w.org.ID(), home, webextest.MoveOptions{}))
	w.pass(time.Hour)
	w.verifyNow()
	w.inSync()
}

// Webex reads back a configuration differently, whatever is PUT.
func TestEndlessDriftIsHeld(t *testing.T) {
	w := activatedWorld(t)
	w.cloud.SetReadback(func(feature string, stored map[string]any) map[string]any {
		if feature == string(webex.DigitalSignage) {
			stored["signageUrl"] = stored["signageUrl"].(string) + "&normalized"
		}
		return stored
	})
	pushesAfter := func(verifications int) int {
		before := w.pushes(webex.DigitalSignage)
		for range verifications {
			w.pass(time.Hour)
			w.verifyNow()
		}
		return w.pushes(webex.DigitalSignage) - before
	}
	if got := pushesAfter(2); got != 2 {
		t.Errorf("first two finds: %d pushes, want 2", got)
	}
	if got := pushesAfter(1); got != 0 {
		t.Errorf("third find: %d pushes, want none", got)
	}
	if got := pushesAfter(24); got < 1 || got > 4 {
		t.Errorf("a day: %d pushes, want a few with growing distance", got)
	}
	w.cloud.DeleteConfiguration(w.org.ID(), string(webex.DigitalSignage))
	if got := pushesAfter(1); got != 1 {
		t.Errorf("an absent configuration: %d pushes, want it put back at once", got)
	}
	w.pass(time.Hour)
	w.verifyNow()
	w.cloud.SetReadback(nil)
	w.pass(time.Hour)
	w.verifyNow()
	if row, _ := w.stored(); row.Features[webex.DigitalSignage].Status != installation.InSync || row.Features[webex.DigitalSignage].DriftCount != 0 {
		t.Errorf("feature = %+v", row.Features[webex.DigitalSignage])
	}
}

func TestFailuresBackOff(t *testing.T) {
	w := activatedWorld(t)
	w.fault(webextest.Fault{Status: 500})
	w.pass(66 * time.Minute)
	for _, want := range []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 16 * time.Minute, 32 * time.Minute, time.Hour, time.Hour} {
		w.wantReport(w.verifyDue(), schedule.Report{Failed: 1})
		row, _ := w.stored()
		if got := row.Schedule.DueAt.Sub(w.clock()); got != want {
			t.Errorf("failure %d: due after %v, want %v", row.Schedule.Failures, got, want)
		}
		w.pass(want)
	}
	w.provide(webex.DigitalSignage, lifecycle.Content{DeviceURL: signage + "&new"})
	w.verifyDue()
	if row, _ := w.stored(); row.Schedule.Failures != 1 {
		t.Errorf("after a change of settings: %d failures, want a new count", row.Schedule.Failures)
	}
	w.cloud.ClearFaults()
	w.pass(30 * time.Second)
	w.verifyDue()
	if row, _ := w.stored(); row.Schedule.Failures != 0 {
		t.Errorf("after a success: %d failures", row.Schedule.Failures)
	}
	w.inSync()
}

func TestFirstBackOff(t *testing.T) {
	for name, test := range map[string]struct {
		interval time.Duration
		fault    webextest.Fault
		want     time.Duration
	}{
		"short interval": {time.Second, webextest.Fault{Status: 500}, time.Second},
		"Retry-After":    {time.Hour, webextest.Fault{Kind: webextest.KindSignage, Status: 429, RetryAfter: "600"}, 10 * time.Minute},
	} {
		w := activatedWorld(t)
		w.settings.VerifyInterval = test.interval
		w.fault(test.fault)
		w.verifyNow()
		if row, _ := w.stored(); row.Schedule.DueAt.Sub(w.clock()) != test.want {
			t.Errorf("%s: due after %v, want %v", name, row.Schedule.DueAt.Sub(w.clock()), test.want)
		}
	}
}

func TestDeadRefreshToken(t *testing.T) {
	w := activatedWorld(t)
	w.wantReport(w.loseAccess(), schedule.Report{Failed: 1})
	row, _ := w.stored()
	if row.State != installation.TokenInvalid || !row.Exists() || row.TokenHealth(w.clock()) != installation.TokensInvalid {
		t.Errorf("row = %+v", row)
	}
	if !strings.Contains(w.log.text(), `"outcome":"token_invalid"`) {
		t.Error("the log does not say so")
	}
	w.pass(23 * time.Hour)
	w.cloud.ResetRequests()
	if report := w.verifyDue(); report != (schedule.Report{}) || len(w.calls()) != 0 {
		t.Errorf("a dead token is tried again within a day: %+v, %v", report, w.calls())
	}
	w.activateOrg(w.org)
	w.wantState(installation.Active)
	w.inSync()
}

// An action that brings no token leaves nothing to do at Webex: the row is not leased.
func TestActionForADeadInstallationLeasesNothing(t *testing.T) {
	w := activatedWorld(t)
	w.loseAccess()
	w.wantState(installation.TokenInvalid)
	wantErr(t, w.act(w.minted(w.cloud.MintUpdateApproved(w.org.ID(), nil))), nil)
	row, _ := w.stored()
	if row.Work.Held(w.clock()) || row.Schedule.DueAt.After(w.clock()) {
		t.Errorf("leased by %q, due at %v", row.Work.Owner, row.Schedule.DueAt)
	}
}

func TestDeadInstallationIsRemovedAfter90Days(t *testing.T) {
	w := activatedWorld(t)
	w.loseAccess()
	w.pass(installation.TokenInvalidLife - time.Minute)
	w.verifyDue()
	w.wantState(installation.TokenInvalid) // a minute too early
	w.pass(time.Minute)
	w.verifyDue()
	if row, _ := w.stored(); row.Exists() {
		t.Errorf("state = %s", row.State)
	}
	if table := w.tableBytes(); strings.Contains(table, w.cloud.BaseURL()) || strings.Contains(table, "Acme") {
		t.Error("the tombstone holds URLs or the name")
	}
}

func TestBadInstallationDoesNotStopOthers(t *testing.T) {
	w := activatedWorld(t)
	good := w.more(1)[0]
	row, _ := w.stored()
	row.Tokens.Access = []byte("not sealed by anybody")
	w.save(row)
	w.cloud.DeleteConfiguration(good.ID(), string(webex.DigitalSignage))
	w.pass(66 * time.Minute)
	w.wantReport(w.verifyDue(), schedule.Report{Verified: 1, Pushed: 1, Failed: 1})
}

func TestRotatedRefreshTokenIsKept(t *testing.T) {
	w := activatedWorld(t)
	w.cloud.SetRotateRefreshTokens(true)
	for range 4 {
		w.pass(20 * time.Hour)
		w.wantReport(w.verifyDue(), schedule.Report{Verified: 1})
		w.sealedNewest()
	}
	w.wantCount(webextest.KindToken, "POST", 4) // one per lapsed access token
}

func TestManyWorkersOneTokenRequest(t *testing.T) {
	w := activatedWorld(t)
	w.pass(20 * time.Hour)
	token := w.healthCheck()
	var wait sync.WaitGroup
	for range 16 {
		wait.Go(func() {
			if got, err := w.service().CheckHealth(t.Context(), token); err != nil || got.OperationalState != lifecycle.Operational {
				t.Errorf("health = %+v, %v", got, err)
			}
		})
	}
	wait.Wait()
	w.wantCount(webextest.KindToken, "POST", 1)
}

func TestOverlappingRunsShareTheWork(t *testing.T) {
	w := activatedWorld(t)
	w.more(20)
	w.pass(66 * time.Minute)
	w.cloud.ResetRequests()
	var wait sync.WaitGroup
	reports := make([]schedule.Report, 3)
	for i := range reports {
		wait.Go(func() { reports[i] = w.verifyDue() })
	}
	wait.Wait()
	if sum := reports[0].Verified + reports[1].Verified + reports[2].Verified; sum != 21 {
		t.Errorf("%d verified in all, want 21: %+v", sum, reports)
	}
	if got := len(w.calls()); got != 42 {
		t.Errorf("%d calls, want two per installation", got)
	}
}

func TestRunWithoutTimeLeavesTheRest(t *testing.T) {
	w := activatedWorld(t)
	w.pass(66 * time.Minute)
	w.verifyDue() // from now on it is known how many there are
	w.pass(66 * time.Minute)
	report, err := schedule.New(w.service(), w.store).VerifyDue(t.Context(), schedule.Run{Concurrency: 1, Until: w.clock()})
	if err != nil || report != (schedule.Report{Left: 1}) {
		t.Errorf("report = %+v, %v", report, err)
	}
	w.wantReport(w.verifyDue(), schedule.Report{Verified: 1})
}

func TestKeysetRotationReseals(t *testing.T) {
	w := activatedWorld(t)
	before, _ := w.stored()
	document, err := sealing.RotateDocument(w.keys.document)
	w.keys.use(t, document, err)
	w.verifyNow()
	after, _ := w.stored()
	if w.keys.sealer.Stale(after.Tokens.Refresh) || !w.keys.sealer.Stale(before.Tokens.Refresh) {
		t.Error("the refresh token is not sealed by the new primary key")
	}
	if w.keys.sealer.Stale(after.Tokens.Access) {
		t.Error("the access token is not sealed by the new primary key")
	}
	w.sealedNewest()
}

func TestWithdraw(t *testing.T) {
	tests := map[string]struct {
		prepare func(w *world)
		err     error
		exists  bool // afterwards, here
	}{
		"as it should be":    {func(*world) {}, nil, false},
		"dead tokens":        {func(w *world) { w.cloud.RevokeRefreshToken(w.org.ID()); w.pass(20 * time.Hour) }, nil, false},
		"gone at Webex":      {func(w *world) { w.fault(webextest.Fault{Kind: webextest.KindApp, Status: 404}) }, nil, false},
		"Webex down":         {func(w *world) { w.fault(webextest.Fault{Kind: webextest.KindApp, Status: 503}) }, webex.ErrUnavailable, true},
		"token endpoint too": {func(w *world) { w.pass(20 * time.Hour); w.fault(webextest.Fault{Status: 503}) }, webex.ErrUnavailable, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := activatedWorld(t)
			test.prepare(w)
			wantErr(t, w.service().Withdraw(t.Context(), installationtest.Key(w.org.ID())), test.err)
			row, _ := w.stored()
			if row.Exists() != test.exists {
				t.Errorf("state = %s", row.State)
			}
			if test.exists {
				return
			}
			wantErr(t, w.service().Withdraw(t.Context(), installationtest.Key(w.org.ID())), installation.ErrNotFound)
			w.cloud.ClearFaults()
			w.pass(time.Second)
			w.activateOrg(w.org)
			w.inSync()
		})
	}
}

func TestVerifyNowCountsUnknownOrganizations(t *testing.T) {
	w := activatedWorld(t)
	report, err := schedule.New(w.service(), w.store).VerifyNow(t.Context(), []string{"nobody", w.org.Sub()})
	if err != nil || report != (schedule.Report{Verified: 1, Failed: 1}) {
		t.Errorf("report = %+v, %v", report, err)
	}
	if !strings.Contains(w.log.text(), "nobody") {
		t.Error("the log does not name the unknown organization")
	}
}

func TestRunRefusesUnknownShards(t *testing.T) {
	w := activatedWorld(t)
	for _, shard := range []int{-1, installation.Shards} {
		if _, err := schedule.New(w.service(), w.store).VerifyDue(t.Context(), schedule.Run{Shards: []int{shard}, Concurrency: 1}); err == nil {
			t.Errorf("shard %d is taken", shard)
		}
	}
}

func TestManifestThatDropsAFeature(t *testing.T) {
	w := activatedWorld(t)
	w.pass(time.Minute)
	wantErr(t, w.act(w.minted(w.cloud.MintUpdateApproved(w.org.ID(), []string{string(webex.DigitalSignage)}))), nil)
	row, _ := w.stored()
	if row.Features[webex.PersistentWebApp].Endpoint != "" || row.Features[webex.DigitalSignage].Status != installation.InSync {
		t.Errorf("features = %+v", row.Features)
	}
	w.wantReport(w.verifyNow(), schedule.Report{Verified: 1})
	w.pass(time.Minute)
	wantErr(t, w.act(w.minted(w.cloud.MintUpdateApproved(w.org.ID(), []string{string(webex.DigitalSignage), string(webex.PersistentWebApp)}))), nil)
	if row, _ := w.stored(); row.Features[webex.PersistentWebApp].Status != installation.InSync {
		t.Errorf("offered again: %+v", row.Features)
	}
}
