package lifecycle_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"signpost/shared/installation"
	"signpost/shared/lifecycle"
	"signpost/shared/secret"
	"signpost/shared/webex"
	"signpost/shared/webex/webextest"
)

// narrowWorld has a customer who was offered digital signage only.
func narrowWorld(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.cloud = webextest.NewServer(t, webextest.Options{Now: w.clock, Features: []string{webextest.DigitalSignage}})
	w.org = w.cloud.AddOrganization("Acme", home)
	w.keys.client, w.settings.ClientID = secret.New(w.cloud.ClientSecret()), w.cloud.ClientID()
	urls, err := webex.KeySetURLs(webex.DefaultRegions, w.cloud.JWKSURLs())
	if err != nil {
		t.Fatal(err)
	}
	hosts, err := webex.ParseHosts("127.0.0.1", true)
	if err != nil {
		t.Fatal(err)
	}
	if w.verifier, err = webex.NewVerifier(w.cloud.AppID(), webex.NewKeySets(urls, http.DefaultTransport, w.clock), hosts, w.clock); err != nil {
		t.Fatal(err)
	}
	if _, err := w.activate(w.code()); err != nil {
		t.Fatal(err)
	}
	return w
}

// TestALostApprovalIsNoticed: by comparing Webex's record with ours once a day,
// where a feature that we provide is not offered.
func TestALostApprovalIsNoticed(t *testing.T) {
	w := narrowWorld(t)
	w.cloud.ResetRequests()
	w.hours(70)
	if got := w.count(webextest.KindApp, "GET"); got < 2 || got > 4 {
		t.Errorf("Webex's record was read %d times in some three days", got)
	}
	if w.lines("app differs") != 0 || w.healthy().OperationalState != lifecycle.Operational {
		t.Errorf("a feature that nobody approved is missed: %+v", w.healthy())
	}
	lost := w.minted(w.cloud.MintUpdateApproved(w.org.ID(), []string{webextest.DigitalSignage, webextest.PersistentWebApp}))
	var notices []string
	for range 50 {
		before, _ := w.stored()
		w.hours(1)
		if row, _ := w.stored(); row.Version == before.Version {
			continue
		}
		if notice := w.notice(); notice != "" {
			notices = append(notices, notice)
		}
	}
	row, _ := w.stored()
	if !strings.Contains(row.App.Difference, "persistent_web_app") || row.App.Since.IsZero() {
		t.Errorf("app = %+v", row.App)
	}
	if !strings.Contains(w.log.text(), `"level":"WARN","msg":"app differs","org":"`+w.org.ID()+`","outcome":"feature_unavailable"`) {
		t.Error("the log does not say so")
	}
	if len(notices) != 1 || notices[0] != "feature.unavailable" {
		t.Errorf("notices = %v", notices)
	}
	if health := w.healthy(); health.OperationalState != lifecycle.Impaired || health.TokensState != lifecycle.TokensValid {
		t.Errorf("health = %+v", health)
	}
	if after, _ := w.stored(); after.Version != row.Version {
		t.Error("each health check brings a verification forward, which mends nothing")
	}
	_ = lost // for good: another approval is what helps
	if err := w.act(w.minted(w.cloud.MintUpdateApproved(w.org.ID(), []string{webextest.DigitalSignage, webextest.PersistentWebApp}))); err != nil {
		t.Fatal(err)
	}
	if row, _ := w.stored(); row.App != (installation.AppCheck{}) || w.healthy().OperationalState != lifecycle.Operational {
		t.Errorf("approved again: %+v, %+v", row.App, w.healthy())
	}
	w.inSync()
}

// TestAnAppThatCannotBeReadFailsNothing.
func TestAnAppThatCannotBeReadFailsNothing(t *testing.T) {
	w := narrowWorld(t)
	w.fault(webextest.Fault{Kind: webextest.KindApp, Status: 403})
	w.cloud.ResetRequests()
	w.hours(60)
	row, _ := w.stored()
	if row.Schedule.Failures != 0 || row.Schedule.LastResult != "in_sync" {
		t.Errorf("%+v", row.Schedule)
	}
	if got := w.count(webextest.KindApp, "GET"); got < 1 || got > 3 {
		t.Errorf("asked %d times", got)
	}
}

// TestALostMoveIsNoticed: by what the new region signs, which is refused. It is
// written down once a day.
func TestALostMoveIsNoticed(t *testing.T) {
	w := activatedWorld(t)
	if _, err := w.cloud.MintMove(w.org.ID(), elsewhere, webextest.MoveOptions{}); err != nil {
		t.Fatal(err)
	}
	before, _ := w.stored()
	for range 5 {
		token := w.verified(w.minted(w.cloud.MintAction(w.org.ID(), "healthCheck", nil)))
		if _, err := w.service().CheckHealth(t.Context(), token); !errors.Is(err, installation.ErrWrongRegion) {
			t.Errorf("health check: %v", err)
		}
	}
	after, _ := w.stored()
	if after.SignedElsewhere.Region != elsewhere || after.Version != before.Version+1 {
		t.Errorf("signed elsewhere %+v, %d writes", after.SignedElsewhere, after.Version-before.Version)
	}
	want := `"level":"WARN","msg":"wrong region","org":"` + w.org.ID() + `","outcome":"wrong_region","action":"healthCheck","region":"` + home + `","key_region":"` + elsewhere + `"`
	if got := strings.Count(w.log.text(), want); got != 5 {
		t.Errorf("%d lines say so", got)
	}
	w.pass(25 * time.Hour)
	wantErr(t, w.act(w.minted(w.cloud.MintUpdateApproved(w.org.ID(), nil))), installation.ErrWrongRegion)
	if again, _ := w.stored(); !again.SignedElsewhere.At.After(after.SignedElsewhere.At) {
		t.Error("a day later it is not written again")
	}
}
