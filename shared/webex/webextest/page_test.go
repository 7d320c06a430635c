package webextest_test

import (
	"html"
	"net/url"
	"strings"
	"testing"

	"signpost/shared/webex/webextest"
)

// press submits a form of the page.
func (f *fixture) press(button string, form url.Values) result {
	f.Helper()
	target := f.BaseURL() + "/_page/organizations/" + f.org + "/" + button
	r := send(f.T, "POST", target, "application/x-www-form-urlencoded", "", form.Encode())
	if r.status != 200 {
		f.Fatalf("%s: %d %s", button, r.status, r.raw)
	}
	r.raw = []byte(html.UnescapeString(string(r.raw)))
	return r
}

func TestPage(t *testing.T) {
	f, a, i := provisioned(t)
	f.AddOrganization(`<script>alert("x")</script>`, east)
	f.put(a.signage, a.access, strings.ReplaceAll(signageBody, "https://api.example.com", i.url))
	r := send(t, "GET", f.BaseURL()+"/", "", "", "")
	for _, want := range []string{"Example Ltd", "completed", "$(deviceName)", i.url + "/actions", "The integration is not installed",
		"&lt;script&gt;", "Lobby Board", "No configuration is stored", "/_page/organizations/" + f.org + "/activate"} {
		if !strings.Contains(html.UnescapeString(string(r.raw)), html.UnescapeString(want)) || strings.Contains(string(r.raw), "<script") {
			t.Errorf("the page lacks %q", want)
		}
	}
	if csp := r.header.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none'") {
		t.Errorf("CSP %q", csp)
	}
	if style := send(t, "GET", f.BaseURL()+"/_page/style.css", "", "", ""); style.status != 200 || !strings.HasPrefix(style.header.Get("Content-Type"), "text/css") {
		t.Errorf("style: %d", style.status)
	}
}

func TestPageButtons(t *testing.T) {
	f, a, i := provisioned(t)
	f.put(a.signage, a.access, strings.ReplaceAll(signageBody, "https://api.example.com", i.url))
	contains := func(r result, want string) {
		t.Helper()
		if !strings.Contains(string(r.raw), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	contains(f.press("mint", nil), "Activation code")
	contains(f.press("activate", nil), "Activate: the integration answered 200")
	contains(f.press("approveUpdate", nil), "Approve update: the integration answered 200")
	contains(f.press("healthCheck", nil), "Health check: the integration answered 200")
	contains(f.press("nothing", nil), "no such button")
	launch := url.Values{"feature": {webextest.DigitalSignage}, "task": {"assign_content"}, "device": {"one", "two"}}
	contains(f.press("crossLaunch", launch), "Cross-launch failed")
	i.received()
	i.answers(200, `{"redirectUrl":"https://content.example.com/?launch=1"}`)
	r := f.press("crossLaunch", launch)
	contains(r, `href="https://content.example.com/?launch=1"`)
	if r.header.Get("Refresh") != "0; url=https://content.example.com/?launch=1" {
		t.Errorf("Refresh %q", r.header.Get("Refresh"))
	}
	if devices := i.received()[0]["devices"].([]any); len(devices) != 2 {
		t.Errorf("devices %v", devices)
	}
	contains(f.press("deprovision", nil), "Deprovision: the integration answered 200")
	contains(f.press("deprovision", nil), "not installed")
}

func TestPageAddsAnOrganization(t *testing.T) {
	f := setup(t, webextest.Options{})
	r := send(t, "POST", f.BaseURL()+"/_page/organizations", "application/x-www-form-urlencoded", "", "name=Second&region="+east)
	if !strings.Contains(string(r.raw), "Second") || len(f.Organizations()) != 2 {
		t.Errorf("%d %s", r.status, r.raw)
	}
	r = send(t, "POST", f.BaseURL()+"/_page/organizations", "application/x-www-form-urlencoded", "", "name=")
	if !strings.Contains(string(r.raw), "name is missing") {
		t.Errorf("%s", r.raw)
	}
}
