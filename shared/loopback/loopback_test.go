package loopback_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"signpost/shared/loopback"
)

func TestOnly(t *testing.T) {
	next := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	for name, test := range map[string]struct {
		method, host, site, origin string
		strict                     bool
		status                     int
	}{
		"a program":                     {"POST", "127.0.0.1:3000", "", "", true, 204},
		"by name":                       {"GET", "localhost:3000", "", "", true, 204},
		"without a port":                {"GET", "localhost", "", "", true, 204},
		"another loopback address":      {"GET", "127.8.8.8:1", "", "", true, 204},
		"IPv6":                          {"GET", "[::1]:3000", "", "", true, 204},
		"the address bar":               {"GET", "127.0.0.1:3000", "none", "", true, 204},
		"the page itself":               {"POST", "127.0.0.1:3000", "same-origin", "http://127.0.0.1:3000", true, 204},
		"an old browser's page":         {"POST", "127.0.0.1:3000", "", "http://127.0.0.1:3000", true, 204},
		"a link":                        {"GET", "127.0.0.1:3000", "cross-site", "", false, 204},
		"a link, strict":                {"GET", "127.0.0.1:3000", "cross-site", "", true, 403},
		"another site":                  {"POST", "127.0.0.1:3000", "cross-site", "", false, 403},
		"another port":                  {"POST", "127.0.0.1:3000", "same-site", "", false, 403},
		"an old browser's other port":   {"POST", "127.0.0.1:3000", "", "http://127.0.0.1:8080", false, 403},
		"a sandboxed page":              {"POST", "127.0.0.1:3000", "", "null", false, 403},
		"a name that was rebound":       {"GET", "evil.example.com:3000", "", "", false, 403},
		"a name that ends in localhost": {"GET", "evil.localhost.example.com", "", "", false, 403},
		"another machine":               {"GET", "192.0.2.1:3000", "", "", false, 403},
		"no host":                       {"GET", "", "", "", false, 403},
	} {
		t.Run(name, func(t *testing.T) {
			request := httptest.NewRequest(test.method, "/", nil)
			request.Host = test.host
			for header, value := range map[string]string{"Sec-Fetch-Site": test.site, "Origin": test.origin} {
				if value != "" {
					request.Header.Set(header, value)
				}
			}
			answer := httptest.NewRecorder()
			loopback.Only(next, test.strict).ServeHTTP(answer, request)
			if answer.Code != test.status {
				t.Errorf("status %d, want %d", answer.Code, test.status)
			}
		})
	}
}
