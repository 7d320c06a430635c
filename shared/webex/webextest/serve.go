package webextest

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"
)

// maxBody bounds the body of a request, in bytes.
const maxBody = 1 << 20

// The kinds of requests of an integration, in [Request] and [Fault].
const (
	KindJWKS     = "jwks"
	KindToken    = "token"
	KindApp      = "app"
	KindSignage  = "signage"
	KindPWA      = "pwa"
	KindManifest = "manifest"
	kindUnknown  = "unknown"
)

// apiRequest is one request of the integration and its body.
type apiRequest struct {
	*http.Request
	kind string
	body []byte
}

// response is a complete response. The zero contentType means JSON.
type response struct {
	status      int
	contentType string
	header      map[string]string
	body        []byte
}

// apiRoutes are the addresses of doc.go.
func (c *Cloud) apiRoutes() *http.ServeMux {
	const app = "/{region}/xapi/api/organizations/{org}/apps/{installation}"
	mux := http.NewServeMux()
	mux.HandleFunc("/{region}/jwks", c.endpoint(KindJWKS, c.serveJWKS))
	mux.HandleFunc("/{region}/v1/access_token", c.endpoint(KindToken, c.serveToken))
	mux.HandleFunc(app, c.endpoint(KindApp, c.serveApp))
	mux.HandleFunc(app+"/manifest", c.endpoint(KindManifest, c.serveManifest))
	for name, f := range features {
		mux.HandleFunc(app+"/features/"+name, c.endpoint(f.kind, func(q *apiRequest) response { return c.serveFeature(q, name) }))
	}
	mux.HandleFunc("/", c.endpoint(kindUnknown, func(*apiRequest) response {
		return notFound("There is nothing at this address")
	}))
	return mux
}

// endpoint returns a handler that reads, logs, applies faults and writes without the
// lock. work computes the response, with the lock held.
func (c *Cloud) endpoint(kind string, work func(*apiRequest) response) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil { // the client hung up, or sends without end
			webexError(http.StatusRequestEntityTooLarge, "The body cannot be read").write(w)
			return
		}
		q := &apiRequest{r, kind, body}
		entry := c.record(q)
		c.respond(w, r, c.takeFault(entry), func() response {
			return c.perform(q, entry.OrgID, work)
		}, entry)
	}
}

// perform does the work of a request and saves what it changed.
func (c *Cloud) perform(q *apiRequest, orgID string, work func(*apiRequest) response) response {
	defer c.lock()()
	res := work(q)
	if q.Method == http.MethodGet || q.Method == http.MethodHead {
		return res
	}
	if err := c.saveOrganization(orgID); err != nil {
		return webexError(http.StatusInternalServerError, "The simulator cannot save its state")
	}
	return res
}

// record logs the arrival of a request and calls the hook. It returns the entry,
// whose status is set later.
func (c *Cloud) record(q *apiRequest) *Request {
	c.mu.Lock()
	entry := &Request{
		Method: q.Method, Path: q.URL.Path, URL: c.regionHost(q.PathValue("region")) + q.URL.RequestURI(), Kind: q.kind,
		OrgID: c.orgOf(q), Region: q.PathValue("region"), Time: c.now(),
		ContentType: q.Header.Get("Content-Type"), Body: q.body,
	}
	c.log = append(c.log, entry)
	hook, seen := c.hook, *entry
	c.mu.Unlock()
	if hook != nil {
		hook(seen)
	}
	return entry
}

// orgOf returns the organization of a request, from its path or refresh token.
func (c *Cloud) orgOf(q *apiRequest) string {
	if q.kind != KindToken {
		return q.PathValue("org")
	}
	grant, err := parseGrant(q)
	if err != nil {
		return ""
	}
	if token, ok := c.refreshTokens[grant["refresh_token"]]; ok {
		return token.org
	}
	return ""
}

func (c *Cloud) setStatus(entry *Request, status int) {
	defer c.lock()()
	entry.Status = status
}

func (res response) write(w http.ResponseWriter) {
	res.writeHeader(w)
	_, _ = w.Write(res.body)
}

func (res response) writeHeader(w http.ResponseWriter) {
	if res.contentType == "" {
		res.contentType = "application/json;charset=UTF-8"
	}
	if len(res.body) > 0 {
		w.Header().Set("Content-Type", res.contentType)
	}
	for name, value := range res.header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(res.status)
}

// jsonResponse is a response with a JSON body, without HTML escapes, which would
// change the URLs in configurations.
func jsonResponse(status int, value any) response {
	return response{status: status, body: encode(value)}
}

func encode(value any) []byte {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		panic("webextest: cannot encode: " + err.Error()) // only our own values come here
	}
	return []byte(b.String())
}

// webexError is an error in Webex's form:
// {"message","errors":[{"description"}],"trackingId"} [ours, after its developer API].
func webexError(status int, message string, descriptions ...string) response {
	if len(descriptions) == 0 {
		descriptions = []string{message}
	}
	errors := make([]map[string]string, len(descriptions))
	for i, d := range descriptions {
		errors[i] = map[string]string{"description": d}
	}
	return jsonResponse(status, map[string]any{
		"message":    message,
		"errors":     errors,
		"trackingId": "SIMULATOR_" + newUUID(),
	})
}

func notFound(message string) response { return webexError(http.StatusNotFound, message) }

func methodNotAllowed(allow string) response {
	res := webexError(http.StatusMethodNotAllowed, "Method not allowed", "Allowed: "+allow)
	res.header = map[string]string{"Allow": allow}
	return res
}

// timestamp is how Webex writes times in its JSON: RFC 3339, UTC, milliseconds.
func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
