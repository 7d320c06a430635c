package webex

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"signpost/shared/secret"
)

// MaxClientID is the greatest length of an OAuth client id, in bytes [ours]: Webex's have 65.
const MaxClientID = 256

// IsClientID reports whether a text has the form of an OAuth client id: letters, digits
// and . _ ~ -, at most [MaxClientID].
func IsClientID(text string) bool {
	return text != "" && len(text) <= MaxClientID && strings.Trim(text, clientIDLetters) == ""
}

const clientIDLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~-"

// Credentials are those of the OAuth client that Control Hub showed when the
// integration's manifest was uploaded.
type Credentials struct {
	ClientID     string
	ClientSecret secret.String
}

// Tokens is a successful response of the token endpoint.
type Tokens struct {
	Access secret.String
	// AccessLife is `expires_in`, 0 if missing.
	AccessLife time.Duration
	// Refresh is the refresh token to use from now on, zero if it is missing or
	// unchanged; it changes only rarely [demo].
	Refresh secret.String
	// RefreshLife is `refresh_token_expires_in`, 0 if missing.
	RefreshLife time.Duration
}

// Exchange exchanges a refresh token for an access token at oauthURL. Errors are
// [*APIError]: [ErrInvalidGrant] for a refresh token that is expired, revoked or of
// another client, [ErrInvalidClient] for wrong credentials, [ErrGrantRejected] for a
// 400 that says neither.
func (c *Client) Exchange(ctx context.Context, oauthURL string, client Credentials, refresh secret.String) (Tokens, error) {
	// Webex reads the credentials from the form only [java].
	form := url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {refresh.Reveal()},
		"client_id": {client.ClientID}, "client_secret": {client.ClientSecret.Reveal()},
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, oauthURL, strings.NewReader(form.Encode()))
	if err != nil {
		return Tokens{}, &APIError{Op: opExchange, Cause: withoutURL(err)}
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	body, failure := c.send(opExchange, request)
	response, broken := readTokenResponse(body)
	if failure != nil {
		failure.explain(response)
		return Tokens{}, failure
	}
	tokens := Tokens{
		Access: token(response, "access_token"), AccessLife: time.Duration(member[lifetime](response, "expires_in")),
		Refresh: token(response, "refresh_token"), RefreshLife: time.Duration(member[lifetime](response, "refresh_token_expires_in")),
	}
	if tokens.Access.IsZero() {
		return Tokens{}, &APIError{Op: opExchange, Status: http.StatusOK, Cause: errors.New("no access token in the response")}
	}
	if broken != nil && tokens.Refresh.IsZero() {
		// The missing part may hold the only valid refresh token. Another exchange
		// returns it if the one used is still valid; continuing would lose it.
		return Tokens{}, &APIError{Op: opExchange, Status: http.StatusOK, Cause: fmt.Errorf("the response ends before a refresh token: %w", broken)}
	}
	if tokens.Refresh.Equal(refresh) {
		tokens.Refresh = secret.String{}
	}
	return tokens, nil
}

// readTokenResponse reads a response of the token endpoint: JSON, or a form as early
// OAuth servers sent it, told apart by content only. It returns the members up to
// an error, since a refresh token among them may be the only valid one. The error
// means that the response is truncated or malformed.
func readTokenResponse(body []byte) (response members, broken error) {
	body = bytes.TrimSpace(trimBOM(body))
	response = members{}
	decoder := json.NewDecoder(bytes.NewReader(body))
	if first, err := decoder.Token(); err != nil || first != json.Delim('{') {
		form, _ := url.ParseQuery(string(body))
		for name := range form {
			response[name], _ = json.Marshal(form.Get(name)) // a string
		}
		return response, nil
	}
	for decoder.More() {
		name, err := decoder.Token()
		var value json.RawMessage
		if err == nil {
			err = decoder.Decode(&value)
		}
		if err != nil {
			return response, err
		}
		if name, ok := name.(string); ok {
			response[name] = value
		}
	}
	_, broken = decoder.Token() // the end of the object
	return response, broken
}

func token(response members, name string) secret.String {
	return secret.New(strings.TrimSpace(member[string](response, name)))
}

// explain sets the error code of RFC 6749 that the response contains.
func (e *APIError) explain(response members) {
	if e.Status != http.StatusBadRequest && e.Status != http.StatusUnauthorized {
		return
	}
	if code := member[string](response, "error"); slices.Contains(oauthCodes, code) {
		e.Code = code
	}
	if e.Status == http.StatusUnauthorized {
		e.Code = cmp.Or(e.Code, "invalid_client")
	}
}

var oauthCodes = []string{"invalid_grant", "invalid_client", "unauthorized_client", "invalid_request", "invalid_scope", "unsupported_grant_type"}
