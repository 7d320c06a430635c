// Package httpapi emulates an API Gateway HTTP API: it finds the route of a
// request, converts the request into an event of payload format 2.0, and the
// function's answer into a response.
//
// It owns that conversion, API Gateway's limits of size and rate, and API
// Gateway's own responses. The caller supplies how functions are called.
package httpapi

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
)

const (
	// maxBody is API Gateway's limit for a request body.
	maxBody = 10 << 20
	// maxEvent is Lambda's limit for the event that the request becomes.
	maxEvent = 6 << 20
)

// Errors that an Invoker returns.
var (
	ErrBadGateway  = errors.New("the function failed") // also if it died
	ErrTimeout     = errors.New("the function did not answer in time")
	ErrUnavailable = errors.New("the function could not be called")
)

// Invoker calls a function with an event and returns its answer. Its errors wrap
// those of this package; others count as ErrBadGateway.
type Invoker func(ctx context.Context, function string, event []byte) ([]byte, error)

// Route sends requests to a function.
type Route struct {
	Method   string // ANY for all
	Path     string // with {parameters}, of which the last may be {greedy+}; or $default
	Function string
	Limit    Limit
}

// Limit is the rate limit of a route, for all callers together: a bucket of
// Burst requests that refills with Rate requests per second. The zero Limit is
// no limit.
type Limit struct {
	Rate  float64
	Burst int
}

// Handler is the API.
type Handler struct {
	routes []route
	invoke Invoker
	now    func() time.Time
}

// New returns an API with those routes. The clock applies to rate limits and
// events.
func New(routes []Route, invoke Invoker, now func() time.Time) *Handler {
	h := &Handler{invoke: invoke, now: now}
	for _, r := range routes {
		h.routes = append(h.routes, parseRoute(r))
	}
	return h
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	match, ok := h.match(r.Method, r.URL.EscapedPath())
	if !ok {
		message(w, http.StatusNotFound, "Not Found")
		return
	}
	if limiter := match.route.limiter; limiter != nil && !limiter.AllowN(h.now(), 1) {
		message(w, http.StatusTooManyRequests, "Too Many Requests")
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		message(w, http.StatusRequestEntityTooLarge, "Request Entity Too Large")
		return
	}
	if err != nil {
		message(w, http.StatusBadRequest, "Bad Request")
		return
	}
	id := newRequestID()
	w.Header().Set("Apigw-Requestid", id)
	event := newEvent(r, match, body, id, h.now())
	if len(event) > maxEvent {
		message(w, http.StatusRequestEntityTooLarge, "Request Entity Too Large")
		return
	}
	answer, err := h.invoke(r.Context(), match.route.Function, event)
	switch {
	case errors.Is(err, ErrTimeout):
		message(w, http.StatusGatewayTimeout, "Gateway Timeout")
	case errors.Is(err, ErrUnavailable):
		message(w, http.StatusServiceUnavailable, "Service Unavailable")
	case err != nil:
		message(w, http.StatusBadGateway, "Internal Server Error")
	default:
		writeAnswer(w, answer)
	}
}

func writeAnswer(w http.ResponseWriter, answer []byte) {
	response, err := parseResponse(answer)
	if err != nil {
		message(w, http.StatusBadGateway, "Internal Server Error")
		return
	}
	for name, value := range response.headers {
		w.Header().Set(name, value)
	}
	for _, cookie := range response.cookies {
		w.Header().Add("Set-Cookie", cookie)
	}
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	}
	w.WriteHeader(response.status)
	_, _ = w.Write(response.body) // the client may have disconnected
}

// message sends a response of API Gateway's own.
func message(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, `{"message":"`+text+`"}`) // the client may have disconnected
}

// isText reports whether a body is put into the event as text. API Gateway
// encodes all others in base64, including forms.
func isText(header http.Header) bool {
	if header.Get("Content-Encoding") != "" {
		return false
	}
	kind, _, _ := strings.Cut(header.Get("Content-Type"), ";")
	kind = strings.ToLower(strings.TrimSpace(kind))
	switch kind {
	case "application/json", "application/javascript", "application/xml":
		return true
	}
	return strings.HasPrefix(kind, "text/")
}

func encodeBody(header http.Header, body []byte) (text string, isBase64 bool) {
	if len(body) == 0 {
		return "", false
	}
	if isText(header) {
		return string(body), false
	}
	return base64.StdEncoding.EncodeToString(body), true
}
