package contract_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"signpost/infra/tests/customer"
	"signpost/shared/integration"
	"signpost/shared/webex/webextest"
)

// TestPrivateIntegration: a customer's own upload has a client of its own, and works as
// the default integration does, for one organization or for any.
func TestPrivateIntegration(t *testing.T) {
	t.Parallel()
	for name, bound := range map[string]bool{"of one organization": true, "of any": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCustomer(t, west).Upload(integration.NewAppID()).Register(bound)
			code := c.Activation(object{"iat": customer.Seconds(-30)})
			for range 2 { // the second time, nothing is done
				c.PostActivation(code).WantJSON(t, 200, object{
					"orgId": c.Org.Sub(), "appId": c.App.AppID(), "state": "active",
					"features": object{webextest.DigitalSignage: "in_sync", webextest.PersistentWebApp: "in_sync"},
				})
			}
			c.Health(nil).WantJSON(t, 200, healthy)
			got := c.Redeem(c.Code(nil)).Want(t, 200).Object(t)
			if got["appId"] != c.App.AppID() || got["orgKey"] != c.Org.ID() {
				t.Errorf("redeemed %v", got)
			}
			c.RevokeAccess()
			c.Lose(webextest.DigitalSignage)
			c.Verify().Want(t, 200)
			c.WantPushes(2, 1)
		})
	}
}

// TestUnregisteredIntegration: a good signature alone proves nothing, whatever the
// request; an integration bound to one organization is not another's.
func TestUnregisteredIntegration(t *testing.T) {
	t.Parallel()
	bound := integration.NewAppID()
	newCustomer(t, west).Upload(bound).Register(true)
	for name, appID := range map[string]string{"unknown": integration.NewAppID(), "bound to another organization": bound} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCustomer(t, west).Upload(appID)
			c.PostActivation(c.Activation(nil)).WantProblem(t, "wrong_app")
			for _, action := range []string{webextest.ActionHealthCheck, webextest.ActionDeprovision, webextest.ActionCrossLaunch} {
				c.Act(c.Token(action, nil)).WantProblem(t, "wrong_app")
			}
			c.Manage(c.Token(webextest.ActionCrossLaunch, nil)).WantProblem(t, "wrong_app")
			c.Manage(c.Token(webextest.ActionHealthCheck, nil)).WantProblem(t, "wrong_app")
			c.Launch("nonsense", "manageContent", nil).WantProblem(t, "wrong_app")
			c.WantNoCalls("a stranger's integration")
			if items := c.Items(); len(items) > 0 {
				t.Errorf("stored %v", items)
			}
		})
	}
}

// TestRegisteredIntegrationWithoutInstallation is told apart from a stranger's.
func TestRegisteredIntegrationWithoutInstallation(t *testing.T) {
	t.Parallel()
	c := newCustomer(t, west).Upload(integration.NewAppID()).Register(true)
	c.Activation(nil)
	c.Manage(c.Token(webextest.ActionCrossLaunch, nil)).WantProblem(t, "unknown_installation")
	c.Health(nil).WantProblem(t, "unknown_installation")
}

// TestTwoIntegrationsOfOneOrganization: what happens to one of them changes nothing of
// the other, neither here nor at Webex.
func TestTwoIntegrationsOfOneOrganization(t *testing.T) {
	t.Parallel()
	for name, happens := range map[string]func(c *client){
		"removed":         func(c *client) { c.Remove(nil) },
		"activated again": func(c *client) { c.PostActivation(c.Activation(nil)).Want(c.T, 200) },
		"checked":         func(c *client) { c.Lose(webextest.DigitalSignage); c.Health(nil).Want(c.T, 200) },
		"cross-launched":  func(c *client) { c.Redeem(c.Code(nil)).Want(c.T, 200) },
	} {
		for which := range 2 {
			t.Run(fmt.Sprint(name, which), func(t *testing.T) {
				t.Parallel()
				first := activated(t, west)
				both := []*client{first, first.Upload(integration.NewAppID()).Register(true).Activate()}
				acting, other := both[which], both[1-which]
				rows, atWebex := rowsOf(other), other.Installation()
				happens(acting)
				if diff := cmp.Diff(rows, rowsOf(other)); diff != "" {
					t.Errorf("the other's rows changed (-before +after):\n%s", diff)
				}
				if diff := cmp.Diff(atWebex, other.Installation()); diff != "" {
					t.Errorf("at Webex the other changed (-before +after):\n%s", diff)
				}
				other.Health(nil).WantJSON(t, 200, healthy)
				other.WantPushes(1, 1)
			})
		}
	}
}

// rowsOf are the rows of the customer's installation.
func rowsOf(c *client) map[string]string {
	rows, err := customer.Rows(c.Stack)
	if err != nil {
		c.Fatal(err)
	}
	maps.DeleteFunc(rows, func(key, _ string) bool {
		return !strings.HasPrefix(key, "org#"+c.Org.ID()+"#"+c.App.AppID())
	})
	return rows
}
