package console_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

func ask(t *testing.T, method, path string, header map[string]string) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequest(method, local.WebexURL()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range header {
		request.Header.Set(name, value)
	}
	if host := header["Host"]; host != "" {
		request.Host = host
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(text)
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
		if response, text := ask(t, test.method, test.path, test.header); response.StatusCode != test.status {
			t.Errorf("%s %s %v: %d %.100s, want %d", test.method, test.path, test.header, response.StatusCode, text, test.status)
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
		{path + "verify", "No installation of this organization is stored"},
		{path + "move", "not installed"},
		{path + "devices?count=0", "number of devices"},
		{path + "devices?count=10001", "number of devices"},
		{path + "faults/delete?feature=digital_signage", "No configuration of this feature is stored"},
		{path + "faults/revoke", "not installed"},
		{path + "faults/quake", "Unknown fault"},
		{"/console/organizations/gone/activate", "no longer exists"},
		{"/console/organizations?region=nowhere", "no such region"},
	} {
		response, text := ask(t, "POST", test.path, map[string]string{"Accept": "application/json"})
		if response.StatusCode != 200 || !strings.Contains(text, `"failed":true`) || !strings.Contains(text, test.says) {
			t.Errorf("%s: %d %s, want %q", test.path, response.StatusCode, text, test.says)
		}
	}
	if response, text := ask(t, "POST", path+"launch?feature=digital_signage&task=assign_content", nil); response.Header.Get("Refresh") != "" || !strings.Contains(text, "No device is selected") {
		t.Errorf("a launch of nothing: %v %s", response.Header, text)
	}
}

func TestPolicies(t *testing.T) {
	for path, want := range map[string]string{
		"/":                         "script-src 'self'",
		"/console/altered":          "default-src 'none'",
		"/sample/signage":           "default-src 'none'",
		"/sample/content?launch=no": "default-src 'none'",
	} {
		response, _ := ask(t, "GET", path, nil)
		policy := strings.Join(response.Header.Values("Content-Security-Policy"), "; ")
		if !strings.Contains(policy, want) || strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") {
			t.Errorf("%s: policy %q", path, policy)
		}
		if response.Header.Get("X-Content-Type-Options") != "nosniff" || response.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %v", path, response.Header)
		}
	}
	response, text := ask(t, "GET", "/sample/content?view=1", nil)
	if response.StatusCode != 403 || response.Header.Get("Referrer-Policy") != "no-referrer" || !strings.Contains(text, "used before") {
		t.Errorf("a wrong code: %d %s", response.StatusCode, text)
	}
}
