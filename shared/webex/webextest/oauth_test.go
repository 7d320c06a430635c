package webextest_test

import (
	"encoding/json"
	"net/url"
	"testing"
	"time"

	"signpost/shared/webex/webextest"
)

func TestTokenEndpoint(t *testing.T) {
	f, a := setupActivated(t)
	good := map[string]string{
		"grant_type": "refresh_token", "refresh_token": a.refresh,
		"client_id": f.ClientID(), "client_secret": f.ClientSecret(),
	}
	for _, test := range []struct {
		name, change, to string
		status           int
		err              string
	}{
		{"good", "", "", 200, ""},
		{"wrong secret", "client_secret", "x", 401, "invalid_client"},
		{"no secret", "client_secret", "", 401, "invalid_client"},
		{"wrong client", "client_id", "x", 401, "invalid_client"},
		{"wrong grant", "grant_type", "password", 400, "unsupported_grant_type"},
		{"unknown token", "refresh_token", "x", 400, "invalid_grant"},
		{"no token", "refresh_token", "", 400, "invalid_request"},
	} {
		form, object := url.Values{}, map[string]string{}
		for name, value := range good {
			if name == test.change {
				value = test.to
			}
			form.Set(name, value)
			object[name] = value
		}
		body, _ := json.Marshal(object)
		for contentType, body := range map[string]string{
			"application/x-www-form-urlencoded": form.Encode(),
			"application/json; charset=utf-8":   string(body),
		} {
			t.Run(test.name+" "+contentType, func(t *testing.T) {
				r := send(t, "POST", a.oauth, contentType, "", body)
				if code, _ := r.json["error"].(string); r.status != test.status || code != test.err {
					t.Errorf("%d %s", r.status, r.raw)
				}
			})
		}
	}
}

func TestTokenAnswer(t *testing.T) {
	f, a := setupActivated(t)
	r := f.exchange(a.oauth, a.refresh)
	for name, want := range map[string]any{
		"expires_in": 18 * 3600.0, "refresh_token": a.refresh, "refresh_token_expires_in": 90 * 24 * 3600.0, "token_type": "Bearer",
	} {
		if r.json[name] != want {
			t.Errorf("%s = %v, want %v", name, r.json[name], want)
		}
	}
	if last := f.Requests()[len(f.Requests())-1]; last.OrgID != f.org || last.Kind != webextest.KindToken || last.Status != 200 {
		t.Errorf("logged as %+v", last)
	}
}

func TestMalformedTokenRequests(t *testing.T) {
	_, a := setupActivated(t)
	for name, r := range map[string]result{
		"no content type": send(t, "POST", a.oauth, "", "", "x"),
		"plain text":      send(t, "POST", a.oauth, "text/plain", "", "x"),
		"broken JSON":     send(t, "POST", a.oauth, "application/json", "", "{"),
		"JSON of numbers": send(t, "POST", a.oauth, "application/json", "", `{"grant_type":1}`),
	} {
		if r.status != 400 || r.json["error"] != "invalid_request" {
			t.Errorf("%s: %d %s", name, r.status, r.raw)
		}
	}
	if r := send(t, "GET", a.oauth, "", "", ""); r.status != 405 || r.header.Get("Allow") != "POST" {
		t.Errorf("GET: %d", r.status)
	}
}

func TestRefreshTokenLife(t *testing.T) {
	const day = 24 * time.Hour
	f, a := setupActivated(t)
	f.clock.advance(day - time.Second)
	if r := f.exchange(a.oauth, a.refresh); r.json["refresh_token_expires_in"] != (89*day + time.Second).Seconds() {
		t.Errorf("renewed within a day: %s", r.raw)
	}
	f.clock.advance(time.Second)
	if r := f.exchange(a.oauth, a.refresh); r.json["refresh_token_expires_in"] != (90 * day).Seconds() {
		t.Errorf("not renewed after a day: %s", r.raw)
	}
	f.clock.advance(90*day - time.Second)
	f.accessToken(a.oauth, a.refresh)
	f.clock.advance(90 * day)
	if r := f.exchange(a.oauth, a.refresh); r.json["error"] != "invalid_grant" {
		t.Errorf("expired: %d %s", r.status, r.raw)
	}
}

func TestRotation(t *testing.T) {
	f, a := setupActivated(t)
	f.SetRotateRefreshTokens(true)
	next := func(refresh string) string {
		t.Helper()
		r := f.exchange(a.oauth, refresh)
		s, _ := r.json["refresh_token"].(string)
		return s
	}
	second := next(a.refresh)
	if second == "" || second == a.refresh {
		t.Fatal("not rotated")
	}
	if again := next(a.refresh); again != second {
		t.Error("the old token must yield the same new one until that is used")
	}
	third := next(second)
	if third == "" || third == second {
		t.Error("not rotated a second time")
	}
	if next(a.refresh) != "" {
		t.Error("the first token must be revoked once the second was used")
	}
	if f.RefreshToken(f.org) != third {
		t.Error("the newest refresh token is not reported")
	}
	f.SetRotateRefreshTokens(false)
	if next(third) != third {
		t.Error("still rotating")
	}
}

func TestRevoking(t *testing.T) {
	f, a := setupActivated(t)
	f.RevokeRefreshToken(f.org)
	if r := f.exchange(a.oauth, a.refresh); r.json["error"] != "invalid_grant" {
		t.Errorf("revoked: %s", r.raw)
	}
	if r := send(t, "GET", a.app, "", a.access, ""); r.status != 200 {
		t.Errorf("the access token must live on: %d", r.status)
	}
	f.RevokeAccessTokens(f.org)
	if r := send(t, "GET", a.app, "", a.access, ""); r.status != 401 {
		t.Errorf("revoked access token: %d", r.status)
	}
}
