package webex

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// Why a token was refused, in the order of the checks. Each is wrapped with the
// details, never with a part of the token that could be a secret.
var (
	ErrMalformed    = errors.New("token is malformed")
	ErrBadAlgorithm = errors.New("token algorithm is not accepted")
	ErrUnknownKey   = errors.New("token is not signed by a trusted key")
	ErrBadSignature = errors.New("token signature does not verify")
	ErrExpired      = errors.New("token has expired")
	ErrNotYetValid  = errors.New("token is not valid yet")
	ErrWrongApp     = errors.New("token is for another integration")
	ErrWrongAction  = errors.New("token is for another action")
	ErrUntrustedURL = errors.New("token holds a URL outside the trusted hosts")
)

// Why a call to Webex failed. Branch on these with errors.Is; an [APIError] has
// the details.
var (
	// ErrRejected: Webex refused the request, and repeating it will not help.
	ErrRejected = errors.New("webex rejected the request")
	// ErrUnavailable: no response, a server error or 429; may succeed if repeated.
	ErrUnavailable = errors.New("webex is unavailable")
	// ErrUnauthorized: 401, the access token is unknown, revoked or expired.
	ErrUnauthorized = errors.New("webex refused the access token")
	// ErrNotFound: 404, the resource does not exist.
	ErrNotFound = errors.New("webex has no such resource")
	// ErrInvalidGrant: 400 invalid_grant, the refresh token is expired or revoked,
	// or was issued to another client.
	ErrInvalidGrant = errors.New("webex refused the refresh token")
	// ErrInvalidClient: our client id or secret is wrong.
	ErrInvalidClient = errors.New("webex refused the OAuth client")
	// ErrGrantRejected: a 400 of the token endpoint that says neither
	// invalid_grant nor that our client is wrong. Webex's usual error body has no
	// OAuth code, so this may mean an invalid refresh token. One such
	// response proves nothing; the caller decides when they count as a refusal.
	ErrGrantRejected = errors.New("webex rejected the token request without saying why")
)

// APIError is a call to Webex that did not succeed.
type APIError struct {
	// Op names the call by method and resource, without address or token.
	Op string
	// Status is the HTTP status, 0 if there was no response.
	Status int
	// Code is OAuth's error code, if the token endpoint gave one. A 401 of the token
	// endpoint without a code counts as invalid_client, the only error with that
	// status (RFC 6749, 5.2).
	Code string
	// RetryAfter is how long Webex asked not to be called, 0 if it did not ask.
	RetryAfter time.Duration
	// Cause is the error of the network or of decoding the response; nil if the
	// status alone is the failure.
	Cause error
}

// Error names the call and the status or cause, never a body.
func (e *APIError) Error() string {
	switch {
	case e.Cause != nil && e.Status != 0:
		return fmt.Sprintf("%s: status %d: %v", e.Op, e.Status, e.Cause)
	case e.Cause != nil:
		return fmt.Sprintf("%s: %v", e.Op, e.Cause)
	case e.Code != "":
		return fmt.Sprintf("%s: status %d %s", e.Op, e.Status, e.Code)
	default:
		return fmt.Sprintf("%s: status %d", e.Op, e.Status)
	}
}

// Unwrap returns the cause.
func (e *APIError) Unwrap() error { return e.Cause }

// Is matches the error with the package's sentinels.
func (e *APIError) Is(target error) bool {
	switch target {
	case ErrUnavailable:
		return !e.complete() || e.Status == http.StatusTooManyRequests || e.Status >= 500
	case ErrRejected:
		return e.complete() && e.Status != http.StatusTooManyRequests && e.Status < 500
	case ErrUnauthorized:
		return e.Status == http.StatusUnauthorized && e.Code == ""
	case ErrNotFound:
		return e.Status == http.StatusNotFound
	case ErrInvalidGrant:
		return e.Code == "invalid_grant"
	case ErrInvalidClient:
		return e.Code == "invalid_client" || e.Code == "unauthorized_client"
	case ErrGrantRejected:
		return e.Op == opExchange && e.Status == http.StatusBadRequest && !slices.Contains(explainedCodes, e.Code)
	default:
		return false
	}
}

// opExchange is the Op of a token exchange.
const opExchange = "POST token"

// explainedCodes are the OAuth codes that tell whether the refresh token or our
// client is the reason for a refused exchange.
var explainedCodes = []string{"invalid_grant", "invalid_client", "unauthorized_client", "unsupported_grant_type"}

// complete reports whether the response is complete. A success status whose body
// could not be read does not count: the call may or may not have taken effect.
func (e *APIError) complete() bool {
	return e.Status >= 300 && (e.Cause == nil || e.Status >= 400)
}

// RetryAfter returns how long Webex asked not to be called, the longest if err
// joins several errors; 0 if it did not ask.
func RetryAfter(err error) time.Duration {
	switch err := err.(type) {
	case *APIError:
		return err.RetryAfter
	case interface{ Unwrap() []error }:
		var longest time.Duration
		for _, one := range err.Unwrap() {
			longest = max(longest, RetryAfter(one))
		}
		return longest
	case interface{ Unwrap() error }:
		return RetryAfter(err.Unwrap())
	default:
		return 0
	}
}
