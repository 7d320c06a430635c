package contract_test

import (
	"sync"
	"testing"

	"signpost/shared/webex/webextest"
)

func TestUpdateApproved(t *testing.T) {
	t.Parallel()
	c := activated(t, west)
	c.cloud.DeleteConfiguration(c.org.ID(), webextest.DigitalSignage)
	token, err := c.cloud.MintUpdateApproved(c.org.ID(), nil)
	if err != nil {
		t.Fatal(err)
	}
	c.act(token).want(t, 200)
	if c.pushes(webextest.DigitalSignage) != 2 || c.pushes(webextest.PersistentWebApp) != 1 {
		t.Errorf("calls are %v, want one PUT of what was gone", c.calls())
	}
}

func TestHealthCheck(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		prepare     func(c *customer)
		operational string
		tokens      string
		ladder      string
	}{
		"as it should be":        {func(*customer) {}, "operational", "valid", "healthy"},
		"a configuration gone":   {func(c *customer) { c.cloud.DeleteConfiguration(c.org.ID(), webextest.PersistentWebApp) }, "impaired", "valid", "healthy"},
		"Webex fails":            {func(c *customer) { c.fault(webextest.Fault{Kind: webextest.KindPWA, Status: 500}) }, "impaired", "valid", "healthy"},
		"access token withdrawn": {func(c *customer) { c.cloud.RevokeAccessTokens(c.org.ID()) }, "operational", "valid", "healthy"},
		"refresh token dead": {func(c *customer) {
			c.alone()
			c.cloud.RevokeAccessTokens(c.org.ID())
			c.cloud.RevokeRefreshToken(c.org.ID())
		}, "token_invalid", "invalid", "token_invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := activated(t, west)
			test.prepare(c)
			token := c.token(webextest.ActionHealthCheck, nil)
			want := object{"operationalState": test.operational, "tokensState": test.tokens, "tokenHealth": test.ladder}
			c.act(token).wantJSON(t, 200, want)
			c.act(token).want(t, 200) // repeating it has no effect
			if !c.serves() {
				t.Error("cross-launches are not answered")
			}
			if c.pushes(webextest.DigitalSignage) != 1 || c.pushes(webextest.PersistentWebApp) != 1 {
				t.Error("a health check pushed")
			}
		})
	}
}

// alone makes the customer the only one whose refresh token is refused until its
// test ends: several in a row, without a success, would be taken for the
// deployment's fault.
func (c *customer) alone() {
	c.Helper()
	refusal.Lock()
	c.Cleanup(refusal.Unlock)
	other := activated(c.T, west)
	other.cloud.RevokeAccessTokens(other.org.ID())
	other.verify().wantJSON(c.T, 200, object{"verified": 1, "pushed": 0, "deleted": 0, "failed": 0, "left": 0})
}

var refusal sync.Mutex

// TestTokenInvalidComesBack: by a new activation.
func TestTokenInvalidComesBack(t *testing.T) {
	t.Parallel()
	c := activated(t, west)
	c.alone()
	c.cloud.RevokeAccessTokens(c.org.ID())
	c.cloud.RevokeRefreshToken(c.org.ID())
	c.verify().want(t, 200)
	c.act(c.token("healthCheck", nil)).wantJSON(t, 200, object{"operationalState": "token_invalid", "tokensState": "invalid", "tokenHealth": "token_invalid"})
	c.postActivation(c.activation(nil)).wantJSON(t, 200, c.activeAnswer())
	c.act(c.token("healthCheck", nil)).wantJSON(t, 200, object{"operationalState": "operational", "tokensState": "valid", "tokenHealth": "healthy"})
}

// TestAKeptTokenComesBack: Webex takes the refresh token again that it refused,
// as it does once our client's id is right again.
func TestAKeptTokenComesBack(t *testing.T) {
	t.Parallel()
	c := activated(t, west)
	c.alone()
	c.cloud.RevokeAccessTokens(c.org.ID())
	c.fault(webextest.Fault{Kind: webextest.KindToken, Status: 400, Body: `{"error":"invalid_grant"}`, ContentType: "application/json", Times: 1})
	c.verify().want(t, 200)
	c.act(c.token("healthCheck", nil)).wantJSON(t, 200, object{"operationalState": "token_invalid", "tokensState": "invalid", "tokenHealth": "token_invalid"})
	c.verify().wantJSON(t, 200, object{"verified": 1, "pushed": 0, "deleted": 0, "failed": 0, "left": 0})
	c.act(c.token("healthCheck", nil)).wantJSON(t, 200, object{"operationalState": "operational", "tokensState": "valid", "tokenHealth": "healthy"})
}

func TestRemoval(t *testing.T) {
	t.Parallel()
	c := activated(t, west)
	token, err := c.cloud.MintDeprovision(c.org.ID())
	if err != nil {
		t.Fatal(err)
	}
	c.forget()
	for range 2 { // a repeated one is 200
		c.act(token).want(t, 200)
	}
	c.act(c.token("deprovision", nil)).want(t, 200) // and so is another one
	for _, action := range []string{"updateApproved", "update", "healthCheck"} {
		c.act(c.token(action, nil)).wantProblem(t, "unknown_installation")
	}
	if calls := c.calls(); len(calls) > 0 {
		t.Errorf("a removal calls Webex: %v", calls)
	}
}

// TestRemovalEndsLaunches: nothing of a removed customer is given away.
func TestRemovalEndsLaunches(t *testing.T) {
	t.Parallel()
	c := activated(t, west)
	code := c.code(object{"devices": sameDevices(1)})
	c.act(c.token("deprovision", nil)).want(t, 200)
	c.redeem(code).wantProblem(t, "unknown_launch")
}

// TestEqualSeconds: what counts when the clock of whole seconds cannot tell.
func TestEqualSeconds(t *testing.T) {
	t.Parallel()
	at := seconds(-60) // for all of them, whenever they get to run
	for _, test := range []struct {
		name   string
		follow func(c *customer)
		serves bool
	}{
		{"removal of the activation's second", func(c *customer) {
			c.act(c.token("deprovision", object{"iat": at})).want(c.T, 200)
		}, true},
		{"removal of the next second", func(c *customer) {
			c.act(c.token("deprovision", object{"iat": at + 1})).want(c.T, 200)
		}, false},
		{"removal of an earlier second", func(c *customer) {
			c.act(c.token("deprovision", object{"iat": at - 1})).want(c.T, 200)
		}, true},
		{"activation of the removal's second", func(c *customer) {
			c.act(c.token("deprovision", object{"iat": at + 1})).want(c.T, 200)
			c.postActivation(c.activation(object{"iat": at + 1})).want(c.T, 200)
		}, true},
		{"activation older than the removal", func(c *customer) {
			c.act(c.token("deprovision", object{"iat": at + 2})).want(c.T, 200)
			c.postActivation(c.activation(object{"iat": at + 1})).wantProblem(c.T, "token_replayed")
		}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := newCustomer(t, west)
			c.postActivation(c.activation(object{"iat": at})).want(t, 200)
			test.follow(c)
			if got := c.serves(); got != test.serves {
				t.Errorf("cross-launches are answered: %t", got)
			}
		})
	}
}

// TestEqualSecondsOfChanges: an unseen token counts if it is not older than the
// last one applied.
func TestEqualSecondsOfChanges(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		later  int64 // seconds after the change before
		pushes int
	}{"equal": {0, 2}, "older": {-1, 1}, "newer": {1, 2}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, at := activated(t, west), seconds(-20) // the activation is older
			c.act(c.token("updateApproved", object{"iat": at})).want(t, 200)
			c.cloud.DeleteConfiguration(c.org.ID(), webextest.DigitalSignage)
			c.act(c.token("updateApproved", object{"iat": at + test.later})).want(t, 200)
			if got := c.pushes(webextest.DigitalSignage); got != test.pushes {
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
			code, oldSub := c.activation(object{"iat": seconds(-30)}), c.org.Sub()
			c.postActivation(code).want(t, 200)
			token, err := c.cloud.MintMove(c.org.ID(), europe, options)
			if err != nil {
				t.Fatal(err)
			}
			c.act(token).want(t, 200)
			c.launchWith(c.signedBy(west, "crossLaunch", nil), webextest.DigitalSignage, "manageContent", nil).wantProblem(t, "unknown_key")
			redeemed := c.redeem(c.code(nil)).want(t, 200).object(t)
			if redeemed["orgId"] != c.org.Sub() || c.org.Sub() == oldSub {
				t.Errorf("orgId is %v, want the latest, %s", redeemed["orgId"], c.org.Sub())
			}
			if redeemed["orgKey"] != c.org.ID() {
				t.Errorf("orgKey is %v, want %s as before the move", redeemed["orgKey"], c.org.ID())
			}
			c.act(c.token("healthCheck", nil)).wantJSON(t, 200, object{"operationalState": "operational", "tokensState": "valid", "tokenHealth": "healthy"})
			c.postActivation(code).wantJSON(t, 200, c.activeAnswer()) // the latest sub is stored
			c.postActivation(c.activation(nil)).wantJSON(t, 200, c.activeAnswer())
		})
	}
}

// TestMovesThatAreNone: an update changes nothing unless the stored region says
// it, or the new one with proof.
func TestMovesThatAreNone(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		signer string
		claims object
		code   string // empty: whatever it is
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
			claims := object{"appUrl": c.cloud.BaseURL() + "/" + europe + "/xapi/api/organizations/" + c.org.ID() + "/apps/none"}
			got := c.act(c.signedBy(test.signer, "update", merged(claims, test.claims)))
			if test.code != "" {
				got.wantProblem(t, test.code)
			}
			if !c.serves() {
				t.Error("the stored region's cross-launches are not answered any more")
			}
		})
	}
}
