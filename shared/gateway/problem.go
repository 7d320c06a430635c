package gateway

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"signpost/shared/channel"
	"signpost/shared/installation"
	"signpost/shared/integration"
	"signpost/shared/invitation"
	"signpost/shared/launch"
	"signpost/shared/webex"
)

// ErrMalformedRequest: the request is malformed.
var ErrMalformedRequest = errors.New("malformed request")

// ErrUnauthorized: the caller's credential is missing or wrong.
var ErrUnauthorized = errors.New("unauthorized")

// ErrTooManyRequests: the caller has used up its requests. [LimitError] says until when.
var ErrTooManyRequests = errors.New("too many requests")

// LimitError is an [ErrTooManyRequests].
type LimitError struct{ RetryAfter time.Duration }

// Error says when the next request is accepted.
func (e *LimitError) Error() string {
	return fmt.Sprintf("%v for %v", ErrTooManyRequests, e.RetryAfter)
}

// Unwrap returns [ErrTooManyRequests].
func (*LimitError) Unwrap() error { return ErrTooManyRequests }

// Problem is an error as the caller gets it (RFC 9457).
type Problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	// Detail says what is wrong and what to do about it.
	Detail string `json:"detail"`
	Code   string `json:"code"` // stable, for programs
	// RetryAfter is how long the caller must wait, 0 if that is not known.
	RetryAfter time.Duration `json:"-"`
}

// kind is one row of the table of problems.
type kind struct {
	code   string
	status int
	title  string
	detail string
	errs   []error
}

// kinds maps errors to responses: the first row that matches counts. Callers get only
// these texts; an error's own text may contain secrets and goes to the log.
var kinds = []kind{
	{"malformed_request", http.StatusBadRequest, "Several tokens",
		"The text contains several different tokens. Send one of them.",
		[]error{webex.ErrSeveralTokens}},
	{"malformed_request", http.StatusBadRequest, "Malformed request",
		"The request or its token does not have the form that Webex sends: a compact JWS of at most 64 KiB with the claims of its action.",
		[]error{ErrMalformedRequest, launch.ErrDevice, webex.ErrMalformed}},
	{"unauthorized", http.StatusUnauthorized, "Unauthorized",
		"Send the API key of this route as Authorization: Bearer <key>.",
		[]error{ErrUnauthorized}},
	{"bad_algorithm", http.StatusUnauthorized, "Token algorithm not accepted",
		"The token must be signed with ES256 or RS256, by a key of that type.",
		[]error{webex.ErrBadAlgorithm}},
	{"unknown_key", http.StatusUnauthorized, "Unknown signing key",
		"The token is not signed by a trusted Webex region that serves this organization.",
		[]error{webex.ErrUnknownKey, installation.ErrWrongRegion}},
	{"bad_signature", http.StatusUnauthorized, "Bad signature",
		"The token's signature is wrong: the token was changed, or cut short while copying.",
		[]error{webex.ErrBadSignature}},
	{"token_expired", http.StatusUnauthorized, "Token expired",
		"The token is too old. Get a new one from Webex; Control Hub shows activation codes.",
		[]error{webex.ErrExpired}},
	{"token_not_yet_valid", http.StatusUnauthorized, "Token not valid yet",
		"The token was issued in the future by the clock of this service. Try again in a minute.",
		[]error{webex.ErrNotYetValid}},
	{"wrong_app", http.StatusForbidden, "Another integration's token",
		"The token was issued for another integration.",
		[]error{webex.ErrWrongApp, integration.ErrUnknown}},
	{"wrong_action", http.StatusBadRequest, "Another action's token",
		"The token, or the task in the request, is for another route.",
		[]error{webex.ErrWrongAction}},
	{"untrusted_url", http.StatusBadRequest, "Untrusted address in the token",
		"The token contains an address outside the trusted Webex hosts.",
		[]error{webex.ErrUntrustedURL}},
	{"feature_not_provided", http.StatusNotFound, "Feature not provided",
		"This service does not provide the feature in the path.",
		[]error{launch.ErrFeatureNotProvided}},
	{"too_many_devices", http.StatusRequestEntityTooLarge, "Too many devices",
		fmt.Sprintf("One launch can hold %d devices, duplicates counted. Select fewer.", launch.MaxDevices),
		[]error{launch.ErrTooManyDevices}},
	{"unknown_installation", http.StatusNotFound, "Unknown installation",
		"The integration is not activated for this organization. Activate it in Control Hub.",
		[]error{installation.ErrNotFound}},
	{"ambiguous_installation", http.StatusConflict, "Several installations",
		"",
		[]error{installation.ErrAmbiguous}},
	{"reload_impossible", http.StatusConflict, "No room for a reload",
		"An address that devices show is so long that a reload's parameter does not fit. Shorten it.",
		[]error{channel.ErrNoRoom}},
	{"too_many_requests", http.StatusTooManyRequests, "Too many requests",
		"This key has used up its requests of the minute. Try again after Retry-After seconds.",
		[]error{ErrTooManyRequests}},
	{"token_replayed", http.StatusConflict, "Token used before",
		"The token was used before, or something newer has happened since it was issued. Get a new one from Webex.",
		[]error{installation.ErrReplayed, installation.ErrStale}},
	{"unknown_launch", http.StatusNotFound, "Unknown launch",
		"There is no such launch: the code is wrong, was redeemed before, or is over 5 minutes old (15 after an activation).",
		[]error{launch.ErrUnknown}},
	{"malformed_request", http.StatusBadRequest, "Invalid input", "",
		[]error{invitation.ErrInvalid}},
	{"unknown_invitation", http.StatusNotFound, "Unknown invitation",
		"There is no such invitation: the link is wrong, was used or revoked, or has expired. Ask for a new one.",
		[]error{invitation.ErrUnknown, installation.ErrInvited}},
	{"webex_rejected", http.StatusBadGateway, "Webex refused",
		"Webex refused a request of this service. Activate the integration again in Control Hub; if that does not help, ask its vendor.",
		[]error{webex.ErrRejected, webex.ErrInvalidGrant, webex.ErrInvalidClient}},
	{"webex_unavailable", http.StatusServiceUnavailable, "Webex is unavailable",
		"Webex did not answer, or asked to wait. Try again later.",
		[]error{webex.ErrUnavailable}},
}

var internal = kind{"internal", http.StatusInternalServerError, "Internal error",
	"Something went wrong. Try again; the cause is in the log of this service.", nil}

// ProblemOf returns the problem that err becomes, `internal` if it is not known.
func ProblemOf(err error) Problem {
	kind := kindOf(err)
	problem := Problem{
		Type: "urn:signpost:problem:" + kind.code, Title: kind.title, Status: kind.status,
		Detail: kind.detail, Code: kind.code,
	}
	if kind.status == http.StatusServiceUnavailable || kind.status == http.StatusBadGateway {
		problem.RetryAfter = webex.RetryAfter(err)
	}
	if limit, ok := errors.AsType[*LimitError](err); ok {
		problem.RetryAfter = limit.RetryAfter
	}
	if detail := specifics(err); detail != "" && (kind.code == "malformed_request" || kind.code == "ambiguous_installation") {
		problem.Detail = detail
	}
	return problem
}

func kindOf(err error) kind {
	for _, kind := range kinds {
		for _, sentinel := range kind.errs {
			if errors.Is(err, sentinel) {
				return kind
			}
		}
	}
	return internal
}

// specifics returns the text of the errors whose texts are written for the
// caller, "" for any other.
func specifics(err error) string {
	if request, ok := errors.AsType[*malformedRequest](err); ok {
		return request.detail
	}
	if invalid, ok := errors.AsType[*invitation.InvalidError](err); ok {
		return invalid.Error()
	}
	if ambiguous, ok := errors.AsType[*installation.AmbiguousError](err); ok {
		return "The organization has several installations. Choose one with ?appId=, of " + strings.Join(ambiguous.AppIDs, ", ") + "."
	}
	if device, ok := errors.AsType[*launch.DeviceError](err); ok {
		return "The list of devices is malformed: " + device.Error() + "."
	}
	return ""
}

// malformedRequest is [ErrMalformedRequest] with a text for the caller.
type malformedRequest struct{ detail string }

// Malformed returns an [ErrMalformedRequest] with a text for the caller. It must
// contain nothing of the request.
func Malformed(detail string) error { return &malformedRequest{detail} }

func (e *malformedRequest) Error() string { return "malformed request: " + e.detail }

func (e *malformedRequest) Unwrap() error { return ErrMalformedRequest }

// Response returns the problem as a response in JSON.
func (p Problem) Response() Response {
	body, _ := encodeJSON(p) // strings and numbers always encode
	response := Response{Status: p.Status, Body: body, Headers: p.headers()}
	response.Headers["Content-Type"] = "application/problem+json"
	return response
}

// headers are those of the problem in any form.
func (p Problem) headers() map[string]string {
	headers := map[string]string{}
	if p.RetryAfter > 0 {
		headers["Retry-After"] = strconv.Itoa(int(math.Ceil(p.RetryAfter.Seconds())))
	}
	if p.Code == "unauthorized" {
		headers["WWW-Authenticate"] = `Bearer realm="signpost"`
	}
	return headers
}
