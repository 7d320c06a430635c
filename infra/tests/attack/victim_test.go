package attack_test

import (
	"crypto"
	"strconv"
	"sync/atomic"
	"testing"

	"signpost/infra/local/stack"
	"signpost/infra/tests/customer"
	"signpost/shared/webex/webextest"
)

// The addresses that take tokens, and the action that each is for.
const (
	actions = "/actions"
	page    = "/activation"
	assign  = "/crossLaunch/digital_signage/assignContent"
	manage  = "/crossLaunch/persistent_web_app/manageContent"
)

// doors are the addresses that take tokens, each with an action that writes, so
// that its success would show.
var doors = map[string]string{
	actions: webextest.ActionDeprovision, page: webextest.ActionProvision,
	assign: webextest.ActionCrossLaunch, manage: webextest.ActionCrossLaunch,
}

// victim is a customer whose tokens the tests sign.
type victim struct{ *customer.Customer }

// newVictim activates an organization of the tests' region on s.
func newVictim(t *testing.T, s *stack.Stack) *victim {
	t.Helper()
	v := &victim{customer.New(t, s, ours)}
	v.PostActivation(v.sign(customer.Merged(v.activation(), object{"iat": customer.Seconds(-30)}))).Want(t, 200)
	return v
}

// numbers make ids of tokens unique.
var numbers atomic.Int64

func newID() string { return "attack-" + strconv.FormatInt(numbers.Add(1), 10) }

// activation are the claims of an activation code.
func (v *victim) activation() object {
	return customer.Merged(customer.ClaimsOf(v.T, v.Activation(nil)), object{"iat": customer.Seconds(0)})
}

// claims are the good claims of a token for an action.
func (v *victim) claims(action string) object {
	claims := object{"sub": v.Org.Sub(), "appId": v.Cloud.AppID(), "action": action, "jti": newID(), "iat": customer.Seconds(0)}
	if action != webextest.ActionProvision {
		return claims
	}
	view, _ := v.Cloud.Installation(v.Org.ID())
	return customer.Merged(claims, object{
		"region": ours, "orgName": v.Org.Name(), "oauthUrl": view.OAuthURL, "appUrl": view.AppURL,
		"signageUrl": view.SignageURL, "pwaUrl": view.PWAURL, "refreshToken": "refresh-token-of-nobody",
	})
}

// goodHeader is the header of real tokens.
var goodHeader = object{"alg": "ES256", "kid": kidEC, "typ": "JWT"}

// goodSigner is the key that goodHeader names.
func goodSigner() signer { return ecdsaBy(keys.ec, crypto.SHA256) }

// sign makes a good token of claims.
func (v *victim) sign(claims object) string { return v.token(goodHeader, claims, goodSigner()) }

// token makes any token.
func (v *victim) token(header, claims object, sign signer) string {
	return rawToken(customer.Encode(header), customer.Encode(claims), sign)
}

// rawToken makes a token of a header and claims that need not be JSON.
func rawToken(header, claims string, sign signer) string {
	signed := encoded([]byte(header)) + "." + encoded([]byte(claims))
	return signed + "." + encoded(sign(signed))
}

// launch cross-launches and returns the launch code.
func (v *victim) launch(t *testing.T) string {
	t.Helper()
	return v.In(t).Send(customer.Post(manage, v.sign(v.claims(webextest.ActionCrossLaunch)))).LaunchCode(t)
}
