package httpapi_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"signpost/infra/local/httpapi"
)

func TestResponses(t *testing.T) {
	const gone = `{"message":"Internal Server Error"}`
	for _, test := range []struct {
		name, answer, contentType, body string
		err                             error
		status                          int
	}{
		{name: "whole", answer: `{"statusCode":201,"headers":{"Content-Type":"text/html"},"body":"hello"}`, status: 201, contentType: "text/html", body: "hello"},
		{name: "base64", answer: `{"statusCode":200,"headers":{"content-type":"image/png"},"body":"AAE=","isBase64Encoded":true}`, status: 200, contentType: "image/png", body: "\x00\x01"},
		{name: "no content type", answer: `{"statusCode":200,"body":"x"}`, status: 200, contentType: "text/plain; charset=utf-8", body: "x"},
		{name: "status as text", answer: `{"statusCode":"404"}`, status: 404, contentType: "text/plain; charset=utf-8"},
		{name: "no status", answer: `{"verified":3}`, status: 200, contentType: "application/json", body: `{"verified":3}`},
		{name: "a list", answer: `[1]`, status: 200, contentType: "application/json", body: `[1]`},
		{name: "text", answer: `"hello"`, status: 200, contentType: "application/json", body: `"hello"`},
		{name: "not JSON", answer: `hello`, status: 502, contentType: "application/json", body: gone},
		{name: "nothing", answer: ``, status: 502, contentType: "application/json", body: gone},
		{name: "bad status", answer: `{"statusCode":1000}`, status: 502, contentType: "application/json", body: gone},
		{name: "bad base64", answer: `{"statusCode":200,"body":"!","isBase64Encoded":true}`, status: 502, contentType: "application/json", body: gone},
		{name: "bad type", answer: `{"statusCode":200,"body":1}`, status: 502, contentType: "application/json", body: gone},
		{name: "died", err: httpapi.ErrBadGateway, status: 502, contentType: "application/json", body: gone},
		{name: "unknown error", err: errors.New("secret"), status: 502, contentType: "application/json", body: gone},
		{name: "late", err: httpapi.ErrTimeout, status: 504, contentType: "application/json", body: `{"message":"Gateway Timeout"}`},
		{name: "not called", err: httpapi.ErrUnavailable, status: 503, contentType: "application/json", body: `{"message":"Service Unavailable"}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := httpapi.New(routes, func(context.Context, string, []byte) ([]byte, error) {
				return []byte(test.answer), test.err
			}, time.Now)
			recorder := httptest.NewRecorder()
			h.ServeHTTP(recorder, httptest.NewRequest("GET", "/page", nil))
			if recorder.Code != test.status || recorder.Body.String() != test.body {
				t.Errorf("got %d %q, want %d %q", recorder.Code, recorder.Body, test.status, test.body)
			}
			if got := recorder.Header().Get("Content-Type"); got != test.contentType {
				t.Errorf("content type %q, want %q", got, test.contentType)
			}
		})
	}
}

func TestHeadersAndCookies(t *testing.T) {
	h := httpapi.New(routes, func(context.Context, string, []byte) ([]byte, error) {
		return []byte(`{"statusCode":204,"headers":{"Retry-After":30,"X-Yes":true,"Content-Length":"9"},"cookies":["a=1; Secure","b=2"]}`), nil
	}, time.Now)
	recorder := httptest.NewRecorder()
	h.ServeHTTP(recorder, httptest.NewRequest("GET", "/page", nil))
	header := recorder.Header()
	if header.Get("Retry-After") != "30" || header.Get("X-Yes") != "true" || header.Get("Content-Length") != "" {
		t.Errorf("headers %v", header)
	}
	if diff := cmp.Diff([]string{"a=1; Secure", "b=2"}, header["Set-Cookie"]); diff != "" {
		t.Errorf("cookies (-want +got):\n%s", diff)
	}
}
