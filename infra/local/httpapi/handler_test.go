package httpapi_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
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
		recorder := httptest.NewRecorder()
		api(routes).ServeHTTP(recorder, httptest.NewRequest(test.method, test.path, nil))
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
		recorder := httptest.NewRecorder()
		h.ServeHTTP(recorder, httptest.NewRequest("GET", path, nil))
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
