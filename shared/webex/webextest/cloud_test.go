package webextest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"signpost/shared/webex/webextest"
)

const west, east, europe, testCloud = "us-west-2_r", "us-east-2_a", "eu-central-1_k", "us-east-1_int13"

// clock is Webex's clock, moved by the test.
type clock struct{ passed atomic.Int64 }

func (c *clock) now() time.Time {
	return time.Date(2026, 3, 4, 5, 6, 7, 123456789, time.UTC).Add(time.Duration(c.passed.Load()))
}

func (c *clock) advance(d time.Duration) { c.passed.Add(int64(d)) }

// fixture is a cloud with one customer.
type fixture struct {
	*testing.T
	*webextest.Cloud
	clock *clock
	org   string
}

func setup(t *testing.T, o webextest.Options) *fixture {
	t.Helper()
	f := &fixture{T: t, clock: &clock{}}
	o.Now = f.clock.now
	f.Cloud = webextest.NewServer(t, o)
	f.org = f.AddOrganization("Example Ltd", west).ID()
	return f
}

// setupActivated is setup with an installation whose access token was fetched.
func setupActivated(t *testing.T) (*fixture, activated) {
	t.Helper()
	f := setup(t, webextest.Options{})
	return f, f.activate()
}

// result is a complete HTTP answer.
type result struct {
	status int
	header http.Header
	raw    []byte
	json   map[string]any
}

func send(t testing.TB, method, target, contentType, bearer, body string) result {
	t.Helper()
	r, err := trySend(method, target, contentType, bearer, body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, target, err)
	}
	return r
}

// client follows no redirect.
var client = &http.Client{
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

func trySend(method, target, contentType, bearer, body string) (result, error) {
	request, err := http.NewRequest(method, target, strings.NewReader(body))
	if err != nil {
		return result{}, err
	}
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	if bearer != "" {
		request.Header.Set("Authorization", "Bearer "+bearer)
	}
	response, err := client.Do(request)
	if err != nil {
		return result{}, err
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	r := result{status: response.StatusCode, header: response.Header, raw: raw}
	_ = json.Unmarshal(raw, &r.json)
	return r, err
}

// claimsOf decodes a token without checking it.
func claimsOf(t testing.TB, token string) (header, claims map[string]any) {
	t.Helper()
	parsed, _, err := jwt.NewParser().ParseUnverified(token, jwt.MapClaims{})
	if err != nil {
		t.Fatal(err)
	}
	return parsed.Header, parsed.Claims.(jwt.MapClaims)
}

// activated is what an integration knows after its first token exchange.
type activated struct {
	claims                   map[string]any
	app, signage, pwa, oauth string
	refresh, access          string
}

func (f *fixture) activate() activated {
	f.Helper()
	code, err := f.MintActivation(f.org)
	if err != nil {
		f.Fatal(err)
	}
	_, claims := claimsOf(f.T, code)
	text := func(name string) string { s, _ := claims[name].(string); return s }
	a := activated{
		claims: claims, app: text("appUrl"), signage: text("signageUrl"), pwa: text("pwaUrl"),
		oauth: text("oauthUrl"), refresh: text("refreshToken"),
	}
	a.access = f.accessToken(a.oauth, a.refresh)
	return a
}

func (f *fixture) exchange(oauthURL, refresh string) result {
	f.Helper()
	form := url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {refresh},
		"client_id": {f.ClientID()}, "client_secret": {f.ClientSecret()},
	}
	return send(f.T, "POST", oauthURL, "application/x-www-form-urlencoded", "", form.Encode())
}

func (f *fixture) accessToken(oauthURL, refresh string) string {
	f.Helper()
	r := f.exchange(oauthURL, refresh)
	if r.status != 200 {
		f.Fatalf("exchange: %d %s", r.status, r.raw)
	}
	return r.json["access_token"].(string)
}

const signageBody = `{"signageUrl":"https://signage.example.com/webex?deviceId=$(deviceId)&name=$(deviceName)",` +
	`"crossLaunch":{"manageContent":{"url":"https://api.example.com/m"},"assignContent":{"url":"https://api.example.com/a"}}}`

const pwaBody = `{"pwaUrl":"https://pwa.example.com/?serial=$(peripheralSerial)"}`

func (f *fixture) put(target, bearer, body string) result {
	f.Helper()
	return send(f.T, "PUT", target, "application/json", bearer, body)
}

func TestStoryOfOneCustomer(t *testing.T) {
	f, a := setupActivated(t)
	patch := `{"provisioningState":"completed","actionsUrl":"https://api.example.com/actions","customer":{"id":"1","name":"n"}}`
	if r := send(t, "PATCH", a.app, "application/json", a.access, patch); r.status != 200 || r.json["provisioningState"] != "completed" {
		t.Fatalf("PATCH: %d %s", r.status, r.raw)
	}
	if r := f.put(a.signage, a.access, signageBody); r.status != 200 {
		t.Fatalf("PUT: %d %s", r.status, r.raw)
	}
	if r := f.put(a.pwa, a.access, pwaBody); r.status != 200 {
		t.Fatalf("PUT: %d %s", r.status, r.raw)
	}
	view, ok := f.Installation(f.org)
	if !ok || !view.FullyProvisioned || view.ActionsURL != "https://api.example.com/actions" {
		t.Fatalf("installation: %+v", view)
	}
	if n := f.Pushes(f.org, webextest.DigitalSignage); n != 1 {
		t.Errorf("%d pushes", n)
	}
	if n := f.Count(webextest.KindSignage, "PUT"); n != 1 {
		t.Errorf("%d PUTs counted", n)
	}
}
