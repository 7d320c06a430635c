package lifecycle_test

import (
	"bytes"
	"sync"
	"testing"
	"time"

	"signpost/shared/installation"
	"signpost/shared/lifecycle"
	"signpost/shared/schedule"
	"signpost/shared/secret/sealing"
	"signpost/shared/webex/webextest"
)

// A field that the token endpoint's answer lacks, or leaves empty, keeps its stored
// value; the others are stored.
func TestIncompleteTokenAnswer(t *testing.T) {
	for name, test := range map[string]struct {
		answer          string
		refresh, access bool // are new
	}{
		"refresh token empty":   {`{"access_token":"x","expires_in":64800,"refresh_token":""}`, false, true},
		"refresh token null":    {`{"access_token":"x","expires_in":64800,"refresh_token":null}`, false, true},
		"refresh token missing": {`{"access_token":"x","expires_in":64800}`, false, true},
		"life empty":            {`{"access_token":"x","expires_in":"","refresh_token":"new"}`, true, false},
		"life null":             {`{"access_token":"x","expires_in":null,"refresh_token":"new"}`, true, false},
		"life 0":                {`{"access_token":"x","expires_in":0,"refresh_token":"new"}`, true, false},
		"life missing":          {`{"access_token":"x","refresh_token":"new"}`, true, false},
		"refresh life empty":    {`{"access_token":"x","expires_in":64800,"refresh_token":"new","refresh_token_expires_in":""}`, true, true},
		"all of it":             {`{"access_token":"x","expires_in":"","refresh_token":"","refresh_token_expires_in":""}`, false, false},
		"access token alone":    {`{"access_token":"x","refresh_token":""}`, false, false},
		"access token empty":    {`{"access_token":"","expires_in":64800,"refresh_token":"new"}`, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := activatedWorld(t)
			before, _ := w.stored()
			w.pass(20 * time.Hour)
			w.fault(webextest.Fault{Kind: webextest.KindToken, Body: test.answer, ContentType: "application/json"})
			w.verifyDue()
			after, _ := w.stored()
			was, is := before.Tokens, after.Tokens
			if !is.RefreshExpiresAt.Equal(was.RefreshExpiresAt) || after.State != installation.Active {
				t.Errorf("state is %s, the refresh token expires %v, before %v", after.State, is.RefreshExpiresAt, was.RefreshExpiresAt)
			}
			if got := !bytes.Equal(is.Refresh, was.Refresh); got != test.refresh {
				t.Errorf("refresh token is new: %v, want %v", got, test.refresh)
			}
			if got := !bytes.Equal(is.Access, was.Access); got != test.access || is.AccessExpiresAt.Equal(was.AccessExpiresAt) == test.access {
				t.Errorf("access token is new: %v (expires %v, before %v), want %v", got, is.AccessExpiresAt, was.AccessExpiresAt, test.access)
			}
		})
	}
}

// TestResealingWaitsForARenewal: a worker that renews recognizes the old refresh token
// by its bytes. If a verification resealed that meanwhile, the new token would be taken
// for an outdated one and lost.
func TestResealingWaitsForARenewal(t *testing.T) {
	w := activatedWorld(t)
	w.cloud.SetRotateRefreshTokens(true)
	document, err := sealing.RotateDocument(w.keys.document)
	w.keys.use(t, document, err)
	token := w.healthCheck()
	w.fault(webextest.Fault{Kind: webextest.KindSignage, Status: 401, Times: 1}) // so that a token is asked for
	var once sync.Once
	w.cloud.OnRequest(func(r webextest.Request) {
		if r.Kind == webextest.KindToken {
			once.Do(func() {
				w.wantReport(w.verifyNow(), schedule.Report{Verified: 1}) // meanwhile verified
			})
		}
	})
	health, err := w.service().CheckHealth(t.Context(), token)
	w.cloud.OnRequest(nil)
	if err != nil || health.OperationalState != lifecycle.Operational || w.count(webextest.KindToken, "POST") != 1 {
		t.Errorf("health = %+v, %v, by %d token requests", health, err, w.count(webextest.KindToken, "POST"))
	}
	w.sealedNewest()
	if row, _ := w.stored(); w.keys.sealer.Stale(row.Tokens.Refresh) {
		t.Error("the new refresh token is sealed by the old key")
	}
}
