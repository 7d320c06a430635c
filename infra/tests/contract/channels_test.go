package contract_test

import (
	"fmt"
	"strings"
	"testing"

	"signpost/infra/tests/customer"
	"signpost/shared/webex/webextest"
)

const frankfurt = "eu-central-1_k"

// stored returns the address that Webex stores for the customer's signage.
func stored(c *client) string {
	configuration, _ := c.App.Configuration(c.Org.ID(), webextest.DigitalSignage)
	return fmt.Sprint(configuration["signageUrl"])
}

// TestChannels: a region that a channel claims gets its addresses, for devices and for
// administrators; a new revision is pushed once by the next run.
func TestChannels(t *testing.T) {
	t.Parallel()
	s := customer.StartFor(t, nil)
	west, europe := customer.New(t, s, west), customer.New(t, s, frankfurt)
	const document = `{"channels": {"europe": {"regions": ["eu-central-1_k"],
		"SIGNAGE_URL": "https://eu.vendor.example/{organizationKey}/{region}/{installationKey}?d=$(deviceId)", "PWA_URL": "", "CONTENT_URL": "https://eu.vendor.example/content?a=1"}}}`
	west.ApplyChannels(document)
	west.Activate()
	europe.Activate()
	if got := stored(west); !strings.HasPrefix(got, "https://signage.example.com/") {
		t.Errorf("in the default channel, Webex stores %s", got)
	}
	parts := strings.Split(stored(europe), "/")
	if len(parts) != 6 || parts[2] != "eu.vendor.example" || parts[3] != europe.Org.ID() || parts[4] != frankfurt || len(strings.TrimSuffix(parts[5], "?d=$(deviceId)")) != 26 {
		t.Errorf("in the channel of the region, Webex stores %s", stored(europe))
	}
	if europe.Pushes(webextest.PersistentWebApp) > 0 {
		t.Error("a feature was pushed that the channel does not provide")
	}
	west.Code(nil)
	redirect := fmt.Sprint(europe.Launch(webextest.DigitalSignage, "assignContent", nil).Want(t, 200).Object(t)["redirectUrl"])
	code, ok := strings.CutPrefix(redirect, "https://eu.vendor.example/content?a=1&launch=")
	if !ok {
		t.Fatalf("redirected to %s", redirect)
	}
	europe.Redeem(code).Want(t, 200)

	run := func() { west.Invoke("VerifyConfigsFunction", object{}).Want(t, 200) }
	run()
	before := europe.Pushes(webextest.DigitalSignage)
	west.ApplyChannels(strings.Replace(document, "?d=", "?v=2&d=", 1))
	for range 2 {
		run()
	}
	if got := stored(europe); !strings.Contains(got, "?v=2&d=") || europe.Pushes(webextest.DigitalSignage) != before+1 {
		t.Errorf("after %d pushes, Webex stores %s", europe.Pushes(webextest.DigitalSignage)-before, got)
	}
	if west.Pushes(webextest.DigitalSignage) != 1 {
		t.Errorf("the other customer's devices got %d pushes", west.Pushes(webextest.DigitalSignage))
	}

	// A document that does not fit the settings changes nothing for anybody.
	west.ApplyChannels(`{"channels": {"europe": {"regions": ["eu-central-1_k"], "SIGNAGE_URL": "nowhere"}}}`)
	if got := west.Invoke("VerifyConfigsFunction", object{}); !strings.Contains(got.Body, "does not fit the settings") {
		t.Errorf("a run with invalid channels: %d %s", got.Status, got.Body)
	}
	if got := stored(europe); !strings.Contains(got, "?v=2&d=") {
		t.Errorf("Webex stores %s", got)
	}
}
