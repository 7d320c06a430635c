package lifecycle_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"signpost/shared/installation"
	"signpost/shared/lifecycle"
	"signpost/shared/schedule"
	"signpost/shared/secret"
	"signpost/shared/webex"
	"signpost/shared/webex/webextest"
)

func (w *world) calls() []string {
	var calls []string
	for _, request := range w.cloud.Requests() {
		if request.Kind != webextest.KindJWKS {
			calls = append(calls, request.Method+" "+request.Kind)
		}
	}
	return calls
}

func TestFirstActivation(t *testing.T) {
	w := newWorld(t)
	token := w.verified(w.code())
	var storedBefore sync.Once
	w.cloud.OnRequest(func(webextest.Request) {
		storedBefore.Do(func() {
			w.wantCandidates(1) // at the first call to Webex
		})
	})
	got, err := w.service().Activate(t.Context(), token, base)
	w.cloud.OnRequest(nil)
	wantErr(t, err, nil)
	if got.State != installation.Active || got.OrgID != w.org.Sub() || got.AppID != w.cloud.AppID() ||
		got.Features[webex.DigitalSignage] != installation.InSync || got.Features[webex.PersistentWebApp] != installation.InSync {
		t.Errorf("answer = %+v", got)
	}
	calls := w.calls()
	slices.Sort(calls[2:])
	if want := []string{"POST token", "PATCH app", "PUT pwa", "PUT signage"}; !slices.Equal(calls, want) {
		t.Errorf("calls = %v, want %v", calls, want)
	}
	view, _ := w.cloud.Installation(w.org.ID())
	if view.ProvisioningState != "completed" || view.ActionsURL != base+"/actions" {
		t.Errorf("registered: %q, %q", view.ProvisioningState, view.ActionsURL)
	}
	w.inSync()
	w.sealedNewest()
	w.wantCandidates(0)
}

func TestRepeatedActivationDoesNothing(t *testing.T) {
	w := newWorld(t)
	code := w.code()
	first, err := w.activate(code)
	wantErr(t, err, nil)
	w.cloud.ResetRequests()
	again, err := w.activate(code)
	wantErr(t, err, nil)
	if again.State != first.State || again.Features[webex.DigitalSignage] != installation.InSync {
		t.Errorf("second answer = %+v, first %+v", again, first)
	}
	if calls := w.calls(); len(calls) != 0 {
		t.Errorf("calls = %v, want none", calls)
	}
}

func TestActivationThatWebexHalfAnswered(t *testing.T) {
	tests := map[string]struct {
		fault    webextest.Fault
		err      error
		features installation.FeatureStatus // answered, where there is no error
	}{
		"token endpoint down":    {webextest.Fault{Kind: webextest.KindToken, Status: 503}, webex.ErrUnavailable, ""},
		"token throttled":        {webextest.Fault{Kind: webextest.KindToken, Status: 429, RetryAfter: "20"}, webex.ErrUnavailable, ""},
		"token reply lost":       {webextest.Fault{Kind: webextest.KindToken, LoseReply: true}, webex.ErrUnavailable, ""},
		"PATCH down":             {webextest.Fault{Kind: webextest.KindApp, Status: 500}, webex.ErrUnavailable, ""},
		"PATCH refused":          {webextest.Fault{Kind: webextest.KindApp, Status: 400}, webex.ErrRejected, ""},
		"configurations down":    {webextest.Fault{Method: "PUT", Status: 502}, nil, installation.Pending},
		"configurations refused": {webextest.Fault{Method: "PUT", Status: 403}, nil, installation.Pending},
		"PUT replies lost":       {webextest.Fault{Method: "PUT", LoseReply: true}, nil, installation.Pending},
	}
	for name, test := range tests {
		for _, finish := range []string{"schedule", "admin"} {
			t.Run(name+"/"+finish, func(t *testing.T) {
				w := newWorld(t)
				code := w.code()
				w.fault(test.fault)
				got, err := w.activate(code)
				wantErr(t, err, test.err)
				if err == nil && got.Features[webex.DigitalSignage] != test.features {
					t.Errorf("features = %v, want %v", got.Features, test.features)
				}
				w.cloud.ClearFaults()
				w.pass(31 * time.Second)
				if finish == "schedule" {
					if report := w.verifyDue(); report.Verified != 1 || report.Failed != 0 {
						t.Errorf("report = %+v", report)
					}
				}
				again, err := w.activate(code)
				wantErr(t, err, nil)
				if again.Features[webex.DigitalSignage] != installation.InSync || again.Features[webex.PersistentWebApp] != installation.InSync {
					t.Errorf("answer in the end = %+v", again)
				}
				w.inSync()
				w.sealedNewest()
				if test.fault.LoseReply && w.pushes(webex.DigitalSignage) != 1 {
					t.Errorf("%d pushes, want 1: a GET finds that the PUT arrived", w.pushes(webex.DigitalSignage))
				}
			})
		}
	}
}

func TestStrangersActivationChangesNothing(t *testing.T) {
	w := activatedWorld(t)
	before, _ := w.stored()
	code := w.minted(w.cloud.MintStrangerActivation(w.org.ID()))
	w.wantActivation(code, webex.ErrInvalidGrant)
	after, candidates := w.stored()
	if after.Version != before.Version || after.Generation != before.Generation {
		t.Error("the installation was touched")
	}
	if len(candidates) != 1 || !candidates[0].Refused || !candidates[0].Schedule.DueAt.IsZero() {
		t.Errorf("candidates = %+v, want one that is refused and not due", candidates)
	}
	w.pass(2 * time.Hour)
	w.cloud.ResetRequests()
	w.verifyDue()
	w.wantCount(webextest.KindToken, "POST", 0) // a refused candidate is not tried again
	w.inSync()
}

// Posting a refused code again makes no call to Webex until settings or credentials
// change.
func TestRefusedCodePostedAgain(t *testing.T) {
	w := newWorld(t)
	code := w.minted(w.cloud.MintStrangerActivation(w.org.ID()))
	post := func(requests int) {
		t.Helper()
		for range 3 {
			w.wantActivation(code, webex.ErrInvalidGrant)
		}
		w.wantCount(webextest.KindToken, "POST", requests)
	}
	post(1)
	w.provide(webex.DigitalSignage, lifecycle.Content{DeviceURL: "https://other.vendor.example/"})
	post(2) // the settings have changed
	w.settings.ClientID, w.keys.client = w.cloud.ClientID()+"0", secret.New("another")
	w.wantActivation(code, webex.ErrInvalidClient) // our fault, and tried again
	w.settings.ClientID, w.keys.client = w.cloud.ClientID(), secret.New(w.cloud.ClientSecret())
	post(4) // the client has changed, and back
}

func TestReactivationReplacesOnceProven(t *testing.T) {
	w := activatedWorld(t)
	first, _ := w.stored()
	w.cloud.SetRotateRefreshTokens(true)
	code := w.code()
	w.fault(webextest.Fault{Kind: webextest.KindToken, Status: 503, Times: 1})
	w.wantActivation(code, webex.ErrUnavailable)
	if row, candidates := w.stored(); row.Generation != first.Generation || len(candidates) != 1 {
		t.Fatal("an unproven activation replaced the installation")
	}
	w.cloud.ResetRequests()
	w.wantActivation(code, nil)
	row, candidates := w.stored()
	if row.Generation == first.Generation || len(candidates) != 0 || row.Version <= first.Version {
		t.Errorf("row = %+v, %d candidates", row, len(candidates))
	}
	w.wantCount(webextest.KindSignage, "GET", 1) // a re-activation looks first
	w.wantPushes(webex.DigitalSignage, 1)        // by the first activation
	w.sealedNewest()
}

func TestActivationOrder(t *testing.T) {
	w := newWorld(t)
	first := w.code()
	second := w.code() // in the same second
	w.pass(time.Second)
	third := w.code()
	for _, code := range []string{first, second} {
		w.wantActivation(code, nil)
	}
	w.wantActivation(first, installation.ErrReplayed) // superseded within its own second
	w.wantActivation(third, nil)
	w.wantActivation(second, installation.ErrStale)
}

func TestParallelDeliveriesOfOneCode(t *testing.T) {
	w := newWorld(t)
	token := w.verified(w.code())
	var wait sync.WaitGroup
	for range 6 {
		wait.Go(func() {
			if _, err := w.service().Activate(t.Context(), token, base); err != nil {
				t.Errorf("error = %v", err)
			}
		})
	}
	wait.Wait()
	w.wantCount(webextest.KindToken, "POST", 1)
	for _, feature := range webex.Features {
		w.wantPushes(feature, 1)
	}
}

func TestActivationOffersWhatTheTokenOffers(t *testing.T) {
	w := newWorld(t)
	delete(w.settings.Provided, webex.PersistentWebApp)
	got, err := w.activate(w.code())
	wantErr(t, err, nil)
	if len(got.Features) != 1 || got.Features[webex.DigitalSignage] != installation.InSync {
		t.Errorf("features = %v: what is not provided is not reported", got.Features)
	}

	w = newWorld(t)
	token := w.verified(w.code())
	delete(token.Endpoints, webex.PersistentWebApp)
	got, err = w.service().Activate(t.Context(), token, base)
	wantErr(t, err, nil)
	if got.Features[webex.PersistentWebApp] != installation.NotOffered || got.Features[webex.DigitalSignage] != installation.InSync {
		t.Errorf("features = %v", got.Features)
	}
}

func TestWrongClientSecretIsRetriedUntilItIsRight(t *testing.T) {
	w := newWorld(t)
	right := w.keys.client
	w.keys.client = secret.New("wrong")
	w.wantActivation(w.code(), webex.ErrInvalidClient)
	if strings.Contains(w.log.text(), right.Reveal()) {
		t.Error("the log holds the client secret")
	}
	w.keys.client = right
	w.pass(31 * time.Second)
	w.wantReport(w.verifyDue(), schedule.Report{Verified: 1, Pushed: 2})
	w.inSync()
}
