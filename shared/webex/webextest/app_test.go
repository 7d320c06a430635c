package webextest_test

import (
	"strings"
	"testing"
	"time"

	"signpost/shared/webex/webextest"
)

func TestAuthorization(t *testing.T) {
	f := setup(t, webextest.Options{Scopes: []string{webextest.ScopeSignage}})
	a := f.activate()
	other := f.AddOrganization("Other", west).ID()
	code, _ := f.MintActivation(other)
	_, others := claimsOf(t, code)
	elsewhere := strings.Replace(a.app, west, east, 1)
	for _, test := range []struct {
		name, url, bearer string
		status            int
	}{
		{"installation", a.app, a.access, 200},
		{"manifest", a.app + "/manifest", a.access, 200},
		{"no token", a.app, "", 401},
		{"unknown token", a.app, "x", 401},
		{"signage with its scope", a.signage, a.access, 404},
		{"web app without its scope", a.pwa, a.access, 403},
		{"another's installation", others["appUrl"].(string), a.access, 403},
		{"unknown installation", a.app + "x", a.access, 404},
		{"another region", elsewhere, a.access, 404},
		{"no such address", f.BaseURL() + "/x", a.access, 404},
		{"no such feature", a.app + "/features/x", a.access, 404},
		{"no such region", f.BaseURL() + "/nowhere/jwks", "", 404},
	} {
		if r := send(t, "GET", test.url, "", test.bearer, ""); r.status != test.status {
			t.Errorf("%s: %d %s, want %d", test.name, r.status, r.raw, test.status)
		} else if r.status >= 400 && (r.json["message"] == "" || r.json["errors"] == nil || r.json["trackingId"] == nil) {
			t.Errorf("%s: not an error of Webex: %s", test.name, r.raw)
		}
	}
	f.clock.advance(18*time.Hour - time.Second)
	if r := send(t, "GET", a.app, "", a.access, ""); r.status != 200 {
		t.Errorf("just before expiry: %d", r.status)
	}
	f.clock.advance(time.Second)
	if r := send(t, "GET", a.app, "", a.access, ""); r.status != 401 || r.header.Get("WWW-Authenticate") == "" {
		t.Errorf("expired: %d", r.status)
	}
}

func TestSetScopes(t *testing.T) {
	f, a := setupActivated(t)
	f.SetScopes(f.org, nil)
	if r := f.put(a.pwa, a.access, pwaBody); r.status != 200 {
		t.Errorf("a token keeps its scopes: %d", r.status)
	}
	if r := f.put(a.pwa, f.accessToken(a.oauth, a.refresh), pwaBody); r.status != 403 {
		t.Errorf("a new token lacks them: %d", r.status)
	}
}

func TestPatch(t *testing.T) {
	f, a := setupActivated(t)
	for _, test := range []struct {
		body   string
		status int
		about  string
	}{
		{`{}`, 200, ""},
		{`{"provisioningState":"completed"}`, 200, ""},
		{`{"provisioningState":"done"}`, 400, "provisioningState must be one of"},
		{`{"operationalState":"outage","customer":{"id":"7","name":"n"}}`, 200, ""},
		{`{"operationalState":5}`, 400, "operationalState"},
		{`{"actionsUrl":"https://a.example.com/actions"}`, 200, ""},
		{`{"actionsUrl":"ftp://a.example.com/"}`, 400, "http"},
		{`{"actionsUrl":"/actions"}`, 400, "http"},
		{`{"customer":"n"}`, 400, "customer must be an object"},
		{`{"provisioningState":"error","colour":"red"}`, 400, "unknown field colour"},
		{`{"webhook":{"targetUrl":"https://a.example.com"},"queue":{"state":"enabled"}}`, 200, ""},
		{`[]`, 400, "JSON object"},
		{`null`, 400, "JSON object"},
		{`{} {}`, 400, "JSON object"},
		{`{`, 400, "JSON object"},
	} {
		r := send(t, "PATCH", a.app, "application/json", a.access, test.body)
		if r.status != test.status || !strings.Contains(string(r.raw), test.about) {
			t.Errorf("%s: %d %s", test.body, r.status, r.raw)
		}
	}
	view, _ := f.Installation(f.org)
	if view.ProvisioningState != "completed" || view.OperationalState != "outage" || view.ActionsURL != "https://a.example.com/actions" || view.Customer["id"] != "7" {
		t.Errorf("%+v", view)
	}
}

func TestInstallationAsWebexShowsIt(t *testing.T) {
	f, a := setupActivated(t)
	f.put(a.signage, a.access, signageBody)
	r := send(t, "GET", a.app, "", a.access, "")
	for _, name := range []string{"id", "manifestVersion", "scopes", "roles", "xapiAccessKeys", "createdAt", "updatedAt",
		"provisioningState", "features", "digitalSignageConfiguration", "publicLocationIds", "availability", "healthCheckDetails"} {
		if _, ok := r.json[name]; !ok {
			t.Errorf("no %s in %s", name, r.raw)
		}
	}
	if _, ok := r.json["persistentWebAppConfiguration"]; ok {
		t.Error("a configuration that was not stored")
	}
}

func TestDeactivating(t *testing.T) {
	f, a := setupActivated(t)
	if r := send(t, "DELETE", a.app, "", a.access, ""); r.status != 204 || len(r.raw) != 0 {
		t.Errorf("DELETE: %d %s", r.status, r.raw)
	}
	if _, installed := f.Installation(f.org); installed {
		t.Error("still installed")
	}
	if r := send(t, "GET", a.app, "", a.access, ""); r.status != 401 {
		t.Errorf("its access token is still valid: %d", r.status)
	}
	if r := f.exchange(a.oauth, a.refresh); r.json["error"] != "invalid_grant" {
		t.Errorf("its refresh token is still valid: %s", r.raw)
	}
	if r := send(t, "POST", a.app, "", a.access, ""); r.status != 401 {
		t.Errorf("POST: %d", r.status)
	}
}
