package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"signpost/shared/gateway"
	"signpost/shared/installation"
	"signpost/shared/launch"
	"signpost/shared/secret"
	"signpost/shared/secret/document"
	"signpost/shared/webex"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// store holds launches by id, each of which is taken once.
type store struct {
	held  map[string]launch.Launch
	err   error
	takes int
}

func (s *store) Take(ctx context.Context, id string, at time.Time) (launch.Launch, launch.Customer, error) {
	s.takes++
	if deadline, ok := ctx.Deadline(); !ok || time.Until(deadline) > 2*time.Second {
		return launch.Launch{}, launch.Customer{}, errors.New("the answer would leave too late")
	}
	l, ok := s.held[id]
	if s.err != nil || !ok || !at.Before(l.ExpiresAt()) {
		return launch.Launch{}, launch.Customer{}, errors.Join(s.err, launch.ErrUnknown)
	}
	delete(s.held, id)
	return l, launch.Customer{OrgName: "Org"}, nil
}

type fixed document.Document

func (f fixed) Current(context.Context) document.Document { return document.Document(f) }

func TestRedeem(t *testing.T) {
	fresh := launch.Launch{
		Key: installation.Key{OrgKey: "org-1", AppID: "app"}, OrgID: "sub-1", Feature: webex.DigitalSignage, Task: webex.AssignContent,
		Devices: []launch.Device{{DeviceID: "b", DisplayName: "<B>"}, {DeviceID: "a"}}, IssuedAt: now,
	}
	old := launch.Launch{Key: installation.Key{OrgKey: "org-1", AppID: "app"}, IssuedAt: now.Add(-launch.Life)}
	kept := &store{held: map[string]launch.Launch{secret.CodeID("fresh-code"): fresh, secret.CodeID("old-code"): old}}
	keys := fixed{ContentAPIKeys: []secret.String{secret.New("new-key"), secret.New("old-key")}}
	var log bytes.Buffer
	handler := gateway.Handle(slog.New(slog.NewJSONHandler(&log, nil)), time.Now, redeem(keys, kept, func() time.Time { return now }))

	const whole = `{"orgKey":"org-1","orgId":"sub-1","orgName":"Org","appId":"app","feature":"digital_signage","task":"assign_content",` +
		`"devices":[{"deviceId":"b","displayName":"<B>"},{"deviceId":"a"}],"issuedAt":"2026-01-02T03:04:05Z"}`
	tests := []struct {
		name, authorization, code, body string
		status                          int
		want                            string
		takes                           int
	}{
		{name: "no key", code: "fresh-code", status: 401, want: `"code":"unauthorized"`},
		{name: "wrong key", authorization: "Bearer nonsense", code: "fresh-code", status: 401, want: `"code":"unauthorized"`},
		{name: "empty key", authorization: "Bearer ", code: "fresh-code", status: 401, want: `"code":"unauthorized"`},
		{name: "key of another scheme", authorization: "Basic new-key", code: "fresh-code", status: 401, want: `"code":"unauthorized"`},
		{name: "wrong key, unknown code", authorization: "Bearer new-kez", code: "x", status: 401, want: `"code":"unauthorized"`},
		{name: "unknown code", authorization: "Bearer new-key", code: "x", status: 404, want: `"code":"unknown_launch"`, takes: 1},
		{name: "no code", authorization: "Bearer new-key", status: 404, want: `"code":"unknown_launch"`, takes: 1},
		{name: "old launch", authorization: "Bearer new-key", code: "old-code", status: 404, want: `"code":"unknown_launch"`, takes: 1},
		{name: "good, by the old key", authorization: "bearer old-key", code: "fresh-code", body: `{"x":1}`, status: 200, want: whole, takes: 1},
		{name: "a second time", authorization: "Bearer new-key", code: "fresh-code", status: 404, want: `"code":"unknown_launch"`, takes: 1},
	}
	for _, test := range tests {
		before := kept.takes
		response, err := handler(t.Context(), events.APIGatewayV2HTTPRequest{
			RouteKey: "POST /launches/{code}", PathParameters: map[string]string{"code": test.code}, RawPath: "/launches/" + test.code,
			Headers: map[string]string{"Authorization": test.authorization, "content-type": "application/json"}, Body: test.body,
		})
		if err != nil {
			t.Fatal(err)
		}
		if response.StatusCode != test.status || !strings.Contains(response.Body, test.want) || kept.takes-before != test.takes {
			t.Errorf("%s: %d %s, %d takes", test.name, response.StatusCode, response.Body, kept.takes-before)
		}
		if (response.Headers["WWW-Authenticate"] != "") != (test.status == 401) {
			t.Errorf("%s: headers %v", test.name, response.Headers)
		}
		if test.status == 404 && !strings.Contains(response.Body, `is over 5 minutes old`) {
			t.Errorf("%s: the three do not look the same: %s", test.name, response.Body)
		}
	}
	for _, secret := range []string{"fresh-code", "old-code", "new-key", "old-key", "new-kez"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("%s is in the log:\n%s", secret, log.String())
		}
	}
	if !strings.Contains(log.String(), `"outcome":"redeemed"`) || !strings.Contains(log.String(), `"org":"org-1"`) {
		t.Errorf("log:\n%s", log.String())
	}
}

func TestWire(t *testing.T) {
	environ := map[string]string{"SECRET_JSON": `{"contentApiKey":[]}`}
	if _, err := wire(t.Context(), environ, slog.New(slog.DiscardHandler)); err == nil ||
		!strings.Contains(err.Error(), "INSTALLATIONS_TABLE") || !strings.Contains(err.Error(), "contentApiKey") {
		t.Errorf("problems: %v", err)
	}
	environ = map[string]string{
		"INSTALLATIONS_TABLE": "installations", "SECRET_JSON": `{"contentApiKey":"k"}`, "AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:1",
	}
	handler, err := wire(t.Context(), environ, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	response, err := handler(t.Context(), events.APIGatewayV2HTTPRequest{})
	var problem struct{ Code string }
	if err != nil || json.Unmarshal([]byte(response.Body), &problem) != nil || problem.Code != "unauthorized" {
		t.Errorf("%+v, %v", response, err)
	}
}
