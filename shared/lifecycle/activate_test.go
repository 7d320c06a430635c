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
			if _, candidates := w.stored(); len(candidates) != 1 {
				t.Errorf("first call to Webex with %d candidates stored, want 1", len(candidates))
			}
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
	if _, candidates := w.stored(); len(candidates) != 0 {
		t.Errorf("%d candidates left", len(candidates))
	}
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
	_, err := w.activate(code)
	wantErr(t, err, webex.ErrInvalidGrant)
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
	if got := w.count(webextest.KindToken, "POST"); got != 0 {
		t.Errorf("a refused candidate was tried again %d times", got)
	}
	w.inSync()
}

// Posting a refused code again makes no call to Webex until settings or credentials
// change.
func TestRefusedCodePostedAgain(t *testing.T) {
	w := newWorld(t)
	code := w.minted(w.cloud.MintStrangerActivation(w.org.ID()))
	post := func(what string, requests int) {
		t.Helper()
		for range 3 {
			_, err := w.activate(code)
			wantErr(t, err, webex.ErrInvalidGrant)
		}
		if got := w.count(webextest.KindToken, "POST"); got != requests {
			t.Errorf("%s: %d token requests, want %d", what, got, requests)
		}
	}
	post("at first", 1)
	w.provide(webex.DigitalSignage, lifecycle.Content{DeviceURL: "https://other.vendor.example/"})
	post("settings changed", 2)
	w.settings.ClientID, w.keys.client = w.cloud.ClientID()+"0", secret.New("another")
	_, err := w.activate(code)
	wantErr(t, err, webex.ErrInvalidClient) // our fault, and tried again
	w.settings.ClientID, w.keys.client = w.cloud.ClientID(), secret.New(w.cloud.ClientSecret())
	post("client changed and back", 4)
}

func TestReactivationReplacesOnceProven(t *testing.T) {
	w := activatedWorld(t)
	first, _ := w.stored()
	w.cloud.SetRotateRefreshTokens(true)
	code := w.code()
	w.fault(webextest.Fault{Kind: webextest.KindToken, Status: 503, Times: 1})
	_, err := w.activate(code)
	wantErr(t, err, webex.ErrUnavailable)
	if row, candidates := w.stored(); row.Generation != first.Generation || len(candidates) != 1 {
		t.Fatal("an unproven activation replaced the installation")
	}
	w.cloud.ResetRequests()
	_, err = w.activate(code)
	wantErr(t, err, nil)
	row, candidates := w.stored()
	if row.Generation == first.Generation || len(candidates) != 0 || row.Version <= first.Version {
		t.Errorf("row = %+v, %d candidates", row, len(candidates))
	}
	if got := w.count(webextest.KindSignage, "GET"); got != 1 {
		t.Errorf("%d GETs, want 1: a re-activation looks first", got)
	}
	if got := w.pushes(webex.DigitalSignage); got != 1 {
		t.Errorf("%d pushes, want the first activation's only", got)
	}
	w.sealedNewest()
}

func TestActivationOrder(t *testing.T) {
	w := newWorld(t)
	first := w.code()
	second := w.code() // in the same second
	w.pass(time.Second)
	third := w.code()
	for _, code := range []string{first, second} {
		_, err := w.activate(code)
		wantErr(t, err, nil)
	}
	_, err := w.activate(first)
	wantErr(t, err, installation.ErrReplayed) // superseded within its own second
	_, err = w.activate(third)
	wantErr(t, err, nil)
	_, err = w.activate(second)
	wantErr(t, err, installation.ErrStale)
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
	if got := w.count(webextest.KindToken, "POST"); got != 1 {
		t.Errorf("%d token requests, want 1", got)
	}
	for _, feature := range webex.Features {
		if got := w.pushes(feature); got != 1 {
			t.Errorf("%s: %d pushes, want 1", feature, got)
		}
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
	_, err := w.activate(w.code())
	wantErr(t, err, webex.ErrInvalidClient)
	if strings.Contains(w.log.text(), right.Reveal()) {
		t.Error("the log holds the client secret")
	}
	w.keys.client = right
	w.pass(31 * time.Second)
	if report := w.verifyDue(); report != (schedule.Report{Verified: 1, Pushed: 2}) {
		t.Errorf("report = %+v", report)
	}
	w.inSync()
}
