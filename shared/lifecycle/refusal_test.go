package lifecycle_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"signpost/shared/installation"
	"signpost/shared/lifecycle"
	"signpost/shared/schedule"
	"signpost/shared/secret"
	"signpost/shared/webex"
	"signpost/shared/webex/webextest"
)

// The OAuth client of another upload of the manifest, which webextest knows: it gets
// 400 invalid_grant for each refresh token of ours (RFC 6749, 5.2).
const (
	strangerID     = "Cstranger0d9e84c07b5a6f0e1d2c3b4a59687f6e5d4c3b2a1908f7e6d5c4b3a"
	strangerSecret = "simulated-secret-of-a-stranger"
)

// mistake deploys another upload's client, and returns the correction.
func (w *world) mistake() (fix func()) {
	id, client := w.settings.ClientID, w.keys.client
	w.settings.ClientID, w.keys.client = strangerID, secret.New(strangerSecret)
	return func() { w.settings.ClientID, w.keys.client = id, client }
}

// more activates further customers.
func (w *world) more(count int) []*webextest.Organization {
	w.t.Helper()
	var orgs []*webextest.Organization
	for n := range count {
		org := w.cloud.AddOrganization(fmt.Sprint("Customer ", n), home)
		w.activateOrg(org)
		orgs = append(orgs, org)
	}
	return orgs
}

func (w *world) state(org *webextest.Organization) installation.State {
	w.t.Helper()
	row, _ := w.storedOf(org)
	return row.State
}

// hours runs the schedule once an hour.
func (w *world) hours(count int) {
	for range count {
		w.pass(time.Hour + 6*time.Minute)
		w.verifyDue()
	}
}

// lines counts the log's lines with this message.
func (w *world) lines(message string) int {
	return strings.Count(w.log.text(), `"msg":"`+message+`"`)
}

func (w *world) healthy() lifecycle.Health {
	w.t.Helper()
	health, err := w.service().CheckHealth(w.t.Context(), w.healthCheck())
	w.must(err)
	return health
}

// TestWrongClientIsForgiven tests that a wrong client id invalidates a customer, and
// that the first look after the correction reactivates it.
func TestWrongClientIsForgiven(t *testing.T) {
	w := activatedWorld(t)
	fix := w.mistake()
	w.pass(19 * time.Hour)
	w.verifyDue()
	if got := w.state(w.org); got != installation.TokenInvalid {
		t.Fatalf("with the wrong client: state %s", got)
	}
	w.cloud.ResetRequests()
	w.hours(10)
	if tries := w.count(webextest.KindToken, "POST"); tries != 0 {
		t.Errorf("%d tries in less than a day, with nothing changed", tries)
	}
	fix()
	w.hours(1)
	row, _ := w.stored()
	if row.State != installation.Active || !row.Tokens.InvalidSince.IsZero() || row.Schedule.LastResult != "in_sync" {
		t.Errorf("corrected: state %s, invalid since %v, last result %s", row.State, row.Tokens.InvalidSince, row.Schedule.LastResult)
	}
	if w.lines("reactivated") != 1 || w.lines("token_invalid") != 1 {
		t.Errorf("%d lines reactivated, %d token_invalid, want one each", w.lines("reactivated"), w.lines("token_invalid"))
	}
	w.inSync()
	w.sealedNewest()
}

// TestRefusedTokenIsTriedAgain tests the retry once a day, and all other reasons for one.
func TestRefusedTokenIsTriedAgain(t *testing.T) {
	answers := webextest.Fault{Kind: webextest.KindToken, Status: 400, Body: `{"error":"invalid_grant"}`, ContentType: "application/json"}
	refused := func(t *testing.T) *world {
		w := activatedWorld(t)
		w.alone()
		w.fault(answers)
		w.pass(19 * time.Hour)
		w.verifyDue()
		w.hours(3)
		w.cloud.ClearFaults()
		w.cloud.ResetRequests()
		if got := w.state(w.org); got != installation.TokenInvalid {
			t.Fatalf("refused: state %s", got)
		}
		return w
	}
	for name, back := range map[string]func(w *world){
		"after a day": func(w *world) { w.hours(21) },
		"a setting changed": func(w *world) {
			w.provide(webex.DigitalSignage, lifecycle.Content{DeviceURL: signage + "&v=2"})
			w.hours(1)
		},
		"verify command":      func(w *world) { w.verifyNow() },
		"health check":        func(w *world) { w.healthy(); w.pass(time.Second); w.verifyDue() },
		"Webex sent a change": func(w *world) { _ = w.act(w.minted(w.cloud.MintAction(w.org.ID(), "update", nil))); w.hours(1) },
	} {
		t.Run(name, func(t *testing.T) {
			w := refused(t)
			back(w)
			if got := w.state(w.org); got != installation.Active {
				t.Fatalf("state %s", got)
			}
			w.inSync()
			if health := w.healthy(); health.OperationalState != lifecycle.Operational {
				t.Errorf("health %+v", health)
			}
		})
	}
	t.Run("and refused again", func(t *testing.T) {
		w := refused(t)
		w.fault(answers)
		before, _ := w.stored()
		w.hours(44)
		after, _ := w.stored()
		if tries := w.count(webextest.KindToken, "POST"); tries != 2 || w.lines("token_invalid") != 1 {
			t.Errorf("%d tries in two days, %d lines", tries, w.lines("token_invalid"))
		}
		if after.Tokens.InvalidSince != before.Tokens.InvalidSince {
			t.Error("each try postpones the removal")
		}
		for range 100 {
			w.healthy()
		}
		if tries := w.count(webextest.KindToken, "POST"); tries != 3 {
			t.Errorf("%d tries by 100 health checks at once", tries-2)
		}
		w.pass(after.Tokens.InvalidSince.Add(installation.TokenInvalidLife).Sub(w.clock()))
		w.verifyDue()
		if row, _ := w.stored(); row.Exists() {
			t.Errorf("after 90 days: %s", row.State)
		}
	})
}

// TestSeveralRefusalsAreSuspected tests that a wrong client leaves nobody invalidated,
// including those refused before there was a suspicion.
func TestSeveralRefusalsAreSuspected(t *testing.T) {
	w := activatedWorld(t)
	orgs := append(w.more(5), w.org)
	fix := w.mistake()
	w.pass(19 * time.Hour)
	w.verifyDue()
	w.hours(2)
	for _, org := range orgs {
		row, _ := w.storedOf(org)
		if row.State != installation.Active || row.Tokens.RefusedSince.IsZero() || row.Schedule.Failures == 0 {
			t.Errorf("with the wrong client: %s, refused since %v, %d failures", row.State, row.Tokens.RefusedSince, row.Schedule.Failures)
		}
	}
	if got := w.lines("token_invalid"); got != 2 {
		t.Errorf("%d were invalidated before there was a suspicion, want 2", got)
	}
	if !strings.Contains(w.log.text(), `"level":"ERROR","msg":"refusals suspected"`) || !strings.Contains(w.log.text(), `"outcome":"held","organizations":3`) {
		t.Errorf("no such line:\n%s", w.log.text())
	}
	fix()
	w.hours(2)
	for _, org := range orgs {
		if row, _ := w.storedOf(org); row.State != installation.Active || row.Schedule.LastResult != "in_sync" || !row.Tokens.RefusedSince.IsZero() {
			t.Errorf("corrected: %s, %s, refused since %v", row.State, row.Schedule.LastResult, row.Tokens.RefusedSince)
		}
	}
	w.inSync()
}

// TestSuccessConfirmsRefusals tests that refusals of three customers count once another
// customer's token is accepted.
func TestSuccessConfirmsRefusals(t *testing.T) {
	w := activatedWorld(t)
	dead := w.more(3)
	w.pass(19 * time.Hour)
	for _, org := range dead {
		w.cloud.RevokeRefreshToken(org.ID())
		_, err := schedule.New(w.service(), w.store).VerifyNow(t.Context(), []string{org.ID()})
		w.must(err)
	}
	if got := w.state(dead[2]); got != installation.Active || w.lines("refusals suspected") != 1 {
		t.Fatalf("the third in a row: %s, %d lines", got, w.lines("refusals suspected"))
	}
	w.hours(3) // in which w.org's token is accepted
	for n, org := range dead {
		if got := w.state(org); got != installation.TokenInvalid {
			t.Errorf("customer %d: %s", n, got)
		}
	}
	if got := w.state(w.org); got != installation.Active {
		t.Errorf("the one whose token is good: %s", got)
	}
	if refusals, err := w.store.Refusals(t.Context(), w.settings.ClientID); err != nil || len(refusals.Organizations) != 0 {
		t.Errorf("left in a row: %v, %v", refusals.Organizations, err)
	}
}

// TestUnspecificRejection tests answers 400 that may mean `invalid_grant`: one proves
// nothing, a day of them counts as a refusal.
func TestUnspecificRejection(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		body   string
		want   installation.State
	}{
		"an identity broker's":   {400, `{"error":"invalid_request","error_description":"The refresh token provided is expired."}`, installation.TokenInvalid},
		"Webex's usual form":     {400, `{"message":"Invalid refresh token","errors":[],"trackingId":"ROUTER_1"}`, installation.TokenInvalid},
		"our client's own fault": {400, `{"error":"unauthorized_client"}`, installation.Active},
		"a wrong secret":         {401, `{"error":"invalid_client"}`, installation.Active},
		"forbidden":              {403, `{"message":"Forbidden"}`, installation.Active},
	} {
		t.Run(name, func(t *testing.T) {
			w := activatedWorld(t)
			w.alone()
			w.fault(webextest.Fault{Kind: webextest.KindToken, Status: test.status, Body: test.body, ContentType: "application/json"})
			w.pass(19 * time.Hour)
			w.verifyDue()
			w.hours(20)
			if got := w.state(w.org); got != installation.Active {
				t.Errorf("within a day: %s", got)
			}
			if want := fmt.Sprintf(`"webex_status":%d`, test.status); !strings.Contains(w.log.text(), want) {
				t.Errorf("no line has %s", want)
			}
			w.hours(4)
			if got := w.state(w.org); got != test.want {
				t.Errorf("after a day: %s, want %s", got, test.want)
			}
			w.cloud.ClearFaults()
			w.hours(24)
			if row, _ := w.stored(); row.State != installation.Active || !row.Tokens.RejectedSince.IsZero() {
				t.Errorf("corrected: %s, rejected since %v", row.State, row.Tokens.RejectedSince)
			}
		})
	}
}

// TestWrongSecretIsLogged with the fields that an alarm counts.
func TestWrongSecretIsLogged(t *testing.T) {
	w := activatedWorld(t)
	w.keys.client = secret.New("mistyped")
	w.pass(19 * time.Hour)
	w.verifyDue()
	if !strings.Contains(w.log.text(), `"webex_status":401,"webex_code":"invalid_client"`) {
		t.Errorf("no line says so:\n%s", w.log.text())
	}
}
