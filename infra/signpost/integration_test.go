package main

import (
	"encoding/json"
	"strings"
	"testing"

	"signpost/infra/terminal"
	kit "signpost/infra/tests/customer"
	"signpost/shared/integration"
)

// upload is the customer with a private integration of its own, which is not registered.
func (c *customer) upload() *kit.Customer {
	c.t.Helper()
	own := kit.Customer{T: c.t, Stack: c.stack, Cloud: c.stack.Webex(), Org: c.org}
	return own.Upload(integration.NewAppID())
}

// register registers an integration for the customer's organization only.
func (c *customer) register(own *kit.Customer, flags ...string) {
	c.t.Helper()
	i := own.App
	args := append([]string{"integration", "add", i.AppID(), "--client-id", i.ClientID(), "--org", c.org.ID()}, flags...)
	code, output := c.ask(i.ClientSecret()+"\n", args...)
	c.check("add", code, output, terminal.ExitOK, []string{"registered " + i.AppID() + " for " + c.org.ID()})
	if strings.Contains(output, i.ClientSecret()) {
		c.t.Errorf("the client secret is shown:\n%s", output)
	}
}

// TestIntegration: a registered integration is activated, listed and shown.
func TestIntegration(t *testing.T) {
	c := newCustomer(t)
	own := c.upload()
	c.want(terminal.ExitFailed, []string{own.App.AppID() + ": integration is not registered", "Try: signpost integration list"}, "integration", "show", own.App.AppID())
	c.register(own, "--label", "Pilot of Acme", "--reference", "4711")
	c.want(terminal.ExitOK, []string{"Pilot of Acme", own.App.ClientID(), "4711", "registered", "not installed"}, "integration", "show", own.App.AppID())
	own.Activate()
	c.want(terminal.ExitOK, []string{"Pilot of Acme", own.App.AppID(), own.App.ClientID(), c.org.ID(), "4711"}, "integration", "list")
	c.want(terminal.ExitOK, []string{"active", "healthy"}, "integration", "show", strings.ToUpper(own.App.AppID()))

	var listed []struct{ AppID, ClientID, Org, Label, Reference, State string }
	output := c.want(terminal.ExitOK, nil, "integration", "list", "--json")
	if err := json.Unmarshal([]byte(output), &listed); err != nil {
		t.Fatalf("%v:\n%s", err, output)
	}
	found := false
	for _, one := range listed {
		found = found || one.AppID == own.App.AppID() && one.ClientID == own.App.ClientID() && one.Org == c.org.ID() && one.State == "registered"
	}
	if !found {
		t.Errorf("not listed: %s", output)
	}
	c.want(terminal.ExitOK, []string{`"installation": {`, `"state": "active"`}, "integration", "show", "--json", own.App.AppID())
}

// TestIntegrationIsRefused: all that is wrong is said at once, and nothing is stored.
func TestIntegrationIsRefused(t *testing.T) {
	c := newCustomer(t)
	usual, fresh := c.stack.Webex().Integrations(c.org.ID())[0].AppID(), integration.NewAppID()
	for name, test := range map[string]struct {
		input string
		args  []string
		texts []string
	}{
		"everything": {"", []string{"x", "--label", "a\nb", "--reference", strings.Repeat("r", 257), "--org", "nobody"}, []string{
			`"x" is not an app id`, `--client-id "" is not`, "--label must be", "--reference must be", `no customer is called "nobody"`, "the client secret, read from the standard input, is empty",
		}},
		"an invisible character": {"s\u200becret", []string{fresh, "--client-id", "C1"}, []string{"outside printable ASCII"}},
		"the default one":        {"secret", []string{strings.ToUpper(usual), "--client-id", "C1"}, []string{"is the default integration", "--org"}},
		"a secret as argument":   {"", []string{fresh, "secret", "--client-id", "C1"}, []string{`there is no argument "secret"`}},
	} {
		code, output := c.ask(test.input, append([]string{"integration", "add"}, test.args...)...)
		c.check(name, code, output, terminal.ExitUsage, test.texts)
	}
	c.want(terminal.ExitFailed, nil, "integration", "show", fresh)
	c.want(terminal.ExitUsage, []string{"is the default integration", "signpost rotate client-secret"}, "integration", "show", usual)

	own := c.upload()
	c.register(own)
	code, output := c.ask("other", "integration", "add", own.App.AppID(), "--client-id", "C1", "--org", "acme "+t.Name())
	c.check("again", code, output, terminal.ExitFailed, []string{
		"registered already for " + c.org.ID(), "Try: signpost integration rotate " + own.App.AppID() + " --org " + c.org.ID(), "signpost integration remove",
	})
	c.want(terminal.ExitOK, []string{own.App.ClientID()}, "integration", "show", own.App.AppID())
}

// TestIntegrationForOthers: an app id may be registered for any organization, and for one
// that is no customer yet.
func TestIntegrationForOthers(t *testing.T) {
	c := newCustomer(t)
	own, stranger := c.upload(), c.stack.Webex().AddOrganization("Soon "+t.Name(), "us-west-2_r")
	for org, want := range map[string]string{"": "any organization", stranger.Sub(): stranger.ID(), "00000000-1111-4222-8333-444444444444": "00000000-1111-4222-8333-444444444444"} {
		code, output := c.ask("secret", "integration", "add", strings.ToUpper(own.App.AppID()), "--client-id", "C1", "--org", org)
		c.check("for "+org, code, output, terminal.ExitOK, []string{"registered " + own.App.AppID() + " for " + want})
	}
	c.want(terminal.ExitOK, []string{"any organization", stranger.ID(), "00000000-1111-4222-8333-444444444444"}, "integration", "show", own.App.AppID())
}

// TestIntegrationRotate: a new client secret is stored only if Webex accepts it.
func TestIntegrationRotate(t *testing.T) {
	c := newCustomer(t)
	own := c.upload()
	rotate := func(clientSecret string, wantCode int, texts ...string) {
		t.Helper()
		code, output := c.ask(clientSecret, "integration", "rotate", own.App.AppID(), "--org", c.org.ID())
		c.check("rotate", code, output, wantCode, texts)
	}
	code, output := c.ask("mistyped", "integration", "add", own.App.AppID(), "--client-id", own.App.ClientID(), "--org", c.org.ID())
	c.check("add", code, output, terminal.ExitOK, nil)
	rotate(own.App.ClientSecret(), terminal.ExitOK, "there is no active installation yet", "within 30s")
	own.Activate() // with the secret that rotate stored
	rotate("mistyped", terminal.ExitFailed, "nothing was changed", "does not accept this client secret for client "+own.App.ClientID())
	rotate("", terminal.ExitUsage, "is empty")
	c.want(terminal.ExitOK, []string{"verified"}, "verify", c.org.ID())
	rotate(own.App.ClientSecret(), terminal.ExitOK, "Webex accepts it: tried with "+c.org.ID())
	rotate(own.App.ClientSecret(), terminal.ExitOK)
}

// TestIntegrationRemove: a registration stays while an installation uses it.
func TestIntegrationRemove(t *testing.T) {
	c := newCustomer(t)
	own := c.upload()
	c.register(own)
	code, output := c.ask(own.App.ClientSecret(), "integration", "add", own.App.AppID(), "--client-id", own.App.ClientID())
	c.check("add for any", code, output, terminal.ExitOK, nil)
	own.Activate()

	remove := func(answer string, wantCode int, text string, flags ...string) {
		t.Helper()
		code, output := c.ask(answer, append([]string{"integration", "remove", own.App.AppID()}, flags...)...)
		c.check("remove "+strings.Join(flags, " "), code, output, wantCode, []string{text})
	}
	remove("", terminal.ExitFailed, c.org.ID()+"  Acme "+t.Name(), "--org", c.org.ID(), "--yes")
	remove("no", terminal.ExitUsage, "nothing was changed")
	remove(own.App.AppID(), terminal.ExitOK, "for any organization") // nobody uses it
	remove("", terminal.ExitFailed, "installations still use", "--yes")
	remove("", terminal.ExitUsage, "select one of these with --org", "--yes", "--org", "00000000-1111-4222-8333-444444444444")
	remove("", terminal.ExitOK, "for "+c.org.ID(), "--yes", "--force")
	remove("", terminal.ExitFailed, "not registered", "--yes")
}
