package sample_test

import (
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"signpost/infra/local/sample"
)

const key = "content-key"

// visitor is a browser at a vendor's server, with a fake Signpost that has a
// launch for each code that starts with "good".
type visitor struct {
	*testing.T
	http.Client
	server   *httptest.Server
	redeemed []string
}

func visit(t *testing.T) *visitor {
	v := &visitor{T: t}
	signpost := httptest.NewServer(http.HandlerFunc(v.signpost))
	t.Cleanup(signpost.Close)
	v.server = httptest.NewServer(http.StripPrefix("/sample", sample.New(signpost.URL, key)))
	t.Cleanup(v.server.Close)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	v.Client.Jar = jar
	return v
}

func (v *visitor) signpost(w http.ResponseWriter, r *http.Request) {
	code := strings.TrimPrefix(r.URL.EscapedPath(), "/launches/")
	v.redeemed = append(v.redeemed, r.Method+" "+code+" "+r.Header.Get("Authorization"))
	switch {
	case strings.HasPrefix(code, "good"):
		orgKey, _, _ := strings.Cut(code, "-")
		fmt.Fprintf(w, `{"orgKey":%q,"orgId":%q,"orgName":%q,"feature":"digital_signage","task":"assign_content","issuedAt":"2026-01-02T03:04:05Z",
			"devices":[{"deviceId":"one","displayName":"<b>Lobby</b>"},{"deviceId":"two"}]}`, orgKey, "form "+code, "Customer of "+code)
	case code == "key":
		w.WriteHeader(http.StatusUnauthorized)
	case code == "bad-json":
		_, _ = io.WriteString(w, "{")
	case code == "broken":
		w.WriteHeader(http.StatusServiceUnavailable)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

func (v *visitor) get(path string) (*http.Response, string) {
	v.Helper()
	response, err := v.Get(v.server.URL + "/sample/" + path)
	return v.read(response, err)
}

// launch opens a launch as a browser does.
func (v *visitor) launch(code string) (*http.Response, string) {
	v.Helper()
	before := len(v.redeemed)
	response, page := v.get("content?x=1&launch=" + url.QueryEscape(code))
	want := `<input type="hidden" name="launch" value="` + html.EscapeString(code) + `">`
	if response.StatusCode != 200 || !strings.Contains(page, want) || len(v.redeemed) != before {
		v.Fatalf("%d, redeemed %q, without %s:\n%s", response.StatusCode, v.redeemed, want, page)
	}
	response, err := v.PostForm(v.server.URL+"/sample/content", url.Values{"launch": {code}})
	return v.read(response, err)
}

func (v *visitor) read(response *http.Response, err error) (*http.Response, string) {
	v.Helper()
	if err != nil {
		v.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		v.Fatal(err)
	}
	return response, string(text)
}

func TestALaunchIsRedeemedOnceAndKept(t *testing.T) {
	v := visit(t)
	response, page := v.launch("good/1")
	if want := "POST good%2F1 Bearer " + key; len(v.redeemed) != 1 || v.redeemed[0] != want {
		t.Errorf("redeemed %q, want %q", v.redeemed, want)
	}
	if address := response.Request.URL.String(); response.StatusCode != 200 || strings.Contains(address, "good") || !strings.HasSuffix(address, "/sample/content?view=1") {
		t.Errorf("%d at %s", response.StatusCode, address)
	}
	for _, want := range []string{"Customer of good%2F1", "Assign content", "2 devices", "&lt;b&gt;Lobby&lt;/b&gt;", "Unnamed device", "two"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	// A second launch has another address, and the first one stays.
	if response, page := v.launch("good2"); !strings.HasSuffix(response.Request.URL.String(), "view=2") || !strings.Contains(page, "good2") {
		t.Errorf("the second launch: %s", page)
	}
	if _, page := v.get("content?view=1"); !strings.Contains(page, "good%2F1") {
		t.Errorf("the first launch, again: %s", page)
	}
	if len(v.redeemed) != 2 {
		t.Errorf("redeemed %q", v.redeemed)
	}
}

// TestACustomerIsIdentifiedByOrgKey: an organization with a new orgId, as after a
// move, is the same customer.
func TestACustomerIsIdentifiedByOrgKey(t *testing.T) {
	v := visit(t)
	for _, test := range []struct{ code, customer string }{
		{"good1-before", "No. 1"}, {"good2-before", "No. 2"}, {"good1-after", "No. 1"},
	} {
		if _, page := v.launch(test.code); !strings.Contains(page, test.customer+"<") {
			t.Errorf("%s is not customer %s: %s", test.code, test.customer, page)
		}
	}
}

func TestTheSessionIsTheBrowsers(t *testing.T) {
	v := visit(t)
	v.launch("good1")
	address, _ := url.Parse(v.server.URL)
	cookies := v.Jar.Cookies(address)
	if len(cookies) != 1 || len(cookies[0].Value) < 20 {
		t.Fatalf("cookies %v", cookies)
	}
	v.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	response, _ := v.launch("good2")
	cookie := response.Header.Get("Set-Cookie")
	for _, want := range []string{"HttpOnly", "SameSite=Lax", "Max-Age=3600", cookies[0].Value} {
		if !strings.Contains(cookie, want) {
			t.Errorf("the cookie is %s, without %s", cookie, want)
		}
	}
	if response.Header.Get("Referrer-Policy") != "no-referrer" || response.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("the redirect has %v", response.Header)
	}
	v.Jar = nil // another browser
	if response, page := v.get("content?view=1"); response.StatusCode != 403 || strings.Contains(page, "Customer") {
		t.Errorf("another browser sees %s", page)
	}
}

func TestRefused(t *testing.T) {
	v := visit(t)
	check := func(what, want string, response *http.Response, page string) {
		t.Helper()
		if response.StatusCode != 403 || !strings.Contains(html.UnescapeString(page), want) || strings.Contains(page, key) {
			t.Errorf("%s: %d %s, want %q", what, response.StatusCode, page, want)
		}
	}
	for _, path := range []string{"content", "content?view=7"} {
		response, page := v.get(path)
		check(path, "used before", response, page)
	}
	for code, want := range map[string]string{
		"unknown": "used before", "key": "content API key is not accepted", "bad-json": "cannot be read",
		"broken": "cannot be redeemed now (503)", "\x01\x02/\"<": "used before",
	} {
		response, page := v.launch(code)
		check(code, want, response, page)
	}
}

// TestOnlyAPostOfTheSiteRedeems: reading methods, prefetches and requests of other
// sites do not.
func TestOnlyAPostOfTheSiteRedeems(t *testing.T) {
	v := visit(t)
	for _, test := range []struct {
		method, header, value string
		status                int
	}{
		{"HEAD", "", "", 200},
		{"GET", "", "", 200},
		{"GET", "Sec-Purpose", "prefetch", 200},
		{"GET", "Sec-Purpose", "prefetch;prerender", 200},
		{"GET", "Purpose", "prefetch", 200},
		{"GET", "X-Moz", "prefetch", 200},
		{"OPTIONS", "", "", 405},
		{"PUT", "", "", 405},
		{"POST", "Sec-Fetch-Site", "cross-site", 403},
		{"POST", "Origin", "https://evil.example.com", 403},
	} {
		body := strings.NewReader("launch=good1")
		request, err := http.NewRequest(test.method, v.server.URL+"/sample/content?launch=good1", body)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if test.header != "" {
			request.Header.Set(test.header, test.value)
		}
		response, _ := v.read(v.Do(request))
		if response.StatusCode != test.status || len(v.redeemed) > 0 || len(response.Cookies()) > 0 {
			t.Errorf("%s, %s: %s: %d, redeemed %q", test.method, test.header, test.value, response.StatusCode, v.redeemed)
		}
	}
	if response, page := v.launch("good1"); response.StatusCode != 200 || !strings.Contains(page, "Customer of good1") {
		t.Errorf("the launch itself: %d %s", response.StatusCode, page)
	}
}

func TestDevicesShowTheirParameters(t *testing.T) {
	v := visit(t)
	for path, wants := range map[string][]string{
		"signage?deviceId=one&deviceName=%3Cscript%3E&workspace=Lobby": {"&lt;script&gt;", "Welcome to", "Lobby", "one"},
		"signage":                         {"this device"},
		"app?deviceId=two&navigator=FOC1": {"Navigator FOC1", "two"},
	} {
		response, page := v.get(path)
		if response.StatusCode != 200 || response.Header.Get("X-Frame-Options") != "" || strings.Contains(response.Header.Get("Content-Security-Policy"), "frame-ancestors") {
			t.Errorf("%s: %d %v", path, response.StatusCode, response.Header)
		}
		for _, want := range wants {
			if !strings.Contains(page, want) {
				t.Errorf("%s lacks %q", path, want)
			}
		}
	}
	for path, kind := range map[string]string{"style.css": "text/css", "icon.svg": "image/svg+xml"} {
		if response, _ := v.get(path); response.StatusCode != 200 || !strings.HasPrefix(response.Header.Get("Content-Type"), kind) {
			t.Errorf("%s: %d %v", path, response.StatusCode, response.Header)
		}
	}
}
