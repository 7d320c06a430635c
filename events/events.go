// Package events makes the sample events of this folder usable: it puts what is
// fresh into them.
//
// A sample is an event as AWS delivers it, with a token in its body that Webex
// would have signed. Such a token is good for minutes and was signed by a key
// that nobody trusts any more; as it is, a sample shows the shape and is
// answered with a 401. Against the local stack the same event is made good: the
// simulated Webex signs a token with the same claims for a customer of its own.
//
// It knows the local stack by its two addresses only.
package events

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"strings"
	"time"
)

// Stack is where a local stack is.
type Stack struct {
	API   string // such as http://127.0.0.1:3000
	Webex string // such as http://127.0.0.1:3001
}

// sample is what of an event can be out of date.
type sample struct {
	Body            string
	IsBase64Encoded bool
	Headers         map[string]string
	PathParameters  map[string]string
	OrgIDs          []string `json:"orgIds"`
}

// compactJWS finds a token in a body of any form.
var compactJWS = regexp.MustCompile(`eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+`)

// Fresh returns event with what it needs to be answered by the stack: a token, a
// launch code and the content API key, an organization. Each time it is for a
// new customer, who has activated the integration unless the event does. All
// else stays byte for byte, so that an event without any of these comes back as
// it is.
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
	token := compactJWS.FindString(body)
	switch {
	case token != "":
		fresh, err := s.token(ctx, token)
		if err != nil {
			return nil, err
		}
		if old.IsBase64Encoded {
			whole := strings.ReplaceAll(body, token, fresh)
			return replace(event, old.Body, base64.StdEncoding.EncodeToString([]byte(whole))), nil
		}
		return replace(event, token, fresh), nil
	case old.PathParameters["code"] != "":
		return s.launch(ctx, event, old)
	case len(old.OrgIDs) > 0:
		return s.organizations(ctx, event, old)
	default:
		return event, nil
	}
}

func replace(event []byte, pairs ...string) []byte {
	return []byte(strings.NewReplacer(pairs...).Replace(string(event)))
}

// token has the simulator sign a token with the claims of old.
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
	// A second after the activation: Webex's clock has whole seconds, and a
	// removal counts only if it is later.
	extra["iat"] = time.Now().Unix() + 1
	var minted struct{ JWT string }
	err = s.control(ctx, "POST", "organizations/"+customer.ID+"/mintAction", map[string]any{"action": claims["action"], "extra": extra}, &minted)
	return minted.JWT, err
}

// extraClaims are those of a sample besides the ones that every token has, with
// the customer's own values where the activation code says them.
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

// claimsOf reads a token's claims. Nothing is checked: it is a sample, or comes
// from the simulator itself.
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

// launch has an admin launch the content page, and puts the launch's code into
// the event and the key with which it is redeemed.
func (s Stack) launch(ctx context.Context, event []byte, old sample) ([]byte, error) {
	customer, err := s.activeCustomer(ctx)
	if err != nil {
		return nil, err
	}
	code, err := s.launchCode(ctx, customer)
	if err != nil {
		return nil, err
	}
	key, err := s.contentKey(ctx)
	if err != nil {
		return nil, err
	}
	_, oldKey, ok := strings.Cut(old.Headers["authorization"], " ")
	if !ok {
		return nil, errors.New(`the event has no header "authorization" with a bearer token`)
	}
	return replace(event, old.PathParameters["code"], code, oldKey, key), nil
}

// organizations puts active customers in the place of those in the event.
func (s Stack) organizations(ctx context.Context, event []byte, old sample) ([]byte, error) {
	var pairs []string
	for _, id := range old.OrgIDs {
		customer, err := s.activeCustomer(ctx)
		if err != nil {
			return nil, err
		}
		pairs = append(pairs, id, customer.ID)
	}
	return replace(event, pairs...), nil
}
