package webex

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"signpost/shared/secret"
)

// Credentials are the OAuth client that the integration's manifest upload got.
type Credentials struct {
	ClientID     string
	ClientSecret secret.String
}

// Tokens is an answer of the token endpoint.
type Tokens struct {
	Access secret.String
	// AccessLife is `expires_in`, 0 if the answer did not say.
	AccessLife time.Duration
	// Refresh is the refresh token to use from now on, zero if the answer
	// brought none; its value changes only rarely [demo].
	Refresh secret.String
	// RefreshLife is `refresh_token_expires_in`, 0 if the answer did not say.
	RefreshLife time.Duration
}

// Exchange trades a refresh token for an access token at oauthURL. Errors are
// [*APIError]: [ErrInvalidGrant] for a dead refresh token or one that was not
// issued to our client, [ErrInvalidClient] for wrong credentials,
// [ErrGrantRejected] for a 400 that says neither.
func (c *Client) Exchange(ctx context.Context, oauthURL string, client Credentials, refresh secret.String) (Tokens, error) {
	config := oauth2.Config{
		ClientID: client.ClientID, ClientSecret: client.ClientSecret.Reveal(),
		// Webex reads the credentials from the form only [java]; leaving the
		// style to the library would cost a request to find out.
		Endpoint: oauth2.Endpoint{TokenURL: oauthURL, AuthStyle: oauth2.AuthStyleInParams},
	}
	forgiving := *c.http
	forgiving.Transport = readable{forgiving.Transport}
	ctx = context.WithValue(ctx, oauth2.HTTPClient, &forgiving)
	token, err := config.TokenSource(ctx, &oauth2.Token{RefreshToken: refresh.Reveal()}).Token()
	if err != nil {
		return Tokens{}, exchangeError(err)
	}
	tokens := Tokens{Access: secret.New(token.AccessToken), RefreshLife: seconds(token.Extra("refresh_token_expires_in"))}
	tokens.AccessLife = seconds(float64(token.ExpiresIn))
	if token.RefreshToken != refresh.Reveal() {
		tokens.Refresh = secret.New(token.RefreshToken)
	}
	return tokens, nil
}

// readable carries the answers of the token endpoint to the library, which
// drops all of one, and with it a new refresh token, for an `expires_in` that it
// cannot read: such a one is left out, and says nothing.
type readable struct{ http.RoundTripper }

func (r readable) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := r.RoundTripper.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := readBounded(response.Body)
	if err != nil {
		return nil, err
	}
	body = withReadableLife(body)
	response.Body, response.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return response, nil
}

// withReadableLife makes `expires_in` a whole number, or nothing. What is no
// JSON object stays as it is.
func withReadableLife(body []byte) []byte {
	var members map[string]json.RawMessage
	if json.Unmarshal(body, &members) != nil || members["expires_in"] == nil {
		return body
	}
	life, err := strconv.ParseFloat(strings.Trim(string(members["expires_in"]), `"`), 64)
	if err != nil || !(life >= 1) {
		delete(members, "expires_in")
	} else {
		members["expires_in"] = strconv.AppendInt(nil, int64(min(life, math.MaxInt32)), 10)
	}
	rewritten, err := json.Marshal(members)
	if err != nil {
		return body // what was just read can be written
	}
	return rewritten
}

// exchangeError turns the library's error, which holds the answer's body, into
// one that holds the status and OAuth's code only.
func exchangeError(err error) error {
	retrieve, ok := errors.AsType[*oauth2.RetrieveError](err)
	if !ok || retrieve.Response == nil {
		return &APIError{Op: opExchange, Cause: withoutURL(err)}
	}
	status := retrieve.Response.StatusCode
	failure := &APIError{Op: opExchange, Status: status, RetryAfter: parseRetryAfter(retrieve.Response.Header)}
	if status == http.StatusBadRequest || status == http.StatusUnauthorized {
		failure.Code = oauthCode(retrieve)
	}
	if status == http.StatusUnauthorized {
		failure.Code = cmp.Or(failure.Code, "invalid_client")
	}
	if status >= 200 && status <= 299 {
		failure.Cause = errors.New("no access token in the answer")
	}
	return failure
}

// seconds reads a number of seconds as a JSON decoder may give it; anything
// that is not positive is no life at all, and says nothing.
func seconds(value any) time.Duration {
	var n float64
	switch value := value.(type) {
	case float64:
		n = value
	case int64:
		n = float64(value)
	case json.Number:
		n, _ = value.Float64()
	}
	const century = 100 * 365 * 24 * 3600
	if !(n > 0) {
		return 0
	}
	return time.Duration(min(n, century) * float64(time.Second))
}

// oauthCode returns the error code of RFC 6749 in the answer, "" if it has none
// of those. The library finds it only where the content type says JSON.
func oauthCode(retrieve *oauth2.RetrieveError) string {
	var body struct {
		Error string `json:"error"`
	}
	if body.Error = retrieve.ErrorCode; body.Error == "" {
		_ = json.Unmarshal(retrieve.Body, &body)
	}
	switch body.Error {
	case "invalid_grant", "invalid_client", "unauthorized_client", "invalid_request", "invalid_scope", "unsupported_grant_type":
		return body.Error
	default:
		return ""
	}
}
