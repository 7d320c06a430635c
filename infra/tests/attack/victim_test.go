package attack_test

import (
	"crypto"
	"encoding/json"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"signpost/infra/local/stack"
	"signpost/shared/webex/webextest"
)

// The addresses that take tokens, and the action that each is for.
const (
	actions = "/actions"
	page    = "/activation"
	assign  = "/crossLaunch/digital_signage/assignContent"
	manage  = "/crossLaunch/persistent_web_app/manageContent"
)

// doors are the addresses that take tokens, with an action whose success would
// be seen: it writes.
var doors = map[string]string{
	actions: webextest.ActionDeprovision, page: webextest.ActionProvision,
	assign: webextest.ActionCrossLaunch, manage: webextest.ActionCrossLaunch,
}

// victim is a customer whose activation is completed.
type victim struct {
	stack *stack.Stack
	cloud *webextest.Cloud
	org   *webextest.Organization
}

// newVictim activates an organization of the tests' region on s.
func newVictim(t *testing.T, s *stack.Stack) *victim {
	t.Helper()
	v := &victim{stack: s, cloud: s.Webex(), org: s.Webex().AddOrganization("Victim of "+t.Name(), ours)}
	claims := v.activation(t)
	claims["iat"] = now(-30)
	if got := mustSend(t, s.URL(), post(page, v.sign(claims))); got.status != 200 {
		t.Fatalf("the victim cannot be activated: %d %s", got.status, got.body)
	}
	return v
}

func now(offset int) int64 { return time.Now().Unix() + int64(offset) }

// numbers make ids that no token had before.
var numbers atomic.Int64

func newID() string { return "attack-" + strconv.FormatInt(numbers.Add(1), 10) }

// activation are the claims of an activation code.
func (v *victim) activation(t *testing.T) object {
	t.Helper()
	token, err := v.cloud.MintActivation(v.org.ID())
	if err != nil {
		t.Fatal(err)
	}
	payload, err := decodeSegment(strings.Split(token, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	claims := object{}
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	claims["iat"] = now(0)
	return claims
}

// claims are those of a token for an action, good ones.
func (v *victim) claims(action string) object {
	claims := object{"sub": v.org.Sub(), "appId": v.cloud.AppID(), "action": action, "jti": newID(), "iat": now(0)}
	if action != webextest.ActionProvision {
		return claims
	}
	view, _ := v.cloud.Installation(v.org.ID())
	return merged(claims, object{
		"region": ours, "orgName": v.org.Name(), "oauthUrl": view.OAuthURL, "appUrl": view.AppURL,
		"signageUrl": view.SignageURL, "pwaUrl": view.PWAURL, "refreshToken": "refresh-token-of-nobody",
	})
}

// goodHeader is that of real tokens.
var goodHeader = object{"alg": "ES256", "kid": kidEC, "typ": "JWT"}

// goodSigner is the key that goodHeader names.
func goodSigner() signer { return ecdsaBy(keys.ec, crypto.SHA256) }

// sign makes a good token of claims.
func (v *victim) sign(claims object) string { return v.token(goodHeader, claims, goodSigner()) }

// token makes any token.
func (v *victim) token(header, claims object, sign signer) string {
	return rawToken(encode(header), encode(claims), sign)
}

// rawToken makes a token of a header and claims that need not be JSON.
func rawToken(header, claims string, sign signer) string {
	signed := encoded([]byte(header)) + "." + encoded([]byte(claims))
	return signed + "." + encoded(sign(signed))
}

// launch cross-launches, as Webex does, and returns the launch code.
func (v *victim) launch(t *testing.T) string {
	t.Helper()
	return mustSend(t, v.stack.URL(), post(manage, v.sign(v.claims(webextest.ActionCrossLaunch)))).launchCode(t)
}

// redeeming is the request that redeems a launch code, which is sent as it is.
func redeeming(escapedCode, key string) request {
	return request{method: "POST", path: "/launches/" + escapedCode, headers: map[string]string{"Authorization": "Bearer " + key}}
}
