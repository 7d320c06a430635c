package customer

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Statuses is the contract's table of problems: the HTTP status of each code.
var Statuses = map[string]int{
	"malformed_request": 400,
	"bad_algorithm":     401, "unknown_key": 401, "bad_signature": 401,
	"token_expired": 401, "token_not_yet_valid": 401,
	"token_replayed":         409,
	"wrong_app":              403,
	"wrong_action":           400,
	"untrusted_url":          400,
	"unknown_installation":   404,
	"feature_not_provided":   404,
	"too_many_devices":       413,
	"unknown_launch":         404,
	"unknown_invitation":     404,
	"unauthorized":           401,
	"ambiguous_installation": 409, "reload_impossible": 409,
	"too_many_requests": 429,
	"webex_rejected":    502, "webex_unavailable": 503,
	"internal": 500,
}

// Request is a request to the API. Names of headers are sent as they are; Host sets
// the request's host.
type Request struct {
	Method, Path, ContentType, Body string
	Headers                         map[string]string
}

// Post is a request with a token in JSON.
func Post(path, token string) Request {
	return Request{Method: "POST", Path: path, ContentType: "application/json", Body: Encode(Object{"jwt": token})}
}

// Redeeming is the request that redeems a launch; the code goes into the path as
// it is.
func Redeeming(code, key string) Request {
	return Request{Method: "POST", Path: "/launches/" + code, Headers: Bearer(key)}
}

// Bearer is the header that carries a key.
func Bearer(key string) map[string]string { return map[string]string{"Authorization": "Bearer " + key} }

// Answer is an answer to a Request.
type Answer struct {
	Status int
	Header http.Header
	Body   string
	Took   time.Duration
}

// client follows no redirect. Its timeout is longer than all limits of the contract.
var client = &http.Client{
	Timeout:       20 * time.Second,
	Transport:     &http.Transport{MaxIdleConnsPerHost: 128},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// Do sends r to the API at base with the caller's client.
func Do(ctx context.Context, client *http.Client, base string, r Request) (Answer, error) {
	sent, err := http.NewRequestWithContext(ctx, r.Method, base+r.Path, strings.NewReader(r.Body))
	if err != nil {
		return Answer{}, err
	}
	if r.ContentType != "" {
		sent.Header.Set("Content-Type", r.ContentType)
	}
	for name, value := range r.Headers {
		if name == "Host" {
			sent.Host = value
		}
		sent.Header[name] = []string{value}
	}
	began := time.Now()
	response, err := client.Do(sent)
	if err != nil {
		return Answer{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return Answer{response.StatusCode, response.Header, string(body), time.Since(began)}, err
}

// Try is Send for goroutines other than the test's.
func Try(base string, r Request) (Answer, error) { return Do(context.Background(), client, base, r) }

// Send sends r to the API at base; a request without an answer ends the test.
func Send(t *testing.T, base string, r Request) Answer {
	t.Helper()
	got, err := Try(base, r)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// AtOnce sends one request several times concurrently and counts the statuses.
func AtOnce(t *testing.T, base string, times int, r Request) map[int]int {
	t.Helper()
	var mu sync.Mutex
	count := map[int]int{}
	var wait sync.WaitGroup
	start := make(chan struct{})
	for range times {
		wait.Go(func() {
			<-start
			got, err := Try(base, r)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			count[got.Status]++
		})
	}
	close(start)
	wait.Wait()
	return count
}

// Want ends the test unless the answer has this status.
func (a Answer) Want(t *testing.T, status int) Answer {
	t.Helper()
	if a.Status != status {
		t.Fatalf("answer is %d %.1000s, want %d", a.Status, a.Body, status)
	}
	return a
}

// inner are words of our code, Go and DynamoDB that must not be in an answer.
var inner = []string{"goroutine", "panic", ".go:", "json:", "crypto/", "dynamodb", "DynamoDB", "Installations", "Exception", "dial"}

// WantProblem checks the whole problem answer: status, content type, members,
// and that it exposes nothing internal.
func (a Answer) WantProblem(t *testing.T, code string) {
	t.Helper()
	if a.Status != Statuses[code] {
		t.Errorf("answer is %d %.300s, want %d %s", a.Status, a.Body, Statuses[code], code)
		return
	}
	if got := a.Header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("%s: content type is %q, want application/problem+json", code, got)
	}
	problem := a.Object(t)
	members := slices.Sorted(maps.Keys(problem))
	if !slices.Equal(members, []string{"code", "detail", "status", "title", "type"}) {
		t.Errorf("%s: members are %v", code, members)
	}
	for _, member := range []string{"type", "title", "detail"} {
		if text, _ := problem[member].(string); text == "" {
			t.Errorf("%s: %s is %v, want a text", code, member, problem[member])
		}
	}
	if problem["code"] != code || problem["status"] != float64(Statuses[code]) {
		t.Errorf("code and status are %v and %v, want %s and %d", problem["code"], problem["status"], code, Statuses[code])
	}
	a.WantNothingInner(t)
}

// WantNothingInner checks that the answer exposes nothing internal.
func (a Answer) WantNothingInner(t *testing.T) {
	t.Helper()
	for _, word := range inner {
		if strings.Contains(a.Body, word) {
			t.Errorf("the answer shows %q: %.300s", word, a.Body)
		}
	}
}

// Object is the answer's JSON.
func (a Answer) Object(t *testing.T) Object {
	t.Helper()
	var value Object
	if err := json.Unmarshal([]byte(a.Body), &value); err != nil {
		t.Fatalf("%d, %v: %.1000s", a.Status, err, a.Body)
	}
	return value
}

// WantJSON checks status, content type and the whole body.
func (a Answer) WantJSON(t *testing.T, status int, want Object) {
	t.Helper()
	if kind := a.Header.Get("Content-Type"); a.Status != status || kind != "application/json" {
		t.Errorf("answer is %d as %q, want %d as application/json", a.Status, kind, status)
	}
	// Encode writes the keys of objects in order.
	if got, want := Encode(a.Object(t)), Encode(want); got != want {
		t.Errorf("answer is\n%s, want\n%s", got, want)
	}
}

// launchCode matches 256 bits in base64url without padding.
var launchCode = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)

// LaunchCode is the launch code in the redirect to ContentURL.
func (a Answer) LaunchCode(t *testing.T) string {
	t.Helper()
	redirect := fmt.Sprint(a.Want(t, 200).Object(t)["redirectUrl"])
	u, err := url.Parse(redirect)
	if err != nil {
		t.Fatal(err)
	}
	code := u.Query().Get("launch")
	if !launchCode.MatchString(code) || redirect != contentStart+"&launch="+code+contentEnd {
		t.Fatalf("launch code in %s", redirect)
	}
	return code
}
