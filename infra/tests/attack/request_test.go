package attack_test

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// object is JSON that a test writes or reads.
type object = map[string]any

func merged(base, changes object) object {
	result := maps.Clone(base)
	maps.Copy(result, changes)
	maps.DeleteFunc(result, func(_ string, value any) bool { return value == nil })
	return result
}

// encode writes JSON as it is meant, not escaped for a web page.
func encode(value any) string {
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(err) // a test's own values encode
	}
	return strings.TrimSuffix(text.String(), "\n")
}

// client follows no redirect and outwaits every limit of the contract.
var client = &http.Client{
	Timeout:       20 * time.Second,
	Transport:     &http.Transport{MaxIdleConnsPerHost: 128},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// request is one to the API.
type request struct {
	method, path, contentType, body string
	headers                         map[string]string // Host among them
}

// post is a request with a token in JSON.
func post(path, token string) request {
	return request{method: "POST", path: path, contentType: "application/json", body: encode(object{"jwt": token})}
}

type answer struct {
	status int
	header http.Header
	body   string
}

// send sends r to the API at base.
func send(base string, r request) (answer, error) {
	sent, err := http.NewRequest(r.method, base+r.path, strings.NewReader(r.body))
	if err != nil {
		return answer{}, err
	}
	if r.contentType != "" {
		sent.Header.Set("Content-Type", r.contentType)
	}
	for name, value := range r.headers {
		if name == "Host" {
			sent.Host = value
		}
		sent.Header[name] = []string{value}
	}
	response, err := client.Do(sent)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header, string(body)}, err
}

// mustSend is send for the test's own goroutine.
func mustSend(t *testing.T, base string, r request) answer {
	t.Helper()
	got, err := send(base, r)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// want is the answer that a row expects.
type want struct {
	status int
	code   string // of the problem; empty for an answer of API Gateway's own
}

var (
	malformed     = want{400, "malformed_request"}
	badAlgorithm  = want{401, "bad_algorithm"}
	unknownKey    = want{401, "unknown_key"}
	badSignature  = want{401, "bad_signature"}
	expired       = want{401, "token_expired"}
	notYetValid   = want{401, "token_not_yet_valid"}
	replayed      = want{409, "token_replayed"}
	wrongApp      = want{403, "wrong_app"}
	wrongAction   = want{400, "wrong_action"}
	untrustedURL  = want{400, "untrusted_url"}
	unknownOrg    = want{404, "unknown_installation"}
	noFeature     = want{404, "feature_not_provided"}
	tooMany       = want{413, "too_many_devices"}
	unknownLaunch = want{404, "unknown_launch"}
	unauthorized  = want{401, "unauthorized"}
	noRoute       = want{404, ""}
	tooLarge      = want{413, ""}
)

// check compares status and code, and has no answer say more than it should.
func (a answer) check(t *testing.T, wanted want) {
	t.Helper()
	var problem struct {
		Status        int
		Code, Message string
	}
	if err := json.Unmarshal([]byte(a.body), &problem); err != nil && a.body != "" {
		t.Errorf("answer is %d and no JSON: %.300s", a.status, a.body)
		return
	}
	if a.status != wanted.status || problem.Code != wanted.code {
		t.Errorf("answer is %d %.300s, want %d %s", a.status, a.body, wanted.status, wanted.code)
		return
	}
	kind := "application/problem+json"
	if wanted.code == "" {
		kind = "application/json"
	}
	if got := a.header.Get("Content-Type"); got != kind || (wanted.code != "" && problem.Status != wanted.status) {
		t.Errorf("content type is %q, want %q, for %.300s", got, kind, a.body)
	}
	for _, inner := range []string{"goroutine", "panic", ".go:", "json:", "crypto/", "dynamodb"} {
		if strings.Contains(a.body, inner) {
			t.Errorf("the answer shows %q: %.300s", inner, a.body)
		}
	}
}

// launchCode is the launch code in the redirect that was answered.
func (a answer) launchCode(t *testing.T) string {
	t.Helper()
	var body struct {
		RedirectURL string
	}
	if err := json.Unmarshal([]byte(a.body), &body); err != nil || a.status != 200 {
		t.Fatalf("answer is %d %s", a.status, a.body)
	}
	redirect, err := url.Parse(body.RedirectURL)
	if err != nil || !strings.HasPrefix(body.RedirectURL, contentURL+"&launch=") {
		t.Fatalf("redirect is %s", body.RedirectURL)
	}
	return redirect.Query().Get("launch")
}

func decodeSegment(segment string) ([]byte, error) {
	return base64.RawURLEncoding.DecodeString(segment)
}
