package main

import (
	"testing"

	"signpost/infra/terminal"
)

// TestDiagnose: what is right is said, and a page that does not answer is named.
func TestDiagnose(t *testing.T) {
	c, pages := newCustomer(t), vendor(t)
	c.want(terminal.ExitOK, []string{"active", "in_sync", "each page answers", "to look at in Control Hub", "Digital signage", "Room Navigator", "signpost reload " + c.org.ID()}, "diagnose", c.org.ID())
	stored, _ := c.stack.Webex().Configuration(c.org.ID(), "digital_signage")
	stored["signageUrl"] = pages.URL + "/missing?d=$(deviceId)"
	c.stack.Webex().SetConfiguration(c.org.ID(), "digital_signage", stored)
	c.want(terminal.ExitFindings, []string{"a verification would push it", "signpost verify " + c.org.ID() + " restores", "the page of digital_signage, " + pages.URL + "/missing?d=signpost-check: answers 404"}, "diagnose", c.org.ID())
	c.want(terminal.ExitFindings, []string{`"unanswered": [`, "/missing?d=signpost-check"}, "diagnose", "--json", c.org.ID())
	c.want(terminal.ExitFailed, []string{"no such installation"}, "diagnose", "nobody")
}
