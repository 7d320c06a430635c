package gateway_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"signpost/shared/gateway"
	"signpost/shared/installation"
	"signpost/shared/integration"
	"signpost/shared/invitation"
	"signpost/shared/launch"
	"signpost/shared/webex"
)

// marker stands for what must not leave the program in an answer.
const marker = "s3cr3t-marker"

func TestProblems(t *testing.T) {
	tests := []struct {
		err    error
		code   string
		status int
	}{
		{gateway.ErrMalformedRequest, "malformed_request", 400},
		{gateway.Malformed("x"), "malformed_request", 400},
		{webex.ErrMalformed, "malformed_request", 400},
		{launch.ErrDevice, "malformed_request", 400},
		{&launch.DeviceError{Index: 1, Wrong: "x"}, "malformed_request", 400},
		{gateway.ErrUnauthorized, "unauthorized", 401},
		{webex.ErrBadAlgorithm, "bad_algorithm", 401},
		{webex.ErrUnknownKey, "unknown_key", 401},
		{installation.ErrWrongRegion, "unknown_key", 401},
		{webex.ErrBadSignature, "bad_signature", 401},
		{webex.ErrExpired, "token_expired", 401},
		{webex.ErrNotYetValid, "token_not_yet_valid", 401},
		{installation.ErrReplayed, "token_replayed", 409},
		{installation.ErrStale, "token_replayed", 409},
		{webex.ErrWrongApp, "wrong_app", 403},
		{webex.ErrWrongAction, "wrong_action", 400},
		{webex.ErrUntrustedURL, "untrusted_url", 400},
		{installation.ErrNotFound, "unknown_installation", 404},
		{launch.ErrFeatureNotProvided, "feature_not_provided", 404},
		{launch.ErrTooManyDevices, "too_many_devices", 413},
		{launch.ErrUnknown, "unknown_launch", 404},
		{invitation.ErrUnknown, "unknown_invitation", 404},
		{installation.ErrInvited, "unknown_invitation", 404},
		{&invitation.InvalidError{Problems: []string{"wrong"}}, "malformed_request", 400},
		{integration.ErrUnknown, "wrong_app", 403},
		{webex.ErrRejected, "webex_rejected", 502},
		{webex.ErrInvalidGrant, "webex_rejected", 502},
		{webex.ErrInvalidClient, "webex_rejected", 502},
		{&webex.APIError{Status: 403}, "webex_rejected", 502},
		{&webex.APIError{Status: 401}, "webex_rejected", 502},
		{&webex.APIError{Status: 404}, "webex_rejected", 502},
		{&webex.APIError{Status: 400, Code: "invalid_grant"}, "webex_rejected", 502},
		{webex.ErrUnavailable, "webex_unavailable", 503},
		{&webex.APIError{Status: 429}, "webex_unavailable", 503},
		{&webex.APIError{Status: 500}, "webex_unavailable", 503},
		{&webex.APIError{Cause: context.DeadlineExceeded}, "webex_unavailable", 503},
		{context.DeadlineExceeded, "internal", 500},
		{installation.ErrConflict, "internal", 500},
		{errors.New("x"), "internal", 500},
	}
	for _, test := range tests {
		for _, err := range []error{test.err, fmt.Errorf("%s: %w", marker, test.err), errors.Join(errors.New(marker), test.err)} {
			problem := gateway.ProblemOf(err)
			if problem.Code != test.code || problem.Status != test.status || problem.Type != "urn:signpost:problem:"+test.code {
				t.Errorf("%v became %+v", err, problem)
			}
			response := problem.Response()
			var got map[string]any
			if err := json.Unmarshal([]byte(response.Body), &got); err != nil {
				t.Fatal(err)
			}
			want := map[string]any{"type": problem.Type, "title": problem.Title, "status": float64(test.status), "detail": problem.Detail, "code": test.code}
			if diff := cmp.Diff(want, got); diff != "" || problem.Title == "" || problem.Detail == "" {
				t.Errorf("body (-want +got):\n%s", diff)
			}
			if strings.Contains(response.Body, marker) {
				t.Errorf("inner text got out: %s", response.Body)
			}
			if response.Status != test.status || response.Headers["Content-Type"] != "application/problem+json" {
				t.Errorf("response: %+v", response)
			}
			if _, asked := response.Headers["WWW-Authenticate"]; asked != (test.code == "unauthorized") {
				t.Errorf("%s: WWW-Authenticate %v", test.code, asked)
			}
		}
	}
}

func TestProblemSpecifics(t *testing.T) {
	tests := []struct {
		err  error
		want string
	}{
		{fmt.Errorf("issue: %w", &launch.DeviceError{Index: 17, Wrong: "deviceId is missing or empty"}), "devices[17]: deviceId is missing or empty"},
		{fmt.Errorf("read: %w", gateway.Malformed("Send more.")), "Send more."},
		{fmt.Errorf("verify: %w", webex.ErrMalformed), "compact JWS"},
	}
	for _, test := range tests {
		if detail := gateway.ProblemOf(test.err).Detail; !strings.Contains(detail, test.want) {
			t.Errorf("%v: %s", test.err, detail)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	tests := []struct {
		err  error
		want string
	}{
		{&webex.APIError{Status: 429, RetryAfter: 7 * time.Second}, "7"},
		{fmt.Errorf("x: %w", &webex.APIError{Status: 503, RetryAfter: 1500 * time.Millisecond}), "2"},
		{&webex.APIError{Status: 503}, ""},
		{&webex.APIError{Status: 403, RetryAfter: time.Minute}, "60"},
		{webex.ErrUnavailable, ""},
	}
	for _, test := range tests {
		if got := gateway.ProblemOf(test.err).Response().Headers["Retry-After"]; got != test.want {
			t.Errorf("%v: Retry-After %q, want %q", test.err, got, test.want)
		}
	}
}

func TestJSONKeepsURLsReadable(t *testing.T) {
	response, err := gateway.JSON(200, map[string]string{"u": "https://x/?a=1&b=<$(deviceId)>"})
	if err != nil || response.Body != `{"u":"https://x/?a=1&b=<$(deviceId)>"}` || response.Headers["Content-Type"] != "application/json" {
		t.Errorf("%+v, %v", response, err)
	}
	if _, err := gateway.JSON(200, make(chan int)); err == nil {
		t.Error("encoded a channel")
	}
}
