// Package events puts fresh values into the sample events of this folder.
//
// A sample is an event as AWS delivers it, with a token that Webex would have signed
// in its body. The token has expired and its key is not trusted, so that the sample
// as it is shows the shape and gets a 401. For the local stack, the
// simulated Webex signs a new token with the same claims for a new customer.
//
// The package knows the local stack only by its two addresses.
package events

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"strings"
	"time"

	"signpost/infra/local/stack"
)

// Stack has the addresses of a local stack.
type Stack struct {
	API   string // such as http://127.0.0.1:3000
	Webex string // such as http://127.0.0.1:3001
}

// sample holds the parts of an event that can be out of date.
type sample struct {
	Body            string
	IsBase64Encoded bool
	Headers         map[string]string
	PathParameters  map[string]string
	OrgIDs          []string `json:"orgIds"`
}

// compactJWS finds a token in a body of any form.
var compactJWS = regexp.MustCompile(`eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+`)

// Fresh returns event with the values that the stack accepts: a token, or a launch
// code and the content API key, a key of the vendor API, or organizations. Each is of a new
// customer, who has activated the integration unless the event does that. The rest
// of the event stays byte for byte.
func (s Stack) Fresh(ctx context.Context, event []byte) ([]byte, error) {
	var old sample
	if err := json.Unmarshal(event, &old); err != nil {
		return nil, fmt.Errorf("the event is not a JSON object: %w", err)
	}
	body := old.Body
	if old.IsBase64Encoded {
		decoded, err := base64.StdEncoding.DecodeString(body)
		if err != nil {
			return nil, fmt.Errorf("the event's body is not base64: %w", err)
		}
		body = string(decoded)
	}
	var pairs []string // of an old and a new value
	var err error
	switch token := compactJWS.FindString(body); {
	case token != "":
		var fresh string
		fresh, err = s.token(ctx, token)
		pairs = []string{token, fresh}
		if old.IsBase64Encoded {
			body = strings.ReplaceAll(body, token, fresh)
			pairs = []string{old.Body, base64.StdEncoding.EncodeToString([]byte(body))}
		}
	case old.PathParameters["code"] != "":
		pairs, err = s.launch(ctx, old)
	case strings.HasPrefix(old.Headers["authorization"], "Bearer "):
		pairs, err = s.vendor(ctx, old)
	case len(old.OrgIDs) > 0:
		pairs, err = s.organizations(ctx, old)
	}
	if _, unreachable := errors.AsType[*url.Error](err); unreachable {
		return nil, fmt.Errorf("is `make dev` running? %w", err)
	}
	if err != nil {
		return nil, err
	}
	return []byte(strings.NewReplacer(pairs...).Replace(string(event))), nil
}

// token has the simulated Webex sign a token with the claims of old.
func (s Stack) token(ctx context.Context, old string) (string, error) {
	claims, err := claimsOf(old)
	if err != nil {
		return "", err
	}
	customer, code, err := s.newCustomer(ctx)
	if err != nil || claims["action"] == "provision" {
		return code, err
	}
	if err := s.activate(ctx, code); err != nil {
		return "", err
	}
	theirs, err := claimsOf(code)
	if err != nil {
		return "", err
	}
	extra := extraClaims(claims, theirs)
	// A second after the activation: iat has whole seconds, and a removal counts only
	// if it is later.
	extra["iat"] = time.Now().Unix() + 1
	minted, err := s.control().Press(ctx, customer.ID, "mintAction", map[string]any{"action": claims["action"], "extra": extra})
	return minted.JWT, err
}

// extraClaims are the claims of a sample that not every token has, with the
// customer's own values if theirs, the activation code, has them.
func extraClaims(claims, theirs map[string]any) map[string]any {
	extra := maps.Clone(claims)
	for _, common := range []string{"sub", "appId", "action", "iat", "jti"} {
		delete(extra, common)
	}
	for name := range extra {
		if value, ok := theirs[name]; ok {
			extra[name] = value
		}
	}
	return extra
}

// claimsOf reads a token's claims without checking it.
func claimsOf(token string) (map[string]any, error) {
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil {
		return nil, fmt.Errorf("the token in the event: %w", err)
	}
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		return nil, fmt.Errorf("the token in the event: %w", err)
	}
	return claims, nil
}

// launch cross-launches, and replaces the launch code and the content API key.
func (s Stack) launch(ctx context.Context, old sample) ([]string, error) {
	customer, err := s.activeCustomer(ctx)
	if err != nil {
		return nil, err
	}
	code, err := s.launchCode(ctx, customer)
	if err != nil {
		return nil, err
	}
	keys, err := s.keys(ctx, old, "LaunchesFunction", stack.Secrets.ContentKey)
	return append(keys, old.PathParameters["code"], code), err
}

// vendor replaces the key of the vendor API, and the organization that the path names.
func (s Stack) vendor(ctx context.Context, old sample) ([]string, error) {
	pairs, err := s.keys(ctx, old, "InstallationsFunction", stack.Secrets.VendorKey)
	org := old.PathParameters["org"]
	if err != nil || org == "" {
		return pairs, err
	}
	customer, err := s.activeCustomer(ctx)
	return append(pairs, org, customer.ID), err
}

// keys replaces the key in the event by that of the function which it is for.
func (s Stack) keys(ctx context.Context, old sample, function string, key func(stack.Secrets) string) ([]string, error) {
	_, oldKey, ok := strings.Cut(old.Headers["authorization"], " ")
	if !ok {
		return nil, errors.New(`the event has no header "authorization" with a bearer token`)
	}
	fresh, err := s.apiKey(ctx, function, key)
	return []string{oldKey, fresh}, err
}

// organizations replaces each organization by a new active customer.
func (s Stack) organizations(ctx context.Context, old sample) (pairs []string, err error) {
	for _, id := range old.OrgIDs {
		customer, err := s.activeCustomer(ctx)
		if err != nil {
			return nil, err
		}
		pairs = append(pairs, id, customer.ID)
	}
	return pairs, nil
}
