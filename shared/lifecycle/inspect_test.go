package lifecycle_test

import (
	"testing"
	"time"

	"signpost/shared/installation"
	"signpost/shared/installation/installationtest"
	"signpost/shared/lifecycle"
	"signpost/shared/webex"
	"signpost/shared/webex/webextest"
)

func TestInspectChangesNothing(t *testing.T) {
	w := activatedWorld(t)
	w.cloud.DeleteConfiguration(w.org.ID(), string(webex.DigitalSignage))
	w.provide(webex.PersistentWebApp, lifecycle.Content{DeviceURL: webApp + "&new"})
	before, _ := w.stored()
	inspection, err := w.service().Inspect(t.Context(), installationtest.Key(w.org.ID()), false)
	wantErr(t, err, nil)
	signage, app := inspection.Verdicts[webex.DigitalSignage], inspection.Verdicts[webex.PersistentWebApp]
	if signage.Verb != lifecycle.Push || signage.Stored != nil || !signage.PushedWanted {
		t.Errorf("signage = %+v", signage)
	}
	if app.Verb != lifecycle.Push || app.Stored.DeviceURL != webApp || app.Wanted.DeviceURL != webApp+"&new" || app.PushedWanted {
		t.Errorf("app = %+v", app)
	}
	if after, _ := w.stored(); after.Version != before.Version || w.pushes(webex.PersistentWebApp) != 1 {
		t.Error("the inspection changed something")
	}
	_, err = w.service().Inspect(t.Context(), installationtest.Key("nobody"), false)
	wantErr(t, err, installation.ErrNotFound)
}

// TestInspectWritesNothing tests every state of the tokens; only with refresh it may
// write.
func TestInspectWritesNothing(t *testing.T) {
	for name, test := range map[string]struct {
		prepare func(w *world)
		refresh bool
		want    error // of each feature
		writes  bool
	}{
		"access token lapsed":             {func(w *world) { w.pass(20 * time.Hour) }, false, lifecycle.ErrAccessExpired, false},
		"access token lapsed, refreshed":  {func(w *world) { w.pass(20 * time.Hour) }, true, nil, true},
		"access token refused":            {func(w *world) { w.cloud.RevokeAccessTokens(w.org.ID()) }, false, webex.ErrUnauthorized, false},
		"access token refused, refreshed": {func(w *world) { w.cloud.RevokeAccessTokens(w.org.ID()) }, true, nil, true},
		"refresh token dead": {func(w *world) {
			w.cloud.RevokeRefreshToken(w.org.ID())
			w.pass(20 * time.Hour)
		}, false, lifecycle.ErrAccessExpired, false},
		"token_invalid": {func(w *world) {
			w.loseAccess()
			w.pass(25 * time.Hour)
		}, false, lifecycle.ErrTokenInvalid, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := activatedWorld(t)
			test.prepare(w)
			before, _ := w.stored()
			w.cloud.ResetRequests()
			inspection, err := w.service().Inspect(t.Context(), installationtest.Key(w.org.ID()), test.refresh)
			wantErr(t, err, nil)
			for _, feature := range webex.Features {
				wantErr(t, inspection.Failures[feature], test.want)
			}
			after, _ := w.stored()
			if wrote := after.Version != before.Version; wrote != test.writes {
				t.Errorf("wrote: %v", wrote)
			}
			if asked := w.count(webextest.KindToken, "POST") > 0; asked != test.refresh {
				t.Errorf("asked for a token: %v", asked)
			}
		})
	}
}
