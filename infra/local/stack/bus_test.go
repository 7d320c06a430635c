package stack

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// TestWhatIsDeliveredAgain: as by an API destination of EventBridge, after 429, 5xx, and
// where nobody answers. A redirect is not followed: the key is for the address only.
func TestWhatIsDeliveredAgain(t *testing.T) {
	for status, want := range map[int]struct{ failed, retry bool }{
		200: {}, 204: {}, 302: {true, false}, 307: {true, false}, 400: {true, false}, 401: {true, false}, 404: {true, false},
		429: {true, true}, 500: {true, true}, 503: {true, true}, 0: {true, true},
	} {
		requests := 0
		subscriber := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			requests++
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(status)
		}))
		if status == 0 {
			subscriber.Close()
		}
		b := newBus(&settings{given: map[string]string{variableEvents: subscriber.URL}}, newLogs(nil))
		retry, err := b.post(t.Context(), envelope{})
		if (err != nil) != want.failed || retry != want.retry || requests > 1 {
			t.Errorf("%d: retry %t, %v, %d requests", status, retry, err, requests)
		}
		subscriber.Close()
	}
}
