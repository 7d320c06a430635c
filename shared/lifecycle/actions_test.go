package lifecycle_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"signpost/shared/installation"
	"signpost/shared/lifecycle"
	"signpost/shared/schedule"
	"signpost/shared/webex"
	"signpost/shared/webex/webextest"
)

func TestUpdateApprovedBringsAFeature(t *testing.T) {
	w := newWorld(t)
	token := w.verified(w.code())
	delete(token.Endpoints, webex.PersistentWebApp)
	_, err := w.service().Activate(t.Context(), token, base)
	w.must(err)
	w.pass(time.Minute)
	approved := w.minted(w.cloud.MintUpdateApproved(w.org.ID(), nil))
	wantErr(t, w.act(approved), nil)
	row, _ := w.stored()
	if row.ManifestVersion != w.verified(approved).ManifestVersion || row.Features[webex.PersistentWebApp].Status != installation.InSync {
		t.Errorf("row = %+v", row)
	}
	w.inSync()
	w.wantPushes(webex.DigitalSignage, 1)
	wantErr(t, w.act(approved), installation.ErrReplayed)
}

func TestLateActionsChangeNothing(t *testing.T) {
	w := activatedWorld(t)
	early := w.minted(w.cloud.MintUpdateApproved(w.org.ID(), nil))
	w.pass(time.Second)
	late := w.minted(w.cloud.MintUpdateApproved(w.org.ID(), nil))
	wantErr(t, w.act(late), nil)
	before, _ := w.stored()
	wantErr(t, w.act(early), nil)
	after, _ := w.stored()
	if after.Version != before.Version || after.ManifestVersion != before.ManifestVersion {
		t.Errorf("a late action changed the row: %+v", after)
	}
}

func TestActionThatCannotBeFinishedIsDue(t *testing.T) {
	w := activatedWorld(t)
	w.cloud.DeleteConfiguration(w.org.ID(), string(webex.DigitalSignage))
	w.fault(webextest.Fault{Status: 503, Kind: webextest.KindToken})
	wantErr(t, w.act(w.minted(w.cloud.MintUpdateApproved(w.org.ID(), nil))), nil)
	w.cloud.ClearFaults()
	w.pass(31 * time.Second)
	w.wantReport(w.verifyDue(), schedule.Report{Verified: 1, Pushed: 1})
	w.inSync()
}

func TestActionsOfUnknownOrganizations(t *testing.T) {
	w := newWorld(t)
	w.code() // installed at Webex, unknown here
	for _, action := range []string{"updateApproved", "update", "deprovision"} {
		wantErr(t, w.act(w.minted(w.cloud.MintAction(w.org.ID(), action, nil))), installation.ErrNotFound)
	}
	_, err := w.service().CheckHealth(t.Context(), w.healthCheck())
	wantErr(t, err, installation.ErrNotFound)
	if table := w.tableBytes(); table != "" {
		t.Errorf("the table holds %q", table)
	}
}

func TestActionSignedByAnotherRegion(t *testing.T) {
	w := activatedWorld(t)
	before, _ := w.stored()
	for _, action := range []string{"updateApproved", "update", "deprovision", "healthCheck"} {
		claims := map[string]any{"sub": w.org.Sub(), "iat": w.clock().Unix(), "jti": action, "appId": w.cloud.AppID(), "action": action}
		token := w.verified(w.cloud.Sign(elsewhere, nil, claims))
		if action == "healthCheck" {
			_, err := w.service().CheckHealth(t.Context(), token)
			wantErr(t, err, installation.ErrWrongRegion)
			continue
		}
		wantErr(t, w.service().Act(t.Context(), token), installation.ErrWrongRegion)
	}
	after, _ := w.stored()
	if after.Revision != before.Revision || after.State != before.State || after.Region != before.Region {
		t.Error("the installation was changed")
	}
	if after.Version != before.Version+1 || after.ForeignRegion.Region != elsewhere {
		t.Errorf("%d writes, signed elsewhere %+v", after.Version-before.Version, after.ForeignRegion)
	}
}

func TestMove(t *testing.T) {
	for _, signedBy := range []string{"old", "new"} {
		for name, fresh := range map[string]bool{"new refresh token": true, "same refresh token": false} {
			t.Run(signedBy+" region signs/"+name, func(t *testing.T) {
				w := activatedWorld(t)
				update := w.minted(w.cloud.MintMove(w.org.ID(), elsewhere, webextest.MoveOptions{SignedBy: signedBy, NewRefreshToken: fresh}))
				wantErr(t, w.act(update), nil)
				row, candidates := w.stored()
				view, _ := w.cloud.Installation(w.org.ID())
				if row.Region != elsewhere || row.URLs.App != view.AppURL || row.Subject != w.org.Sub() || len(candidates) != 0 {
					t.Errorf("row = %+v, %d candidates", row, len(candidates))
				}
				if view.ActionsURL != base+"/actions" {
					t.Errorf("registered in the new region: %q", view.ActionsURL)
				}
				w.inSync()
				w.sealedNewest()
				wantErr(t, w.act(update), map[string]error{"old": installation.ErrWrongRegion, "new": installation.ErrReplayed}[signedBy])
				w.cloud.DeleteConfiguration(w.org.ID(), string(webex.DigitalSignage))
				w.wantReport(w.verifyNow(), schedule.Report{Verified: 1, Pushed: 1}) // afterwards
			})
		}
	}
}

// A key of another trusted region may sign anything: without proof the installation
// stays in its region and keeps a valid refresh token.
func TestUnprovenMoveChangesNothing(t *testing.T) {
	nowhere := func(w *world) any { return w.cloud.BaseURL() + "/" + elsewhere + "/xapi/api/nowhere" }
	tests := map[string]struct {
		extra map[string]func(w *world) any
		err   error
	}{
		"bogus refresh token": {map[string]func(*world) any{
			"refreshToken": func(*world) any { return "bogus" }, "appUrl": nowhere,
		}, webex.ErrInvalidGrant},
		"bogus address": {map[string]func(*world) any{"appUrl": nowhere}, webex.ErrRejected},
		"no address":    {nil, webex.ErrRejected},
		"the address that is stored": {map[string]func(*world) any{
			"appUrl": func(w *world) any { row, _ := w.stored(); return row.URLs.App },
		}, webex.ErrRejected},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := activatedWorld(t)
			w.cloud.SetRotateRefreshTokens(true)
			before, _ := w.stored()
			claims := map[string]any{
				"sub": w.org.Sub(), "iat": w.clock().Unix(), "jti": name, "appId": w.cloud.AppID(), "action": "update", "region": elsewhere,
			}
			for name, value := range test.extra {
				claims[name] = value(w)
			}
			token := w.verified(w.cloud.Sign(elsewhere, nil, claims))
			wantErr(t, w.service().Act(t.Context(), token), test.err)
			for range 3 { // the schedule tries a move that is not refused again
				w.pass(25 * time.Hour)
				w.verifyDue()
			}
			after, _ := w.stored()
			if after.Region != home || after.State != installation.Active || after.URLs != before.URLs || after.Revision != before.Revision {
				t.Errorf("the installation was changed: %+v", after)
			}
			w.inSync()
			w.sealedNewest()
		})
	}
}

func TestMoveThatCannotBeProvenYetIsDue(t *testing.T) {
	w := activatedWorld(t)
	update := w.minted(w.cloud.MintMove(w.org.ID(), elsewhere, webextest.MoveOptions{NewRefreshToken: true}))
	w.fault(webextest.Fault{Kind: webextest.KindApp, Method: "GET", Status: 503})
	w.cloud.SetRotateRefreshTokens(true)
	wantErr(t, w.act(update), nil)
	w.wantRegion(home)
	w.wantCandidates(1)
	w.cloud.ClearFaults()
	w.pass(31 * time.Second)
	w.verifyDue()
	w.wantRegion(elsewhere)
	w.wantCandidates(0)
	w.inSync()
	w.sealedNewest()
}

func TestDeprovision(t *testing.T) {
	w := activatedWorld(t)
	code := w.code()
	w.pass(time.Second)
	w.cloud.ResetRequests()
	removal := w.minted(w.cloud.MintDeprovision(w.org.ID()))
	wantErr(t, w.act(removal), nil)
	row, _ := w.stored()
	if row.State != installation.Removed || row.OrgName != "" || row.URLs != (installation.URLs{}) || len(row.Tokens.Refresh)+len(row.Tokens.Access) > 0 || len(row.Features) > 0 {
		t.Errorf("tombstone = %+v", row)
	}
	if line := `"msg":"removed","org":"` + row.OrgKey + `","app":"` + row.AppID + `"`; !strings.Contains(w.log.text(), line) {
		t.Errorf("the log has no %s", line)
	}
	wantErr(t, w.act(removal), nil)
	for range 2 { // the code can be accepted for a day
		w.wantActivation(code, installation.ErrStale)
		w.pass(3 * time.Hour)
	}
	w.pass(42 * time.Hour)
	w.verifyDue()
	if calls := w.calls(); len(calls) != 0 {
		t.Errorf("calls = %v, want none", calls)
	}
	w.activateOrg(w.org)
	w.inSync()
}

func TestLateDeprovisionSparesAReinstallation(t *testing.T) {
	w := activatedWorld(t)
	claims := map[string]any{"sub": w.org.Sub(), "iat": w.clock().Unix(), "jti": "late", "appId": w.cloud.AppID(), "action": "deprovision"}
	removal := w.cloud.Sign(home, nil, claims)
	w.pass(time.Second)
	w.wantActivation(w.code(), nil)
	wantErr(t, w.act(removal), nil)
	w.wantState(installation.Active)
	w.inSync()
}

func TestDeprovisionEndsOlderCandidates(t *testing.T) {
	w := newWorld(t)
	w.fault(webextest.Fault{Kind: webextest.KindToken, Status: 503})
	w.wantActivation(w.code(), webex.ErrUnavailable)
	w.pass(time.Second)
	wantErr(t, w.act(w.minted(w.cloud.MintDeprovision(w.org.ID()))), nil)
	w.wantCandidates(0)
}

func TestHealth(t *testing.T) {
	health := func(state lifecycle.OperationalState, tokens lifecycle.TokensState, refresh installation.TokenHealth) lifecycle.Health {
		return lifecycle.Health{OperationalState: state, TokensState: tokens, TokenHealth: refresh}
	}
	const day = 24 * time.Hour
	well := health(lifecycle.Operational, lifecycle.TokensValid, installation.TokensHealthy)
	impaired := health(lifecycle.Impaired, lifecycle.TokensValid, installation.TokensHealthy)
	tests := map[string]struct {
		prepare func(w *world)
		want    lifecycle.Health
	}{
		"all is well":        {func(*world) {}, well},
		"configuration gone": {func(w *world) { w.cloud.DeleteConfiguration(w.org.ID(), string(webex.PersistentWebApp)) }, impaired},
		"Webex down":         {func(w *world) { w.fault(webextest.Fault{Status: 500}) }, impaired},
		"token endpoint down": {func(w *world) {
			w.pass(20 * time.Hour)
			w.fault(webextest.Fault{Kind: webextest.KindToken, Status: 500})
		}, health(lifecycle.Impaired, lifecycle.TokensUnknown, installation.TokensHealthy)},
		"access token lapsed":     {func(w *world) { w.pass(20 * time.Hour) }, well},
		"access token refused":    {func(w *world) { w.cloud.RevokeAccessTokens(w.org.ID()) }, well},
		"14 days of refresh life": {func(w *world) { w.refreshLife(14 * day) }, well},
		"less, just renewed":      {func(w *world) { w.refreshLife(14*day - time.Second) }, health(lifecycle.Impaired, lifecycle.TokensValid, installation.TokensExpiring)},
		"less, and renewal fails": {func(w *world) {
			w.pass(77 * day)
			w.fault(webextest.Fault{Kind: webextest.KindToken, Status: 500})
		}, health(lifecycle.Impaired, lifecycle.TokensUnknown, installation.TokensExpiring)},
		"less, and renewed": {func(w *world) { w.pass(77 * day) }, well},
		"refresh token dead": {func(w *world) { w.cloud.RevokeRefreshToken(w.org.ID()); w.pass(20 * time.Hour) },
			health(lifecycle.TokenInvalid, lifecycle.TokensInvalid, installation.TokensInvalid)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := activatedWorld(t)
			test.prepare(w)
			token := w.healthCheck()
			for range 2 { // the same token twice: a health check changes nothing
				got, err := w.service().CheckHealth(t.Context(), token)
				wantErr(t, err, nil)
				if got != test.want {
					t.Errorf("health = %+v, want %+v", got, test.want)
				}
			}
		})
	}
}

// refreshLife sets how long the stored refresh token lives, as just renewed.
func (w *world) refreshLife(left time.Duration) {
	w.t.Helper()
	row, _ := w.stored()
	row.Tokens.RefreshExpiresAt, row.Tokens.RenewedAt = w.clock().Add(left), w.clock()
	w.save(row)
}

func TestHealthCheckAnswersWhenItsTimeIsOver(t *testing.T) {
	w := activatedWorld(t)
	token := w.healthCheck()
	ctx, cancel := context.WithCancel(t.Context())
	w.fault(webextest.Fault{Delay: time.Hour}) // no response before the client has gone
	w.cloud.OnRequest(func(webextest.Request) { cancel() })
	got, err := w.service().CheckHealth(ctx, token)
	wantErr(t, err, nil)
	if got.OperationalState != lifecycle.Impaired {
		t.Errorf("health = %+v", got)
	}
}

func TestHealthCheckBringsTheRepairForward(t *testing.T) {
	w := activatedWorld(t)
	w.cloud.DeleteConfiguration(w.org.ID(), string(webex.DigitalSignage))
	w.wantReport(w.verifyDue(), schedule.Report{}) // not due yet
	w.healthy()
	w.wantReport(w.verifyDue(), schedule.Report{Verified: 1, Pushed: 1})
	w.inSync()
}

func TestLaterRemovalUpdatesTheTombstone(t *testing.T) {
	w := activatedWorld(t)
	wantErr(t, w.act(w.minted(w.cloud.MintAction(w.org.ID(), "deprovision", nil))), nil)
	w.pass(10 * time.Second)
	code := w.code()
	w.pass(10 * time.Second)
	wantErr(t, w.act(w.minted(w.cloud.MintAction(w.org.ID(), "deprovision", nil))), nil)
	w.wantActivation(code, installation.ErrStale)
}
