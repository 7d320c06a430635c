package httpapi_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"signpost/infra/local/httpapi"
)

var routes = []httpapi.Route{
	{Method: "GET", Path: "/page", Function: "Page"},
	{Method: "POST", Path: "/page", Function: "Post"},
	{Method: "POST", Path: "/things/{id}", Function: "Thing"},
	{Method: "POST", Path: "/things/special", Function: "Special"},
	{Method: "POST", Path: "/things/{id}/parts/{part}", Function: "Part"},
	{Method: "ANY", Path: "/files/{path+}", Function: "Files"},
	{Method: "GET", Path: "/files/{path+}", Function: "GetFiles"},
}

// api responds with the name of the function that was called.
func api(routes []httpapi.Route) *httpapi.Handler {
	return httpapi.New(routes, func(_ context.Context, function string, event []byte) ([]byte, error) {
		var got struct {
			RouteKey       string
			PathParameters map[string]string
		}
		if err := json.Unmarshal(event, &got); err != nil {
			return nil, err
		}
		return json.Marshal(map[string]any{"function": function, "routeKey": got.RouteKey, "parameters": got.PathParameters})
	}, time.Now)
}

func serve(h http.Handler, method, path string) *httptest.ResponseRecorder {
	recorder := httptest.NewRecorder()
	h.ServeHTTP(recorder, httptest.NewRequest(method, path, nil))
	return recorder
}

func TestRoutes(t *testing.T) {
	for _, test := range []struct{ method, path, want string }{
		{"GET", "/page", `{"function":"Page","parameters":null,"routeKey":"GET /page"}`},
		{"GET", "/page?x=1", `{"function":"Page","parameters":null,"routeKey":"GET /page"}`},
		{"POST", "/page", `{"function":"Post","parameters":null,"routeKey":"POST /page"}`},
		{"POST", "/things/7", `{"function":"Thing","parameters":{"id":"7"},"routeKey":"POST /things/{id}"}`},
		{"POST", "/things/special", `{"function":"Special","parameters":null,"routeKey":"POST /things/special"}`},
		{"POST", "/things/a%2Fb%20c", `{"function":"Thing","parameters":{"id":"a/b c"},"routeKey":"POST /things/{id}"}`},
		{"POST", "/things/7/parts/8", `{"function":"Part","parameters":{"id":"7","part":"8"},"routeKey":"POST /things/{id}/parts/{part}"}`},
		{"PUT", "/files/a/b", `{"function":"Files","parameters":{"path":"a/b"},"routeKey":"ANY /files/{path+}"}`},
		{"GET", "/files/a/b", `{"function":"GetFiles","parameters":{"path":"a/b"},"routeKey":"GET /files/{path+}"}`},
		{"HEAD", "/page", ""},
		{"DELETE", "/page", ""},
		{"OPTIONS", "/page", ""},
		{"GET", "/page/", ""},
		{"GET", "/Page", ""},
		{"GET", "/", ""},
		{"GET", "/nothing", ""},
		{"POST", "/things/", ""},
		{"POST", "/things", ""},
		{"POST", "/things/7/parts", ""},
		{"POST", "//things/7", ""},
		{"GET", "/files/", ""},
	} {
		recorder := serve(api(routes), test.method, test.path)
		want, status := test.want, 200
		if want == "" {
			want, status = `{"message":"Not Found"}`, 404
		}
		if recorder.Code != status || recorder.Body.String() != want {
			t.Errorf("%s %s: %d %s, want %d %s", test.method, test.path, recorder.Code, recorder.Body, status, want)
		}
		if kind := recorder.Header().Get("Content-Type"); kind != "application/json" {
			t.Errorf("%s %s: content type %q", test.method, test.path, kind)
		}
	}
}

func TestDefaultRoute(t *testing.T) {
	h := api(append([]httpapi.Route{{Path: "$default", Function: "Rest"}}, routes...))
	for path, want := range map[string]string{"/page": "Page", "/else": "Rest"} {
		recorder := serve(h, "GET", path)
		if !strings.Contains(recorder.Body.String(), want) {
			t.Errorf("%s went to %s, want %s", path, recorder.Body, want)
		}
	}
}

// send writes raw bytes to a server, for headers that a client would not send,
// and returns the resulting event.
func send(t *testing.T, request string) map[string]any {
	t.Helper()
	var event map[string]any
	now := time.Date(2026, 3, 4, 5, 6, 7, 89e6, time.UTC)
	h := httpapi.New(routes, func(_ context.Context, _ string, payload []byte) ([]byte, error) {
		return []byte("{}"), json.Unmarshal(payload, &event)
	}, func() time.Time { return now })
	server := httptest.NewServer(h)
	defer server.Close()
	connection, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	if _, err := io.WriteString(connection, strings.ReplaceAll(request, "\n", "\r\n")); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("answered %s", response.Status)
	}
	return event
}

func TestEvent(t *testing.T) {
	got := send(t, `POST /things/a%20b?x=1&y=a%26b&x=2 HTTP/1.1
Host: api.example.com:3000
X-Custom: one
x-custom: two
Cookie: a=1; b=2
User-Agent: test/1
Content-Type: application/json
Content-Length: 9
X-Forwarded-For: 192.0.2.1
Connection: keep-alive

{"a":"<"}`)
	context, _ := got["requestContext"].(map[string]any)
	if id, _ := context["requestId"].(string); len(id) != 16 {
		t.Errorf("request id %q", id)
	}
	delete(context, "requestId")
	want := `{
		"version": "2.0", "routeKey": "POST /things/{id}", "rawPath": "/things/a b", "rawQueryString": "x=1&y=a%26b&x=2",
		"cookies": ["a=1", "b=2"],
		"headers": {
			"host": "api.example.com:3000", "x-custom": "one,two", "user-agent": "test/1", "content-type": "application/json",
			"content-length": "9", "x-forwarded-for": "192.0.2.1, 127.0.0.1", "x-forwarded-proto": "http", "x-forwarded-port": "3000"
		},
		"queryStringParameters": {"x": "1,2", "y": "a&b"},
		"pathParameters": {"id": "a b"},
		"requestContext": {
			"accountId": "123456789012", "apiId": "local", "domainName": "api.example.com", "domainPrefix": "api",
			"http": {"method": "POST", "path": "/things/a b", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "test/1"},
			"routeKey": "POST /things/{id}", "stage": "$default", "time": "04/Mar/2026:05:06:07 +0000", "timeEpoch": 1772600767089
		},
		"body": "{\"a\":\"<\"}", "isBase64Encoded": false
	}`
	var wanted map[string]any
	if err := json.Unmarshal([]byte(want), &wanted); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(wanted, got); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
}

func TestEventWithoutAnything(t *testing.T) {
	got := send(t, "GET /page HTTP/1.1\nHost: x\n\n")
	for _, name := range []string{"cookies", "queryStringParameters", "pathParameters", "body"} {
		if value, has := got[name]; has {
			t.Errorf("%s is %v, want none", name, value)
		}
	}
}

func TestBodiesOfAnEvent(t *testing.T) {
	for _, test := range []struct {
		contentType string
		base64      bool
	}{
		{"application/json", false},
		{"Application/JSON; charset=utf-8", false},
		{"text/plain", false},
		{"application/x-www-form-urlencoded", true},
		{"application/jwt", true},
		{"image/png", true},
		{"", true},
	} {
		header := ""
		if test.contentType != "" {
			header = "Content-Type: " + test.contentType + "\n"
		}
		got := send(t, "POST /page HTTP/1.1\nHost: x\n"+header+"Content-Length: 3\n\nabc")
		body := map[bool]string{false: "abc", true: "YWJj"}[test.base64]
		if got["isBase64Encoded"] != test.base64 || got["body"] != body {
			t.Errorf("%q: base64 %v, body %v; want %v, %s", test.contentType, got["isBase64Encoded"], got["body"], test.base64, body)
		}
	}
}

func TestLimits(t *testing.T) {
	for _, test := range []struct {
		name   string
		size   int
		status int
	}{
		{"fits", 5 << 20, 200},
		{"over Lambda's limit for an event", 6 << 20, 413},
		{"over API Gateway's limit for a body", 10<<20 + 1, 413},
	} {
		request := httptest.NewRequest("POST", "/page", bytes.NewReader(bytes.Repeat([]byte("x"), test.size)))
		request.Header.Set("Content-Type", "text/plain")
		recorder := httptest.NewRecorder()
		api(routes).ServeHTTP(recorder, request)
		if recorder.Code != test.status {
			t.Errorf("%s: %d, want %d", test.name, recorder.Code, test.status)
		}
		if test.status == 413 && recorder.Body.String() != `{"message":"Request Entity Too Large"}` {
			t.Errorf("%s: %s", test.name, recorder.Body)
		}
	}
}

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
		recorder := serve(h, test.method, test.path)
		if recorder.Code != test.status || (called > before) != (test.status == 200) {
			t.Errorf("%d: %s %s is answered %d, want %d", i, test.method, test.path, recorder.Code, test.status)
		}
		if test.status == 429 && (recorder.Body.String() != `{"message":"Too Many Requests"}` || recorder.Header().Get("Content-Type") != "application/json") {
			t.Errorf("%d: the answer is %s", i, recorder.Body)
		}
	}
	for range 1000 {
		if recorder := serve(h, "GET", "/page"); recorder.Code != 200 {
			t.Fatalf("a route without a limit answers %d", recorder.Code)
		}
	}
}

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
			recorder := serve(h, "GET", "/page")
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
	header := serve(h, "GET", "/page").Header()
	if header.Get("Retry-After") != "30" || header.Get("X-Yes") != "true" || header.Get("Content-Length") != "" {
		t.Errorf("headers %v", header)
	}
	if diff := cmp.Diff([]string{"a=1; Secure", "b=2"}, header["Set-Cookie"]); diff != "" {
		t.Errorf("cookies (-want +got):\n%s", diff)
	}
}
