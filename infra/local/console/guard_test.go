package console_test

import (
	"strings"
	"testing"

	api "signpost/infra/tests/customer"
)

func ask(t *testing.T, method, path string, header map[string]string) api.Answer {
	t.Helper()
	return api.Send(t, local.WebexURL(), api.Request{Method: method, Path: path, Headers: header})
}

func TestOtherHostsAndSitesAreRefused(t *testing.T) {
	org := customer(t, "Guarded")
	path := "/console/organizations/" + org.ID() + "/"
	for _, test := range []struct {
		method, path string
		header       map[string]string
		status       int
	}{
		{"GET", "/", nil, 200},
		{"GET", "/", map[string]string{"Sec-Fetch-Site": "cross-site"}, 200}, // a link
		{"GET", "/", map[string]string{"Host": "evil.example.com"}, 403},
		{"GET", "/sample/content", map[string]string{"Host": "evil.example.com"}, 403},
		{"GET", "/console/events?org=" + org.ID(), map[string]string{"Sec-Fetch-Site": "same-site"}, 403},
		{"GET", "/console/wire/1", map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
		{"GET", "/console/wire/1", nil, 200},
		{"POST", path + "activate", map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
		{"POST", path + "activate", map[string]string{"Sec-Fetch-Site": "same-site"}, 403}, // another port of this machine
		{"POST", path + "activate", map[string]string{"Origin": "http://127.0.0.1:1"}, 403},
		{"POST", path + "launch", map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
		{"POST", path + "faults/drop", map[string]string{"Host": "rebound.example.com"}, 403},
		{"POST", path + "faults/drop", map[string]string{"Sec-Fetch-Site": "same-origin"}, 303}, // without scripts
		{"POST", path + "nothing", nil, 404},
		{"GET", path + "activate", nil, 405},
		{"GET", "/console/assets/page.html", nil, 404},
		{"GET", "/?org=gone", nil, 303},
	} {
		if got := ask(t, test.method, test.path, test.header); got.Status != test.status {
			t.Errorf("%s %s %v: %d %.100s, want %d", test.method, test.path, test.header, got.Status, got.Body, test.status)
		}
	}
	if _, installed := cloud.Installation(org.ID()); installed {
		t.Error("a refused request had an effect")
	}
}

func TestErrorsOfActions(t *testing.T) {
	org := customer(t, "Clumsy")
	path := "/console/organizations/" + org.ID() + "/"
	for _, test := range []struct{ path, says string }{
		{path + "approve", "not installed"},
		{path + "verify", "No installation of this integration is stored"},
		{path + "move", "not installed"},
		{path + "devices?count=0", "number of devices"},
		{path + "devices?count=10001", "number of devices"},
		{path + "faults/delete?feature=digital_signage", "No configuration of this feature is stored"},
		{path + "faults/revoke", "not installed"},
		{path + "faults/quake", "Unknown fault"},
		{"/console/organizations/gone/activate", "no longer exists"},
		{"/console/organizations?region=nowhere", "no such region"},
	} {
		got := ask(t, "POST", test.path, map[string]string{"Accept": "application/json"})
		if got.Status != 200 || !strings.Contains(got.Body, `"failed":true`) || !strings.Contains(got.Body, test.says) {
			t.Errorf("%s: %d %s, want %q", test.path, got.Status, got.Body, test.says)
		}
	}
	if got := ask(t, "POST", path+"launch?feature=digital_signage&task=assign_content", nil); got.Header.Get("Refresh") != "" || !strings.Contains(got.Body, "No device is selected") {
		t.Errorf("a launch of nothing: %v %s", got.Header, got.Body)
	}
}

func TestPolicies(t *testing.T) {
	for path, want := range map[string]string{
		"/":                         "script-src 'self'",
		"/console/altered":          "default-src 'none'",
		"/sample/signage":           "default-src 'none'",
		"/sample/content?launch=no": "default-src 'none'",
	} {
		got := ask(t, "GET", path, nil)
		policy := strings.Join(got.Header.Values("Content-Security-Policy"), "; ")
		if !strings.Contains(policy, want) || strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") {
			t.Errorf("%s: policy %q", path, policy)
		}
		if got.Header.Get("X-Content-Type-Options") != "nosniff" || got.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %v", path, got.Header)
		}
	}
	got := ask(t, "GET", "/sample/content?view=1", nil)
	if got.Status != 403 || got.Header.Get("Referrer-Policy") != "no-referrer" || !strings.Contains(got.Body, "used before") {
		t.Errorf("a wrong code: %d %s", got.Status, got.Body)
	}
}
