package lifecycle_test

import (
	"strings"
	"testing"
	"time"

	"signpost/shared/installation"
	"signpost/shared/lifecycle"
	"signpost/shared/webex/webextest"
)

// narrowWorld has a customer who was offered digital signage only.
func narrowWorld(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, webextest.DigitalSignage)
	w.activateOrg(w.org)
	w.alone()
	return w
}

// TestLostApprovalIsDetected by comparing Webex's record with ours once a day while a
// feature that we provide is not offered.
func TestLostApprovalIsDetected(t *testing.T) {
	w := narrowWorld(t)
	w.cloud.ResetRequests()
	w.hours(70)
	if got := w.count(webextest.KindApp, "GET"); got < 2 || got > 4 {
		t.Errorf("Webex's record was read %d times in some three days", got)
	}
	if w.lines("app differs") != 0 || w.healthy().OperationalState != lifecycle.Operational {
		t.Errorf("an unapproved feature counts as missing: %+v", w.healthy())
	}
	w.minted(w.cloud.MintUpdateApproved(w.org.ID(), []string{webextest.DigitalSignage, webextest.PersistentWebApp})) // lost
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
	if !strings.Contains(w.log.text(), `"level":"WARN","msg":"app differs","org":"`+w.org.ID()+`","app":"`+w.cloud.AppID()+`","outcome":"feature_unavailable"`) {
		t.Error("the log does not say so")
	}
	if len(notices) != 1 || notices[0] != "feature.unavailable" {
		t.Errorf("notices = %v", notices)
	}
	if health := w.healthy(); health.OperationalState != lifecycle.Impaired || health.TokensState != lifecycle.TokensValid {
		t.Errorf("health = %+v", health)
	}
	if after, _ := w.stored(); after.Version != row.Version {
		t.Error("each health check brings a verification forward, which fixes nothing")
	}
	wantErr(t, w.act(w.minted(w.cloud.MintUpdateApproved(w.org.ID(), []string{webextest.DigitalSignage, webextest.PersistentWebApp}))), nil)
	if row, _ := w.stored(); row.App != (installation.AppCheck{}) || w.healthy().OperationalState != lifecycle.Operational {
		t.Errorf("approved again: %+v, %+v", row.App, w.healthy())
	}
	w.inSync()
}

func TestUnreadableAppFailsNothing(t *testing.T) {
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

// TestLostMoveIsDetected by what the new region signs, which is refused and recorded
// once a day.
func TestLostMoveIsDetected(t *testing.T) {
	w := activatedWorld(t)
	_, err := w.cloud.MintMove(w.org.ID(), elsewhere, webextest.MoveOptions{})
	w.must(err)
	before, _ := w.stored()
	for range 5 {
		_, err := w.service().CheckHealth(t.Context(), w.healthCheck())
		wantErr(t, err, installation.ErrWrongRegion)
	}
	after, _ := w.stored()
	if after.ForeignRegion.Region != elsewhere || after.Version != before.Version+1 {
		t.Errorf("signed elsewhere %+v, %d writes", after.ForeignRegion, after.Version-before.Version)
	}
	want := `"level":"WARN","msg":"wrong region","org":"` + w.org.ID() + `","app":"` + w.cloud.AppID() + `","outcome":"wrong_region","action":"healthCheck","region":"` + home + `","key_region":"` + elsewhere + `"`
	if got := strings.Count(w.log.text(), want); got != 5 {
		t.Errorf("%d lines say so", got)
	}
	w.pass(25 * time.Hour)
	wantErr(t, w.act(w.minted(w.cloud.MintUpdateApproved(w.org.ID(), nil))), installation.ErrWrongRegion)
	if again, _ := w.stored(); !again.ForeignRegion.At.After(after.ForeignRegion.At) {
		t.Error("a day later it is not recorded again")
	}
}
