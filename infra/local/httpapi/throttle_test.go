package httpapi_test

import (
	"context"
	"net/http/httptest"
	"testing"
	"time"

	"signpost/infra/local/httpapi"
)

// TestLimitsOfRoutes: a burst passes, then as many as the rate refills; each
// route has one bucket for all paths that match it.
func TestLimitsOfRoutes(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	called := 0
	h := httpapi.New([]httpapi.Route{
		{Method: "POST", Path: "/things/{id}", Function: "Thing", Limit: httpapi.Limit{Rate: 2, Burst: 3}},
		{Method: "GET", Path: "/things/{id}", Function: "Thing", Limit: httpapi.Limit{Rate: 2, Burst: 3}},
		{Method: "GET", Path: "/page", Function: "Page"},
	}, func(context.Context, string, []byte) ([]byte, error) {
		called++
		return []byte("{}"), nil
	}, func() time.Time { return now })
	for i, test := range []struct {
		after        time.Duration
		method, path string
		status       int
	}{
		{0, "POST", "/things/1", 200},
		{0, "POST", "/things/2", 200},
		{0, "POST", "/things/3", 200},
		{0, "POST", "/things/4", 429},
		{0, "GET", "/things/4", 200},
		{0, "PUT", "/things/4", 404},
		{499 * time.Millisecond, "POST", "/things/1", 429},
		{time.Millisecond, "POST", "/things/1", 200},
		{0, "POST", "/things/1", 429},
		{time.Hour, "POST", "/things/1", 200}, // the bucket holds at most a burst
		{0, "POST", "/things/1", 200},
		{0, "POST", "/things/1", 200},
		{0, "POST", "/things/1", 429},
	} {
		now = now.Add(test.after)
		before := called
		recorder := httptest.NewRecorder()
		h.ServeHTTP(recorder, httptest.NewRequest(test.method, test.path, nil))
		if recorder.Code != test.status || (called > before) != (test.status == 200) {
			t.Errorf("%d: %s %s is answered %d, want %d", i, test.method, test.path, recorder.Code, test.status)
		}
		if test.status == 429 && (recorder.Body.String() != `{"message":"Too Many Requests"}` || recorder.Header().Get("Content-Type") != "application/json") {
			t.Errorf("%d: the answer is %s", i, recorder.Body)
		}
	}
	for range 1000 {
		recorder := httptest.NewRecorder()
		if h.ServeHTTP(recorder, httptest.NewRequest("GET", "/page", nil)); recorder.Code != 200 {
			t.Fatalf("a route without a limit answers %d", recorder.Code)
		}
	}
}
