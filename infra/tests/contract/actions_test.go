package contract_test

import (
	"sync"
	"testing"

	"signpost/infra/tests/customer"
	"signpost/shared/webex/webextest"
)

// The answers to health checks.
var (
	healthy      = object{"operationalState": "operational", "tokensState": "valid", "tokenHealth": "healthy"}
	tokenInvalid = object{"operationalState": "token_invalid", "tokensState": "invalid", "tokenHealth": "token_invalid"}
)

func TestUpdateApproved(t *testing.T) {
	t.Parallel()
	c := activated(t, west)
	c.Lose(webextest.DigitalSignage)
	c.Act(c.Minted(c.Cloud.MintUpdateApproved(c.Org.ID(), nil))).Want(t, 200)
	c.WantPushes(2, 1)
}

func TestHealthCheck(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		prepare     func(c *client)
		operational string
		tokens      string
		ladder      string
	}{
		"as it should be":        {func(*client) {}, "operational", "valid", "healthy"},
		"a configuration gone":   {func(c *client) { c.Lose(webextest.PersistentWebApp) }, "impaired", "valid", "healthy"},
		"Webex fails":            {func(c *client) { c.Fault(webextest.Fault{Kind: webextest.KindPWA, Status: 500}) }, "impaired", "valid", "healthy"},
		"access token withdrawn": {func(c *client) { c.RevokeAccess() }, "operational", "valid", "healthy"},
		"refresh token dead": {func(c *client) {
			alone(c)
			c.RevokeAccess()
			c.Cloud.RevokeRefreshToken(c.Org.ID())
		}, "token_invalid", "invalid", "token_invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := activated(t, west)
			test.prepare(c)
			token := c.Token(webextest.ActionHealthCheck, nil)
			want := object{"operationalState": test.operational, "tokensState": test.tokens, "tokenHealth": test.ladder}
			c.Act(token).WantJSON(t, 200, want)
			c.Act(token).Want(t, 200) // repeating it has no effect
			if !c.Serves() {
				t.Error("cross-launches are not answered")
			}
			c.WantPushes(1, 1)
		})
	}
}

// alone makes the customer the only one whose refresh token is refused until its
// test ends. Several refusals in a row, without a success, would count as a fault
// of the deployment.
func alone(c *client) {
	c.Helper()
	refusal.Lock()
	c.Cleanup(refusal.Unlock)
	other := activated(c.T, west)
	other.Cloud.RevokeAccessTokens(other.Org.ID())
	other.Verify().WantJSON(c.T, 200, report(object{"verified": 1}))
}

var refusal sync.Mutex

// TestTokenInvalidRecovers by a new activation.
func TestTokenInvalidRecovers(t *testing.T) {
	t.Parallel()
	c := activated(t, west)
	alone(c)
	c.RevokeAccess()
	c.Cloud.RevokeRefreshToken(c.Org.ID())
	c.Verify().Want(t, 200)
	c.Health(nil).WantJSON(t, 200, tokenInvalid)
	c.PostActivation(c.Activation(nil)).WantJSON(t, 200, activeAnswer(c))
	c.Health(nil).WantJSON(t, 200, healthy)
}

// TestKeptTokenRecovers: Webex accepts a refresh token again that it refused, as
// it does once our client id is corrected.
func TestKeptTokenRecovers(t *testing.T) {
	t.Parallel()
	c := activated(t, west)
	alone(c)
	c.RevokeAccess()
	c.Fault(webextest.Fault{Kind: webextest.KindToken, Status: 400, Body: `{"error":"invalid_grant"}`, ContentType: "application/json", Times: 1})
	c.Verify().Want(t, 200)
	c.Health(nil).WantJSON(t, 200, tokenInvalid)
	c.Verify().WantJSON(t, 200, report(object{"verified": 1}))
	c.Health(nil).WantJSON(t, 200, healthy)
}

func TestRemoval(t *testing.T) {
	t.Parallel()
	c := activated(t, west)
	token := c.Minted(c.Cloud.MintDeprovision(c.Org.ID()))
	c.Forget()
	for range 2 { // repeating it has no effect
		c.Act(token).Want(t, 200)
	}
	c.Remove(nil) // nor has another one
	for _, action := range []string{"updateApproved", "update", "healthCheck"} {
		c.Act(c.Token(action, nil)).WantProblem(t, "unknown_installation")
	}
	c.WantNoCalls("a removal")
}

// TestRemovalEndsLaunches: a removed customer's launch cannot be redeemed.
func TestRemovalEndsLaunches(t *testing.T) {
	t.Parallel()
	c := activated(t, west)
	code := c.Code(object{"devices": sameDevices(1)})
	c.Remove(nil)
	c.Redeem(code).WantProblem(t, "unknown_launch")
}

// TestEqualSeconds: which of two actions counts within one whole second.
func TestEqualSeconds(t *testing.T) {
	t.Parallel()
	at := customer.Seconds(-60) // for all subtests, however late they run
	for _, test := range []struct {
		name   string
		follow func(c *client)
		serves bool
	}{
		{"removal of the activation's second", func(c *client) { c.Remove(object{"iat": at}) }, true},
		{"removal of the next second", func(c *client) { c.Remove(object{"iat": at + 1}) }, false},
		{"removal of an earlier second", func(c *client) { c.Remove(object{"iat": at - 1}) }, true},
		{"activation of the removal's second", func(c *client) {
			c.Remove(object{"iat": at + 1})
			c.PostActivation(c.Activation(object{"iat": at + 1})).Want(c.T, 200)
		}, true},
		{"activation older than the removal", func(c *client) {
			c.Remove(object{"iat": at + 2})
			c.PostActivation(c.Activation(object{"iat": at + 1})).WantProblem(c.T, "token_replayed")
		}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := newCustomer(t, west)
			c.PostActivation(c.Activation(object{"iat": at})).Want(t, 200)
			test.follow(c)
			if got := c.Serves(); got != test.serves {
				t.Errorf("cross-launches are answered: %t", got)
			}
		})
	}
}

// TestEqualSecondsOfChanges: a new token counts unless it is older than the last
// one applied.
func TestEqualSecondsOfChanges(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		later  int64 // seconds after the change before
		pushes int
	}{"equal": {0, 2}, "older": {-1, 1}, "newer": {1, 2}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, at := activated(t, west), customer.Seconds(-20) // the activation is older
			c.Act(c.Token("updateApproved", object{"iat": at})).Want(t, 200)
			c.Lose(webextest.DigitalSignage)
			c.Act(c.Token("updateApproved", object{"iat": at + test.later})).Want(t, 200)
			if got := c.Pushes(webextest.DigitalSignage); got != test.pushes {
				t.Errorf("%d pushes, want %d", got, test.pushes)
			}
		})
	}
}

// TestMove: the old or the new region signs the update.
func TestMove(t *testing.T) {
	t.Parallel()
	for name, options := range map[string]webextest.MoveOptions{
		"signed by the old region":                   {SignedBy: "old"},
		"signed by the new region":                   {SignedBy: "new"},
		"signed by the old region, with a new token": {SignedBy: "old", NewRefreshToken: true},
		"signed by the new region, with a new token": {SignedBy: "new", NewRefreshToken: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCustomer(t, west)
			code, oldSub := c.Activation(object{"iat": customer.Seconds(-30)}), c.Org.Sub()
			c.PostActivation(code).Want(t, 200)
			c.Act(c.Minted(c.Cloud.MintMove(c.Org.ID(), europe, options))).Want(t, 200)
			c.Manage(c.SignedBy(west, "crossLaunch", nil)).WantProblem(t, "unknown_key")
			redeemed := c.Redeem(c.Code(nil)).Want(t, 200).Object(t)
			if redeemed["orgId"] != c.Org.Sub() || c.Org.Sub() == oldSub {
				t.Errorf("orgId is %v, want the latest, %s", redeemed["orgId"], c.Org.Sub())
			}
			if redeemed["orgKey"] != c.Org.ID() {
				t.Errorf("orgKey is %v, want %s as before the move", redeemed["orgKey"], c.Org.ID())
			}
			c.Health(nil).WantJSON(t, 200, healthy)
			c.PostActivation(code).WantJSON(t, 200, activeAnswer(c)) // the latest sub is stored
			c.PostActivation(c.Activation(nil)).WantJSON(t, 200, activeAnswer(c))
		})
	}
}

// TestMovesThatAreNone: an update has no effect unless the stored region signed it,
// or the new one with proof.
func TestMovesThatAreNone(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		signer string
		claims object
		code   string // empty: any answer
	}{
		"a third region":            {east, object{"region": europe}, "unknown_key"},
		"another, without a region": {europe, nil, "unknown_key"},
		"another, of the stored":    {europe, object{"region": west}, "unknown_key"},
		"untrusted to itself":       {testCloud, object{"region": testCloud}, "unknown_key"},
		"unproven":                  {europe, object{"region": europe}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := activated(t, west)
			claims := object{"appUrl": c.Cloud.BaseURL() + "/" + europe + "/xapi/api/organizations/" + c.Org.ID() + "/apps/none"}
			got := c.Act(c.SignedBy(test.signer, "update", customer.Merged(claims, test.claims)))
			if test.code != "" {
				got.WantProblem(t, test.code)
			}
			if !c.Serves() {
				t.Error("the stored region's cross-launches are no longer answered")
			}
		})
	}
}
