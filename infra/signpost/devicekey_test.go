package main

import (
	"strings"
	"testing"

	"signpost/infra/terminal"
)

// TestDeviceKey: it is shown, and replaced once that is confirmed.
func TestDeviceKey(t *testing.T) {
	c := newCustomer(t)
	shown := strings.TrimSpace(c.want(terminal.ExitOK, nil, "installation", "show-key", c.org.ID()))
	if len(shown) != 26 {
		t.Errorf("shown is %q", shown)
	}
	code, output := c.ask("no\n", "installation", "rotate-key", c.org.ID())
	c.check("not confirmed", code, output, terminal.ExitUsage, []string{"{installationKey}", "reloads"})
	c.want(terminal.ExitOK, []string{`"installationKey": "` + shown + `"`}, "installation", "show-key", "--json", c.org.ID())
	next := strings.TrimSpace(c.want(terminal.ExitOK, nil, "installation", "rotate-key", "--yes", c.org.ID()))
	if next == shown || len(next) != 26 {
		t.Errorf("the next key is %q", next)
	}
	c.want(terminal.ExitOK, []string{next}, "installation", "show-key", c.org.ID())
	c.want(terminal.ExitFailed, []string{"no such installation"}, "installation", "rotate-key", "nobody", "--yes")
}
