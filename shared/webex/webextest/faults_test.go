package webextest_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"signpost/shared/webex/webextest"
)

func TestCannedFaults(t *testing.T) {
	for _, test := range []struct {
		name   string
		fault  webextest.Fault
		status int
		header string
		value  string
		body   string
	}{
		{"busy", webextest.Fault{Status: 429, RetryAfter: "7"}, 429, "Retry-After", "7", `"message":"Too Many Requests"`},
		{"down", webextest.Fault{Status: 503}, 503, "Content-Type", "application/json;charset=UTF-8", "trackingId"},
		{"not JSON", webextest.Fault{Status: 502, Body: "<h1>Bad</h1>", ContentType: "text/html"}, 502, "Content-Type", "text/html", "<h1>Bad</h1>"},
		{"another body", webextest.Fault{Body: "{}"}, 200, "", "", "{}"},
		{"redirect", webextest.Fault{Redirect: "https://evil.example.com/"}, 307, "Location", "https://evil.example.com/", ""},
		{"redirect with its status", webextest.Fault{Redirect: "/x", Status: 302}, 302, "Location", "/x", ""},
	} {
		f, a := setupActivated(t)
		f.Inject(test.fault)
		r := f.put(a.signage, a.access, signageBody)
		if r.status != test.status || r.header.Get(test.header) != test.value || !strings.Contains(string(r.raw), test.body) {
			t.Errorf("%s: %d %v %s", test.name, r.status, r.header, r.raw)
		}
		if f.Pushes(f.org, webextest.DigitalSignage) != 0 {
			t.Errorf("%s: the work was done", test.name)
		}
	}
}

func TestFaultsThatOnlyDressTheAnswer(t *testing.T) {
	f, a := setupActivated(t)
	f.Inject(webextest.Fault{Kind: webextest.KindSignage, ContentType: "text/plain", Before: "\ufeff"})
	r := f.put(a.signage, a.access, signageBody)
	if r.status != 200 || r.header.Get("Content-Type") != "text/plain" || !strings.HasPrefix(string(r.raw), "\ufeff{") || f.Pushes(f.org, webextest.DigitalSignage) != 1 {
		t.Errorf("%d %v %q", r.status, r.header, r.raw)
	}
}

func TestFaultsOfOneRegion(t *testing.T) {
	f := setup(t, webextest.Options{})
	f.Inject(webextest.Fault{Kind: webextest.KindJWKS, Region: "eu-central-1_k", Status: 500})
	for region, want := range map[string]int{"eu-central-1_k": 500, "us-west-2_r": 200} {
		if r := send(t, "GET", f.JWKSURLs()[region], "", "", ""); r.status != want {
			t.Errorf("key set of %s: %d, want %d", region, r.status, want)
		}
	}
}

func TestFaultsAreMatchedAndUsedUp(t *testing.T) {
	f, a := setupActivated(t)
	f.Inject(webextest.Fault{Kind: webextest.KindSignage, Method: "PUT", OrgID: f.org, Times: 2, Status: 500})
	f.Inject(webextest.Fault{OrgID: "another", Status: 501})
	f.Inject(webextest.Fault{Kind: webextest.KindToken, OrgID: f.org, Status: 503})
	if r := send(t, "GET", a.signage, "", a.access, ""); r.status != 404 {
		t.Errorf("GET: %d", r.status)
	}
	if r := f.put(a.pwa, a.access, pwaBody); r.status != 200 {
		t.Errorf("PUT of the other feature: %d", r.status)
	}
	for i, want := range []int{500, 500, 200} {
		if r := f.put(a.signage, a.access, signageBody); r.status != want {
			t.Errorf("PUT %d: %d, want %d", i, r.status, want)
		}
	}
	for range 3 {
		if r := f.exchange(a.oauth, a.refresh); r.status != 503 {
			t.Errorf("token: %d", r.status)
		}
	}
	if len(f.Faults()) != 2 {
		t.Errorf("left: %v", f.Faults())
	}
	f.ClearFaults()
	f.accessToken(a.oauth, a.refresh)
	if n := f.Count(webextest.KindSignage, "PUT"); n != 3 {
		t.Errorf("%d PUTs counted, want the failed ones too", n)
	}
}

func TestAFaultEndsByItself(t *testing.T) {
	f, a := setupActivated(t)
	f.Inject(webextest.Fault{Status: 503, Until: f.clock.now().Add(time.Minute)})
	if r := f.put(a.signage, a.access, signageBody); r.status != 503 || len(f.Faults()) != 1 {
		t.Errorf("while it lasts: %d", r.status)
	}
	f.clock.advance(time.Minute)
	if r := f.put(a.signage, a.access, signageBody); r.status != 200 || len(f.Faults()) != 0 {
		t.Errorf("after it: %d", r.status)
	}
}

func TestCutConnections(t *testing.T) {
	for _, test := range []struct {
		name   string
		fault  webextest.Fault
		pushes int
		status int // as logged
	}{
		{"lost reply", webextest.Fault{LoseReply: true, Times: 1}, 1, 200},
		{"slowly lost reply", webextest.Fault{LoseReply: true, Delay: time.Millisecond, Times: 1}, 1, 200},
		{"refused", webextest.Fault{Refuse: true, Times: 1}, 0, 0},
		{"truncated", webextest.Fault{Truncate: true, Times: 1}, 1, 200},
	} {
		f, a := setupActivated(t)
		f.ResetRequests()
		f.Inject(test.fault)
		if _, err := trySend("PUT", a.signage, "application/json", a.access, signageBody); err == nil {
			t.Errorf("%s: no error", test.name)
		}
		if n := f.Pushes(f.org, webextest.DigitalSignage); n != test.pushes {
			t.Errorf("%s: %d pushes", test.name, n)
		}
		if requests := f.Requests(); len(requests) != 1 || requests[0].Status != test.status {
			t.Errorf("%s: logged %+v", test.name, requests)
		}
	}
}

// Go's client repeats a GET if a kept-alive connection ends without a byte, which
// would hide the fault.
func TestCutConnectionsAreNotRepeatedByTheClient(t *testing.T) {
	f, a := setupActivated(t)
	send(t, "GET", a.app, "", a.access, "") // leaves a connection to reuse
	f.Inject(webextest.Fault{Refuse: true, Times: 1})
	if _, err := trySend("GET", a.app, "", a.access, ""); err == nil {
		t.Error("the client repeated the request")
	}
}

func TestCutWithoutAConnection(t *testing.T) {
	c := webextest.NewCloud(webextest.Options{})
	c.Inject(webextest.Fault{Refuse: true})
	defer func() {
		if recover() != http.ErrAbortHandler {
			t.Error("not aborted")
		}
	}()
	c.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/"+west+"/jwks", nil))
}

func TestDelayEndsWithTheClient(t *testing.T) {
	f, a := setupActivated(t)
	arrived := make(chan struct{})
	f.OnRequest(func(webextest.Request) { close(arrived) })
	f.Inject(webextest.Fault{Delay: time.Hour})
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error)
	go func() {
		request, _ := http.NewRequestWithContext(ctx, "PUT", a.signage, strings.NewReader(signageBody))
		request.Header.Set("Authorization", "Bearer "+a.access)
		_, err := client.Do(request)
		failed <- err
	}()
	<-arrived
	cancel()
	if <-failed == nil {
		t.Error("answered")
	}
	if f.Pushes(f.org, webextest.DigitalSignage) != 0 {
		t.Error("the work was done")
	}
}

func TestDelayEndsWithTheCloud(t *testing.T) {
	f, a := setupActivated(t)
	f.OnRequest(func(webextest.Request) { f.Close() })
	f.Inject(webextest.Fault{Delay: time.Hour})
	if _, err := trySend("GET", a.app, "", a.access, ""); err == nil {
		t.Error("answered")
	}
}

func TestHookSeesARequestBeforeItsWork(t *testing.T) {
	f, a := setupActivated(t)
	f.ResetRequests()
	var seen []webextest.Request
	f.OnRequest(func(r webextest.Request) {
		seen = append(seen, r)
		if f.Pushes(f.org, webextest.DigitalSignage) != 0 {
			t.Error("the work was done before")
		}
	})
	f.put(a.signage, a.access, signageBody)
	if len(seen) != 1 || seen[0].Kind != webextest.KindSignage || seen[0].OrgID != f.org || seen[0].Status != 0 || string(seen[0].Body) != signageBody || seen[0].URL != a.signage {
		t.Errorf("%+v", seen)
	}
	if logged := f.Requests(); len(logged) != 1 || logged[0].Status != 200 {
		t.Errorf("%+v", logged)
	}
}

func TestTooLargeABody(t *testing.T) {
	_, a := setupActivated(t)
	if r, err := trySend("PUT", a.signage, "application/json", a.access, strings.Repeat(" ", 2<<20)); err == nil && r.status != 413 {
		t.Errorf("%d %s", r.status, r.raw)
	}
}

func TestConcurrentUse(t *testing.T) {
	f, a, _ := provisioned(t)
	f.SetRotateRefreshTokens(true)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			f.put(a.signage, a.access, signageBody)
			f.exchange(a.oauth, a.refresh)
			_, _ = f.HealthCheck(t.Context(), f.org)
			f.RotateKeys(west)
			send(t, "GET", f.JWKSURLs()[west], "", "", "")
			_, _ = f.Installation(f.org)
			f.Requests()
		})
	}
	wg.Wait()
	if n := f.Pushes(f.org, webextest.DigitalSignage); n != 20 {
		t.Errorf("%d pushes", n)
	}
}
