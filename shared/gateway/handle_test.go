package gateway_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"signpost/shared/gateway"
	"signpost/shared/launch"
	"signpost/shared/secret"
	"signpost/shared/webex"
)

// handle serves one event, with more headers, and returns the answer and the log's line.
func handle(t *testing.T, headers map[string]string, serve gateway.Serve, opts ...gateway.Option) (events.APIGatewayV2HTTPResponse, map[string]any) {
	t.Helper()
	var out bytes.Buffer
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	clock := func() time.Time { now = now.Add(1234567 * time.Nanosecond); return now }
	event := events.APIGatewayV2HTTPRequest{
		RouteKey: "POST /launches/{code}", RawPath: "/launches/" + marker, Body: marker, RawQueryString: marker,
		Headers: map[string]string{"accept": "text/html", "authorization": marker},
	}
	maps.Copy(event.Headers, headers)
	event.RequestContext.RequestID, event.RequestContext.HTTP.Path = "id-1", "/launches/"+marker
	response, err := gateway.Handle(slog.New(slog.NewJSONHandler(&out, nil)), clock, serve, opts...)(t.Context(), event)
	if err != nil {
		t.Fatalf("a handler must answer: %v", err)
	}
	if strings.Contains(out.String(), marker) {
		t.Errorf("log: %s", out.String())
	}
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatalf("log is not one line: %s", out.String())
	}
	delete(line, "time")
	return response, line
}

func TestHandle(t *testing.T) {
	base := func(level string, status float64, more map[string]any) map[string]any {
		line := map[string]any{"level": level, "msg": "request", "route": "POST /launches/{code}", "status": status, "duration_ms": 1.234, "request_id": "id-1"}
		maps.Copy(line, more)
		return line
	}
	tests := []struct {
		name  string
		serve gateway.Serve
		want  map[string]any
		body  string
	}{
		{"success, with notes", func(_ context.Context, r gateway.Request) (gateway.Response, error) {
			r.Note(slog.String("org", "o"), slog.Any("key", secret.New(marker)))
			r.Note(slog.String("outcome", "launched"))
			return gateway.JSON(201, "x")
		}, base("INFO", 201, map[string]any{"org": "o", "key": secret.Redacted, "outcome": "launched"}), `"x"`},
		{"refused", func(_ context.Context, r gateway.Request) (gateway.Response, error) {
			r.Note(slog.String("org", "o"))
			return gateway.Response{}, fmt.Errorf("redeem: %w", launch.ErrUnknown)
		}, base("WARN", 404, map[string]any{"org": "o", "code": "unknown_launch", "cause": "redeem: unknown launch"}), `"code":"unknown_launch"`},
		{"webex is away", func(context.Context, gateway.Request) (gateway.Response, error) {
			return gateway.Response{}, &webex.APIError{Op: "GET app", Status: 503}
		}, base("WARN", 503, map[string]any{"code": "webex_unavailable", "cause": "GET app: status 503"}), `"code":"webex_unavailable"`},
		{"failed", func(context.Context, gateway.Request) (gateway.Response, error) {
			return gateway.Response{}, errors.New("no table")
		}, base("ERROR", 500, map[string]any{"code": "internal", "cause": "no table"}), `"code":"internal"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			response, line := handle(t, nil, test.serve)
			if diff := cmp.Diff(test.want, line); diff != "" {
				t.Errorf("log (-want +got):\n%s", diff)
			}
			if float64(response.StatusCode) != test.want["status"] || !strings.Contains(response.Body, test.body) || response.IsBase64Encoded {
				t.Errorf("answer: %+v", response)
			}
			for _, header := range []string{"Cache-Control", "Content-Security-Policy", "Referrer-Policy", "Strict-Transport-Security", "X-Content-Type-Options", "Content-Type"} {
				if response.Headers[header] == "" {
					t.Errorf("header %s is missing", header)
				}
			}
			if strings.Contains(response.Body, "no table") {
				t.Errorf("the cause got out: %s", response.Body)
			}
		})
	}
}

func TestHandlePanic(t *testing.T) {
	response, line := handle(t, nil, func(context.Context, gateway.Request) (gateway.Response, error) {
		panic(errors.New("no such feature"))
	})
	if response.StatusCode != 500 || !strings.Contains(response.Body, `"code":"internal"`) || strings.Contains(response.Body, "no such feature") {
		t.Errorf("answer: %+v", response)
	}
	if line["level"] != "ERROR" || line["cause"] != "panic: no such feature" || !strings.Contains(fmt.Sprint(line["stack"]), "TestHandlePanic") {
		t.Errorf("log: %v", line)
	}
}

func TestHandleProblemPages(t *testing.T) {
	page := func(request gateway.Request, problem gateway.Problem, _ error) (gateway.Response, bool) {
		return gateway.Response{
			Status: problem.Status, Body: "<p>" + problem.Code,
			Headers: map[string]string{"Content-Type": "text/html", "Content-Security-Policy": "mine"},
		}, request.WantsHTML()
	}
	fail := func(context.Context, gateway.Request) (gateway.Response, error) {
		return gateway.Response{}, &webex.APIError{Status: 429, RetryAfter: 3 * time.Second}
	}
	response, _ := handle(t, nil, fail, gateway.WithProblemPages(page))
	if response.StatusCode != 503 || response.Body != "<p>webex_unavailable" || response.Headers["Content-Security-Policy"] != "mine" ||
		response.Headers["Retry-After"] != "3" || response.Headers["Cache-Control"] != "no-store" {
		t.Errorf("page: %+v", response)
	}
	response, _ = handle(t, map[string]string{"accept": ""}, fail, gateway.WithProblemPages(page))
	if response.Headers["Content-Type"] != "application/problem+json" {
		t.Errorf("no page: %+v", response)
	}
}
