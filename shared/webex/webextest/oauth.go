package webextest

import (
	"crypto/subtle"
	"encoding/json"
	"errors"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// A refresh token belongs to one installation and its OAuth client. Its JSON is in
// the files of [Cloud.Persist].
type refreshToken struct {
	org          string
	Value        string    `json:"value"`
	Installation string    `json:"installation"`
	Client       string    `json:"client"`
	Expires      time.Time `json:"expires"`
	Renewed      time.Time `json:"renewed"`
	Next         string    `json:"next,omitempty"`     // replaces this token once used
	Previous     string    `json:"previous,omitempty"` // revoked once this token is used
}

// An access token opens one installation. Its JSON is in the files of [Cloud.Persist].
type accessToken struct {
	org          string
	Value        string    `json:"value"`
	Installation string    `json:"installation"`
	Scopes       []string  `json:"scopes"`
	Expires      time.Time `json:"expires"`
}

// RefreshToken is the newest refresh token of the integration in an organization,
// empty if there is none.
func (i *Integration) RefreshToken(orgID string) string {
	defer i.cloud.lock()()
	if inst := i.installed(orgID); inst != nil {
		return inst.NewestRefreshToken
	}
	return ""
}

// AcceptsRefreshToken reports whether the integration's own client could exchange this
// refresh token.
func (i *Integration) AcceptsRefreshToken(value string) bool {
	defer i.cloud.lock()()
	token := i.cloud.refreshTokens[value]
	return token != nil && token.Client == i.upload.ClientID && i.cloud.now().Before(token.Expires)
}

// RevokeRefreshToken revokes all refresh tokens of the integration in an
// organization: the next exchange returns invalid_grant. Access tokens stay
// valid until they expire.
func (i *Integration) RevokeRefreshToken(orgID string) {
	defer i.cloud.change(orgID)()
	i.revokeRefreshTokens(orgID)
}

// RevokeAccessTokens revokes all access tokens of the integration in an
// organization: the next use of one returns 401.
func (i *Integration) RevokeAccessTokens(orgID string) {
	defer i.cloud.change(orgID)()
	maps.DeleteFunc(i.cloud.accessTokens, func(_ string, t *accessToken) bool {
		return t.org == orgID && i.cloud.installations[t.Installation].Client == i.upload.ClientID
	})
}

// SetRotateRefreshTokens makes every exchange return a new refresh token. The old one
// stays valid and returns the same new one until that is first used, so that a lost
// reply does no harm [ours].
func (c *Cloud) SetRotateRefreshTokens(rotate bool) {
	defer c.lock()()
	c.rotate = rotate
}

func (i *Integration) revokeRefreshTokens(orgID string) {
	maps.DeleteFunc(i.cloud.refreshTokens, func(_ string, t *refreshToken) bool { return t.org == orgID && t.Client == i.upload.ClientID })
}

func (c *Cloud) revokeAccessTokens(orgID string) {
	maps.DeleteFunc(c.accessTokens, func(_ string, t *accessToken) bool { return t.org == orgID })
}

func (c *Cloud) issueRefreshToken(inst *installation, previous string) string {
	now := c.now()
	token := &refreshToken{
		Value: newSecret(), Previous: previous, org: inst.org, Installation: inst.ID, Client: inst.Client,
		Expires: now.Add(c.opts.RefreshTokenLife), Renewed: now,
	}
	c.refreshTokens[token.Value] = token
	inst.NewestRefreshToken = token.Value
	return token.Value
}

// serveToken is the token endpoint. It accepts a form [java] or JSON [node] with the
// client's credentials in the body, but not HTTP Basic [ours]. Every region's
// endpoint exchanges the tokens of all customers, as webexapis.com does [ours].
func (c *Cloud) serveToken(q *apiRequest) response {
	if q.Method != http.MethodPost {
		return methodNotAllowed("POST")
	}
	if c.regions[q.PathValue("region")] == nil {
		return notFound("There is no region " + q.PathValue("region"))
	}
	grant, err := parseGrant(q)
	if err != nil {
		return oauthError(http.StatusBadRequest, "invalid_request", err.Error())
	}
	if !c.clientFits(grant["client_id"], grant["client_secret"]) {
		return oauthError(http.StatusUnauthorized, "invalid_client", "Client authentication failed")
	}
	if grant["grant_type"] != "refresh_token" {
		return oauthError(http.StatusBadRequest, "unsupported_grant_type", "Only refresh_token is supported")
	}
	if grant["refresh_token"] == "" {
		return oauthError(http.StatusBadRequest, "invalid_request", "refresh_token is missing")
	}
	token := c.refreshTokens[grant["refresh_token"]]
	if token == nil || token.Client != grant["client_id"] || !c.now().Before(token.Expires) {
		return oauthError(http.StatusBadRequest, "invalid_grant", "The refresh token is invalid, expired or revoked")
	}
	return c.exchange(token)
}

// parseGrant reads the parameters of a token request.
func parseGrant(q *apiRequest) (map[string]string, error) {
	mediaType, _, err := mime.ParseMediaType(q.Header.Get("Content-Type"))
	if err != nil {
		return nil, errors.New("the content type is missing or wrong")
	}
	grant := map[string]string{}
	switch mediaType {
	case "application/json":
		if json.Unmarshal(q.body, &grant) != nil {
			return nil, errors.New("the body is not a JSON object of strings")
		}
	case "application/x-www-form-urlencoded":
		form, err := url.ParseQuery(string(q.body))
		if err != nil {
			return nil, errors.New("the body is not a form")
		}
		for name := range form {
			grant[name] = form.Get(name)
		}
	default:
		return nil, errors.New("the body must be a form or JSON")
	}
	return grant, nil
}

func (c *Cloud) clientFits(id, secret string) bool {
	upload := c.client(id)
	return upload != nil && subtle.ConstantTimeCompare([]byte(upload.ClientSecret), []byte(secret)) == 1
}

// exchange returns the response to a valid refresh token. Its life is renewed if that last happened
// at least 24 hours ago [demo].
func (c *Cloud) exchange(token *refreshToken) response {
	now := c.now()
	delete(c.refreshTokens, token.Previous) // the client has the reply that replaced it
	if now.Sub(token.Renewed) >= 24*time.Hour {
		token.Renewed, token.Expires = now, now.Add(c.opts.RefreshTokenLife)
	}
	inst := c.installations[token.Installation]
	issued := token
	if c.rotate {
		if c.refreshTokens[token.Next] == nil {
			token.Next = c.issueRefreshToken(inst, token.Value)
		}
		issued = c.refreshTokens[token.Next]
	}
	access := &accessToken{
		Value: newSecret(), org: inst.org, Installation: inst.ID,
		Scopes: slices.Clone(inst.Scopes), Expires: now.Add(c.opts.AccessTokenLife),
	}
	c.accessTokens[access.Value] = access
	return jsonResponse(http.StatusOK, map[string]any{
		"access_token":             access.Value,
		"expires_in":               int(c.opts.AccessTokenLife.Seconds()),
		"refresh_token":            issued.Value,
		"refresh_token_expires_in": int(issued.Expires.Sub(now).Seconds()),
		"token_type":               "Bearer",
	})
}

// oauthError is an error as OAuth's token endpoint gives it (RFC 6749, 5.2).
func oauthError(status int, code, description string) response {
	res := jsonResponse(status, map[string]string{"error": code, "error_description": description})
	res.header = map[string]string{"Cache-Control": "no-store"}
	return res
}
