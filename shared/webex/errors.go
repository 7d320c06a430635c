package webex

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// Why a token was refused, in the order in which the checks run. Each is
// wrapped with what exactly was found, never with any part of the token that
// could be a secret.
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

// What Webex said to a call. Branch on these with errors.Is; details are in
// the [APIError] that wraps them.
var (
	// ErrRejected: Webex answered, and repeating the call as it is won't help.
	ErrRejected = errors.New("webex rejected the request")
	// ErrUnavailable: no answer, a server error or 429; worth another try.
	ErrUnavailable = errors.New("webex is unavailable")
	// ErrUnauthorized: 401, the access token is not or no longer good.
	ErrUnauthorized = errors.New("webex refused the access token")
	// ErrNotFound: 404, the resource is not there.
	ErrNotFound = errors.New("webex has no such resource")
	// ErrInvalidGrant: 400 invalid_grant, the refresh token is dead or was
	// never meant for our client.
	ErrInvalidGrant = errors.New("webex refused the refresh token")
	// ErrInvalidClient: our client id or secret is wrong.
	ErrInvalidClient = errors.New("webex refused the OAuth client")
	// ErrGrantRejected: a 400 of the token endpoint that neither says
	// invalid_grant nor blames our client. Webex's usual error body holds no
	// OAuth code, so this may be a dead refresh token in other words. One such
	// answer proves nothing; the caller decides how often it takes.
	ErrGrantRejected = errors.New("webex rejected the token request without saying why")
)

// APIError is a call to Webex that did not succeed.
type APIError struct {
	// Op names the call: its method and what it addresses, never a token.
	Op string
	// Status is the HTTP status, 0 when there was no complete answer.
	Status int
	// Code is OAuth's error code, where the token endpoint gave one; for any
	// other 401 of the token endpoint it is invalid_client, since no other error
	// has that status (RFC 6749, 5.2).
	Code string
	// RetryAfter is how long Webex asked to be left alone, 0 if it did not say.
	RetryAfter time.Duration
	// Cause is the network's error, nil when Webex answered.
	Cause error
}

// Error says what was called and what came back, never a body.
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

// Unwrap returns the network's error.
func (e *APIError) Unwrap() error { return e.Cause }

// Is sorts the error into the package's sentinels.
func (e *APIError) Is(target error) bool {
	switch target {
	case ErrUnavailable:
		return !e.answered() || e.Status == http.StatusTooManyRequests || e.Status >= 500
	case ErrRejected:
		return e.answered() && e.Status != http.StatusTooManyRequests && e.Status < 500
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

// explainedCodes are the OAuth codes that say what a refused exchange is about:
// the refresh token, or our client.
var explainedCodes = []string{"invalid_grant", "invalid_client", "unauthorized_client", "unsupported_grant_type"}

// answered reports whether Webex gave a whole answer. A success status whose
// body could not be read is none: the work may or may not have been done.
func (e *APIError) answered() bool {
	return e.Status >= 300 && (e.Cause == nil || e.Status >= 400)
}

// RetryAfter returns how long Webex asked to be left alone, the longest if err
// joins several; 0 if Webex did not say.
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
