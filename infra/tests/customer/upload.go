package customer

import (
	"time"

	"signpost/shared/integration"
	"signpost/shared/secret"
	"signpost/shared/secret/sealing"
	"signpost/shared/webex/webextest"
)

// Upload is the same organization with a private integration of its own, beside the
// default one: it has uploaded a manifest with both features, under this app id.
func (c *Customer) Upload(appID string) *Customer {
	c.Helper()
	manifest := Object{
		"id": appID, "manifestVersion": 1, "displayName": "Signage", "vendor": "Vendor", "email": "help@example.com",
		"description": "Shows things.", "availability": "org_private", "provisioning": Object{"type": "manual"},
		"apiAccess": []Object{{"scope": webextest.ScopeSignage, "access": "required"}, {"scope": webextest.ScopePWA, "access": "required"}},
		"features":  []string{webextest.DigitalSignage, webextest.PersistentWebApp},
	}
	return c.uploaded([]byte(Encode(manifest)))
}

// Register registers the customer's integration at the deployment: for its organization
// only if bound, else for any.
func (c *Customer) Register(bound bool) *Customer {
	c.Helper()
	registered := integration.Integration{AppID: c.App.AppID(), ClientID: c.App.ClientID(), CreatedAt: time.Now()}
	if bound {
		registered.OrgKey = c.Org.ID()
	}
	keyset, err := sealing.Parse(c.Stack.Secrets().TokenKeyset)
	if err != nil {
		c.Fatal(err)
	}
	if registered.ClientSecret, err = keyset.Seal(secret.New(c.App.ClientSecret()), registered.SecretPlace()); err != nil {
		c.Fatal(err)
	}
	if _, err = c.Store().SaveIntegration(c.Context(), registered, time.Now()); err != nil {
		c.Fatal(err)
	}
	return c
}
