package wire_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"signpost/infra/local/console/wire"
)

const customer = "3a6ff373-68a7-44e4-91d6-a27460e0ac5c"

// fixture is a log whose clock advances by a second with each reading.
type fixture struct {
	*wire.Log
	touched int
}

func newFixture(limit int) *fixture {
	f, now := &fixture{}, time.Unix(1_700_000_000, 0)
	f.Log = wire.New(wire.Options{
		Limit: limit, Touch: func() { f.touched++ },
		Now: func() time.Time { now = now.Add(time.Second); return now },
		OrgOf: func(token string) string {
			if token == "refresh-1" {
				return customer
			}
			return ""
		},
	})
	return f
}

func jwt(claims string) string {
	part := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	return part(`{"alg":"ES256","kid":"k"}`) + "." + part(claims) + "." + part("signature")
}

func subject() string {
	return base64.RawStdEncoding.EncodeToString([]byte("ciscospark://us/ORGANIZATION/" + customer))
}

// only returns the single recorded exchange, also as text.
func (f *fixture) only(t *testing.T) (wire.Exchange, string) {
	t.Helper()
	all, _ := f.Since(0)
	if len(all) != 1 {
		t.Fatalf("%d exchanges", len(all))
	}
	return all[0], fmt.Sprintf("%+v", all[0])
}

func TestWhatWebexSends(t *testing.T) {
	f := newFixture(10)
	code := "launch-code-of-somebody"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if !strings.Contains(string(body), "eyJ") {
			t.Errorf("Signpost got %s", body)
		}
		w.Header().Set("Set-Cookie", "session=secret-cookie")
		fmt.Fprintf(w, `{"redirectUrl":"https://content.example.com/?a=1&launch=%s"}`, code)
	}))
	defer server.Close()
	token := jwt(`{"sub":"` + subject() + `","action":"provision","refreshToken":"secret-refresh","iat":1700000000}`)
	response, err := f.Client(nil).Post(server.URL+"/activation?x=1", "application/json", strings.NewReader(`{"jwt":"`+token+`","devices":[{"deviceId":"<b>"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if body, _ := io.ReadAll(response.Body); !strings.Contains(string(body), code) {
		t.Errorf("Webex got %s", body)
	}
	exchange, text := f.only(t)
	if !exchange.FromWebex || exchange.OrgID != customer || exchange.Status != 200 || !exchange.Done || exchange.Took != time.Second {
		t.Errorf("%+v", exchange)
	}
	for _, want := range []string{`"action": "provision"`, `"alg": "ES256"`, `"iat": 1700000000`, `"refreshToken": "[redacted]"`, `"deviceId": "<b>"`, "a=1&launch=[redacted]", "/activation?x=1"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in %s", want, text)
		}
	}
	for _, secret := range []string{code, "secret-refresh", "secret-cookie", token, "eyJ"} {
		if strings.Contains(text, secret) {
			t.Errorf("%q is shown in %s", secret, text)
		}
	}
	if f.touched != 2 {
		t.Errorf("touched %d times", f.touched)
	}
}

func TestWhatSignpostAsks(t *testing.T) {
	for _, test := range []struct {
		name, target, kind, body string
		org                      string
		shows, hides             []string
	}{
		{"a token", "/us/v1/access_token", "application/x-www-form-urlencoded", "grant_type=refresh_token&refresh_token=refresh-1&client_secret=s3cr3t&client_id=me",
			customer, []string{"grant_type = refresh_token", "refresh_token = [redacted]", "client_secret = [redacted]", "client_id = me"}, []string{"refresh-1", "s3cr3t"}},
		{"a token, as JSON", "/us/v1/access_token", "application/json", `{"refresh_token":"refresh-2","client_secret":"s3cr3t"}`,
			"", []string{`"client_secret": "[redacted]"`}, []string{"refresh-2", "s3cr3t"}},
		{"a configuration", "/us/xapi/api/organizations/" + customer + "/apps/1/features/x", "application/json", `{"signageUrl":"https://a.example/$(deviceId)&b"}`,
			customer, []string{`https://a.example/$(deviceId)&b`, "Bearer [redacted]"}, []string{"access-1"}},
		{"no JSON", "/us/jwks", "text/plain", "launch it with ?launch=code-1 and " + jwt(`{}`), "", []string{"?launch=[redacted] and [redacted]"}, []string{"code-1", "eyJ"}},
		{"a broken token", "/us/jwks", "application/json", `{"jwt":"eyJhbGciOiJub25lIn0.eyJ4.zzz"}`, "", []string{`"jwt": "[redacted]"`}, []string{"eyJ"}},
		{"bad text", "/us/jwks", "text/plain", "a\xffb", "", []string{"a\uFFFDb"}, nil},
	} {
		f := newFixture(10)
		handler := f.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if body, _ := io.ReadAll(r.Body); string(body) != test.body {
				t.Errorf("%s: Webex got %s", test.name, body)
			}
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(`{"access_token":"access-2","expires_in":5}`))
		}))
		request := httptest.NewRequest("POST", test.target, strings.NewReader(test.body))
		request.Header.Set("Content-Type", test.kind)
		request.Header.Set("Authorization", "Bearer access-1")
		handler.ServeHTTP(httptest.NewRecorder(), request)
		exchange, text := f.only(t)
		if exchange.FromWebex || exchange.OrgID != test.org || exchange.Status != 200 || exchange.Failure != "" {
			t.Errorf("%s: %+v", test.name, exchange)
		}
		for _, want := range append(test.shows, `"access_token": "[redacted]"`, `"expires_in": 5`) {
			if !strings.Contains(text, want) {
				t.Errorf("%s: %q is missing in %s", test.name, want, text)
			}
		}
		for _, secret := range append(test.hides, "access-2") {
			if strings.Contains(text, secret) {
				t.Errorf("%s: %q is shown in %s", test.name, secret, text)
			}
		}
	}
}

func TestNoWholeAnswer(t *testing.T) {
	f := newFixture(10)
	if _, err := f.Client(&http.Client{Transport: failing{}}).Get("http://127.0.0.1/?launch=code-1"); err == nil {
		t.Error("no error")
	}
	for _, handler := range []http.HandlerFunc{
		func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503); panic(http.ErrAbortHandler) },
	} {
		func() {
			defer func() { _ = recover() }() // as net/http does
			f.Handler(handler).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
		}()
	}
	all, _ := f.Since(0)
	if len(all) != 3 || all[0].Status != 503 || all[0].Failure != "the response was cut off" || all[1].Failure != "the connection was cut" ||
		!strings.HasPrefix(all[2].Failure, "no response: ") || strings.Contains(fmt.Sprint(all), "code-1") {
		t.Errorf("%+v", all)
	}
}

type failing struct{}

func (failing) RoundTrip(*http.Request) (*http.Response, error) { return nil, errors.New("no route") }

func TestSinceAndLimits(t *testing.T) {
	f := newFixture(3)
	large := strings.Repeat("x", 1<<17)
	handler := f.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, large) }))
	ask := func() { handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)) }
	for range 5 {
		ask()
	}
	all, mark := f.Since(0)
	if len(all) != 3 || all[0].ID != 5 || all[2].ID != 3 {
		t.Errorf("%d are kept, the newest is %d", len(all), all[0].ID)
	}
	if kept := len(all[0].Response.Body); kept+all[0].Response.Left != len(large) || kept > 1<<15 {
		t.Errorf("%d bytes are kept, %d left", kept, all[0].Response.Left)
	}
	if none, _ := f.Since(mark); len(none) != 0 {
		t.Errorf("%d changed", len(none))
	}
	ask()
	if some, _ := f.Since(mark); len(some) != 1 || some[0].ID != 6 {
		t.Errorf("%+v", some)
	}
	if _, kept := f.Find(6); !kept {
		t.Error("the last is not found")
	}
	if _, kept := f.Find(1); kept {
		t.Error("the first is still kept")
	}
}
