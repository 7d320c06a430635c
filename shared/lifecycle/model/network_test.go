package model_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"strings"
	"sync"
	"time"

	"signpost/shared/webex"
	"signpost/shared/webex/webextest"
)

// network brings requests to the cloud without sockets, each taking its time
// on the way there and back, and tells the model what Webex did.
type network struct {
	cloud *webextest.Cloud
	model *oracle
	label func(string) string // tells calls apart

	mu sync.Mutex
	// meagre is how many more answers of the token endpoint say little.
	meagre int
}

// starve has the next answers of the token endpoint say no more than the
// access token.
func (n *network) starve(answers int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.meagre = answers
}

func (n *network) starved() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.meagre == 0 {
		return false
	}
	n.meagre--
	return true
}

// RoundTrip implements [http.RoundTripper].
func (n *network) RoundTrip(r *http.Request) (*http.Response, error) {
	if path.Base(r.URL.Path) == "jwks" {
		return n.keySet(r), nil // never late, never spoiled
	}
	ctx, w := r.Context(), workerOf(r.Context())
	call := r.Method + " " + path.Base(r.URL.Path)
	if path.Base(path.Dir(r.URL.Path)) == "apps" {
		call = r.Method + " app" // its id is another each time
	}
	body, err := readAll(r.Body)
	if err != nil {
		return nil, err
	}
	call += n.label(orgIn(r.URL.Path))
	if err := w.begin(call); err != nil {
		return nil, err
	}
	if err := w.take(ctx, call+" there"); err != nil {
		return nil, err
	}
	answer, served := n.serve(r, body), time.Now()
	if err := w.take(ctx, call+" back"); err != nil {
		return nil, err
	}
	if !answer.cut && strings.Contains(r.URL.Path, "/features/") {
		n.model.asked(r.URL.String(), answer.Code, served)
	}
	return answer.response(r)
}

func (n *network) keySet(r *http.Request) *http.Response {
	recorder := httptest.NewRecorder()
	n.cloud.ServeHTTP(recorder, httptest.NewRequest(r.Method, r.URL.String(), nil))
	return recorder.Result()
}

func readAll(body io.ReadCloser) ([]byte, error) {
	if body == nil {
		return nil, nil
	}
	defer body.Close()
	return io.ReadAll(body)
}

// answer is what came back of a request.
type answer struct {
	*httptest.ResponseRecorder
	cut    bool // the connection broke
	meagre bool // all but the access token is left out, or empty
}

// serve lets the cloud do its work; the model looks on.
func (n *network) serve(r *http.Request, body []byte) answer {
	request := r.Clone(r.Context())
	request.Body = io.NopCloser(bytes.NewReader(body))
	seen := n.look(r, body)
	answer := answer{ResponseRecorder: httptest.NewRecorder()}
	if seen.client == anotherID {
		answer.WriteHeader(http.StatusBadRequest)
		_, _ = answer.WriteString(`{"error":"invalid_grant"}`)
		n.learn(seen, answer)
		return answer
	}
	func() {
		defer func() {
			switch cause := recover(); cause {
			case nil:
			case http.ErrAbortHandler:
				answer.cut = true
			default:
				panic(cause)
			}
		}()
		n.cloud.ServeHTTP(answer, request)
	}()
	n.learn(seen, answer)
	if seen.refresh != "" && answer.Code == http.StatusOK && !answer.cut && n.starved() {
		answer.meagre = true
	}
	return answer
}

func (a answer) response(r *http.Request) (*http.Response, error) {
	if a.cut && a.Body.Len() == 0 {
		return nil, errors.New("connection was cut")
	}
	response := a.Result()
	response.Request = r
	if a.meagre {
		var tokens map[string]any
		_ = json.Unmarshal(a.Body.Bytes(), &tokens)
		little, _ := json.Marshal(map[string]any{"access_token": tokens["access_token"], "refresh_token": ""})
		response.Body = io.NopCloser(bytes.NewReader(little))
	}
	if a.cut {
		response.Body = io.NopCloser(io.MultiReader(response.Body, cutReader{}))
	}
	return response, nil
}

type cutReader struct{}

func (cutReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// look is what the model wants to know of a request before it is served.
type look struct {
	method, org, feature, refresh, client, url string
	body                                       []byte
	before                                     map[string]any // the configuration stored
	pushes                                     int
}

func (n *network) look(r *http.Request, body []byte) look {
	seen := look{method: r.Method, body: body, url: r.URL.String()}
	if form, err := url.ParseQuery(string(body)); err == nil && strings.HasSuffix(r.URL.Path, "/access_token") {
		seen.refresh, seen.client = form.Get("refresh_token"), form.Get("client_id")
	}
	seen.org, seen.feature = orgIn(r.URL.Path), after(r.URL.Path, "/features/")
	if seen.feature != "" && r.Method == http.MethodPut {
		seen.before, _ = n.cloud.Configuration(seen.org, seen.feature)
		seen.pushes = n.cloud.Pushes(seen.org, seen.feature)
	}
	return seen
}

// orgIn is the organization that a path is about, "" for none.
func orgIn(path string) string { return after(path, "/organizations/") }

// after is the segment of a path that follows this.
func after(path, this string) string {
	_, rest, _ := strings.Cut(path, this)
	segment, _, _ := strings.Cut(rest, "/")
	return segment
}

// learn tells the model what became of the request.
func (n *network) learn(seen look, answer answer) {
	ok := !answer.cut && answer.Code >= 200 && answer.Code < 300
	switch {
	case seen.refresh != "":
		var tokens struct {
			Access  string `json:"access_token"`
			Refresh string `json:"refresh_token"`
			Error   string `json:"error"`
		}
		_ = json.Unmarshal(answer.Body.Bytes(), &tokens)
		if answer.Code == http.StatusBadRequest && bytes.Contains(answer.Body.Bytes(), []byte(`"invalid_grant"`)) {
			tokens.Error = "invalid_grant" // also where the rest of the answer is cut off
		}
		n.model.exchanged(seen.refresh, tokens.Refresh, tokens.Access, tokens.Error, ok)
	case seen.feature != "" && seen.method == http.MethodPut && n.cloud.Pushes(seen.org, seen.feature) > seen.pushes:
		n.model.pushed(seen.org, webex.Feature(seen.feature), seen.before, seen.body)
	case seen.feature != "" && seen.method == http.MethodGet && (answer.Code == http.StatusNotFound || answer.Code == http.StatusGone):
		n.model.saidNone(seen.org, webex.Feature(seen.feature))
	case seen.method == http.MethodGet && seen.feature == "" && seen.org != "" && ok:
		n.model.answered(seen.url)
	}
}
