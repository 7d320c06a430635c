package story_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"signpost/infra/local/demo/story"
)

// answering is a server that sends the same response to all requests.
func answering(t *testing.T, status int, body string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// unused is an address without a listener.
func unused() string {
	server := httptest.NewServer(nil)
	defer server.Close()
	return server.URL
}

func TestFind(t *testing.T) {
	api := answering(t, 200, `{"FunctionName":"VerifyConfigsFunction","Environment":{"Variables":{"PUBLIC_URL":"http://127.0.0.1:3000/"}}}`)
	webex := answering(t, 200, `{"appId":"x","provisioningUrl":"http://127.0.0.1:3000/activation"}`)
	others := answering(t, 200, `{"appId":"x","provisioningUrl":"http://127.0.0.1:4000/activation"}`)
	page, missing, json := answering(t, 200, "<h1>Hello"), answering(t, 404, "{}"), answering(t, 200, "{}")
	for name, test := range map[string]struct {
		api, webex string
		running    bool
		problem    string
	}{
		"a stack":                   {api, webex, true, ""},
		"nobody":                    {unused(), unused(), false, ""},
		"only an API":               {api, unused(), false, "incomplete stack: an API runs at " + api},
		"only a simulator":          {unused(), webex, false, "incomplete stack: a Webex simulator runs at " + webex},
		"two stacks":                {api, others, false, "two stacks"},
		"a page for an API":         {page, unused(), false, page + " is used by another program: it does not respond like a Signpost API"},
		"another API":               {missing, webex, false, missing + " is used"},
		"JSON for an API":           {json, webex, false, json + " is used"},
		"a page for a simulator":    {unused(), page, false, page + " is used by another program: it does not respond like a Webex simulator"},
		"another API for simulator": {api, missing, false, missing + " is used"},
		"JSON for a simulator":      {api, json, false, json + " is used"},
	} {
		t.Run(name, func(t *testing.T) {
			running, err := story.Find(t.Context(), test.api, test.webex)
			if running != test.running || (err == nil) != (test.problem == "") || (err != nil && !strings.Contains(err.Error(), test.problem)) {
				t.Errorf("got %v, %v; want %v, %q", running, err, test.running, test.problem)
			}
		})
	}
}

func TestFindEndsWithItsContext(t *testing.T) {
	asked := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(asked)
		<-r.Context().Done()
	}))
	t.Cleanup(server.Close)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-asked; cancel() }()
	if running, err := story.Find(ctx, server.URL, unused()); running || err == nil || strings.Contains(err.Error(), "used") {
		t.Errorf("got %v, %v", running, err)
	}
}
