package contract_test

import (
	"encoding/json"
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

// statuses is the contract's table of answers.
var statuses = map[string]int{
	"malformed_request": 400,
	"bad_algorithm":     401, "unknown_key": 401, "bad_signature": 401,
	"token_expired": 401, "token_not_yet_valid": 401,
	"token_replayed":       409,
	"wrong_app":            403,
	"wrong_action":         400,
	"untrusted_url":        400,
	"unknown_installation": 404,
	"feature_not_provided": 404,
	"too_many_devices":     413,
	"unknown_launch":       404,
	"unauthorized":         401,
	"webex_rejected":       502, "webex_unavailable": 503,
	"internal": 500,
}

// client outwaits every limit of the contract.
var client = &http.Client{Timeout: 20 * time.Second}

type request struct {
	method, url, contentType, body string
	headers                        map[string]string
}

// answer is what came back over HTTP.
type answer struct {
	status int
	header http.Header
	body   string
	took   time.Duration
}

func send(t *testing.T, r request) answer {
	t.Helper()
	got, err := try(r)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// try is send for other goroutines than the test's.
func try(r request) (answer, error) {
	sent, err := http.NewRequest(r.method, r.url, strings.NewReader(r.body))
	if err != nil {
		return answer{}, err
	}
	if r.contentType != "" {
		sent.Header.Set("Content-Type", r.contentType)
	}
	for name, value := range r.headers {
		sent.Header.Set(name, value)
	}
	began := time.Now()
	response, err := client.Do(sent)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header, string(body), time.Since(began)}, err
}

// atOnce sends one request several times side by side and counts the statuses.
func atOnce(t *testing.T, times int, r request) map[int]int {
	t.Helper()
	var mu sync.Mutex
	count := map[int]int{}
	var wait sync.WaitGroup
	for range times {
		wait.Go(func() {
			got, err := try(r)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			count[got.status]++
		})
	}
	wait.Wait()
	return count
}

// want ends the test unless the answer has this status.
func (a answer) want(t *testing.T, status int) answer {
	t.Helper()
	if a.status != status {
		t.Fatalf("answer is %d %s, want %d", a.status, a.body, status)
	}
	return a
}

// wantProblem checks that the answer is the problem with this code, whole.
func (a answer) wantProblem(t *testing.T, code string) {
	t.Helper()
	if a.status != statuses[code] {
		t.Errorf("answer is %d %s, want %d %s", a.status, a.body, statuses[code], code)
		return
	}
	if got := a.header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("%s: content type is %q, want application/problem+json", code, got)
	}
	problem := a.object(t)
	members := slices.Sorted(maps.Keys(problem))
	if !slices.Equal(members, []string{"code", "detail", "status", "title", "type"}) {
		t.Errorf("%s: members are %v", code, members)
	}
	for _, member := range []string{"type", "title", "detail"} {
		if text, _ := problem[member].(string); text == "" {
			t.Errorf("%s: %s is %v, want a text", code, member, problem[member])
		}
	}
	if problem["code"] != code || problem["status"] != float64(statuses[code]) {
		t.Errorf("code and status are %v and %v, want %s and %d", problem["code"], problem["status"], code, statuses[code])
	}
}

// object is the answer's JSON.
func (a answer) object(t *testing.T) object {
	t.Helper()
	var value object
	if err := json.Unmarshal([]byte(a.body), &value); err != nil {
		t.Fatalf("%v: %s", err, a.body)
	}
	return value
}

// wantJSON checks status, content type and the whole body.
func (a answer) wantJSON(t *testing.T, status int, want any) {
	t.Helper()
	var got any
	if err := json.Unmarshal([]byte(a.body), &got); err != nil {
		t.Fatalf("%d, %v: %s", a.status, err, a.body)
	}
	if kind := a.header.Get("Content-Type"); a.status != status || kind != "application/json" {
		t.Errorf("answer is %d as %q, want %d as application/json", a.status, kind, status)
	}
	// Maps are encoded with their keys in order.
	if got, want := encode(t, got), encode(t, want); got != want {
		t.Errorf("answer is\n%s, want\n%s", got, want)
	}
}

// launchCode is the launch code in the redirect that was answered.
func (a answer) launchCode(t *testing.T) string {
	t.Helper()
	redirect, _ := a.want(t, 200).object(t)["redirectUrl"].(string)
	u, err := url.Parse(redirect)
	if err != nil {
		t.Fatal(err)
	}
	code := u.Query().Get("launch")
	// 256 bits in base64url, without padding.
	if !regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`).MatchString(code) {
		t.Fatalf("launch code in %s", redirect)
	}
	return code
}
