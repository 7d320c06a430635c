package main

import (
	"strings"
	"testing"

	"signpost/infra/terminal"
	kit "signpost/infra/tests/customer"
)

// TestReload: the address changes by one push, once that is confirmed.
func TestReload(t *testing.T) {
	c := newCustomer(t)
	before := c.signage()
	code, output := c.ask("2\n", "reload", c.org.ID())
	c.check("not confirmed", code, output, terminal.ExitUsage, []string{"the devices of 1 installation reload their pages"})
	c.want(terminal.ExitUsage, []string{"--all takes no ORG"}, "reload", "--all", c.org.ID())
	c.want(terminal.ExitFailed, []string{"no such installation"}, "reload", "nobody", "--yes")
	c.want(terminal.ExitOK, []string{"the new addresses of 1 installation"}, "reload", c.org.ID(), "--yes")
	of := kit.Customer{T: t, Stack: c.stack, Cloud: c.stack.Webex(), Org: c.org}
	of.Invoke("VerifyConfigsFunction", kit.Object{}).Want(t, 200)
	if got := c.signage(); got != before+"&_signpost_reload=1" || !strings.Contains(before, "?") {
		t.Errorf("Webex stores %s, before it was %s", got, before)
	}
}
