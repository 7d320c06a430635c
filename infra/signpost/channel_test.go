package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"signpost/infra/terminal"
)

// vendor is a server with the vendor's pages; /missing has none.
func vendor(t *testing.T) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/missing") || strings.ContainsAny(r.URL.String(), "{$") {
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// signage returns the address that Webex stores for the customer's signage.
func (c *customer) signage() string {
	stored, _ := c.stack.Webex().Configuration(c.org.ID(), "digital_signage")
	address, _ := stored["signageUrl"].(string)
	return address
}

// TestChannel: a document is applied, an organization assigned to a channel, and both
// are taken back.
func TestChannel(t *testing.T) {
	c, pages := newCustomer(t), vendor(t)
	usual := c.signage()
	c.want(terminal.ExitOK, []string{"CHANNEL", "default", usual}, "channel", "list")
	c.want(terminal.ExitOK, []string{"no channels were applied"}, "channel", "history")

	document := fmt.Sprintf(`{"channels": {"pilot": {"SIGNAGE_URL": "%s/{organizationKey}?d=$(deviceId)"}}}`, pages.URL)
	code, output := c.ask(document, "channel", "apply", "-", "--yes", "--json")
	var applied struct{ Revision, Affected int }
	if err := json.Unmarshal([]byte(output), &applied); err != nil || code != terminal.ExitOK || applied.Revision < 1 || applied.Affected != 0 {
		t.Fatalf("applied with %d: %s", code, output)
	}
	defer func() {
		if code, output := c.ask(`{"channels": {}}`, "channel", "apply", "-", "--yes"); code != terminal.ExitOK {
			t.Error(output)
		}
	}()
	code, output = c.ask(document, "channel", "apply", "-", "--yes")
	c.check("again", code, output, terminal.ExitOK, []string{"nothing to change"})
	c.want(terminal.ExitOK, []string{"SIGNAGE_URL", "{organizationKey}", "channel", "PWA_URL", "environment"}, "channel", "show", "pilot")
	c.want(terminal.ExitUsage, []string{`no channel "other": they are default, pilot`}, "channel", "show", "other")

	c.want(terminal.ExitUsage, []string{`no channel "other"`}, "channel", "assign", c.org.ID(), "other")
	c.want(terminal.ExitOK, []string{"Acme TestChannel has the channel pilot"}, "channel", "assign", c.org.ID(), "pilot")
	if want := pages.URL + "/" + c.org.ID() + "?d=$(deviceId)"; c.signage() != want {
		t.Errorf("Webex stores %s, want %s", c.signage(), want)
	}
	changed := strings.Replace(document, "?d", "?v=2&d", 1)
	code, output = c.ask("0\n"+changed, "channel", "apply", "-")
	c.check("not JSON alone", code, output, terminal.ExitUsage, nil)
	code, output = c.ask(changed, "channel", "apply", "-", "--yes")
	c.check("changed", code, output, terminal.ExitOK, []string{fmt.Sprintf("revision %d is current", applied.Revision+1), "the devices of 1 installation show"})
	c.want(terminal.ExitFindings, []string{"a verification would push it"}, "show", c.org.ID())
	c.want(terminal.ExitOK, []string{"pending"}, "list", c.org.ID())
	c.want(terminal.ExitOK, []string{"revision"}, "channel", "revert", fmt.Sprint(applied.Revision), "--yes")
	c.want(terminal.ExitOK, []string{fmt.Sprint(applied.Revision + 2), "current"}, "channel", "history")
	c.want(terminal.ExitFailed, []string{"no such revision", "signpost channel history"}, "channel", "revert", "999", "--yes")
	c.want(terminal.ExitOK, []string{"has the channel default"}, "channel", "assign", c.org.ID(), "default")
	if c.signage() != usual {
		t.Errorf("Webex stores %s, want %s", c.signage(), usual)
	}
}

// TestChannelIsRefused: all that is wrong is said at once, and nothing is changed.
func TestChannelIsRefused(t *testing.T) {
	c, pages := newCustomer(t), vendor(t)
	before := c.want(terminal.ExitOK, nil, "channel", "list", "--json")
	for name, test := range map[string]struct {
		document string
		code     int
		texts    []string
	}{
		"not a document": {`[]`, terminal.ExitUsage, []string{`{"channels":`}},
		"everything": {`{"channels": {"Pilot": {}, "a": {"regions": ["mars"], "SIGNAGE_URL": "ftp://a", "PWA_URL": "https://a.example.com/{x}"}}}`, terminal.ExitUsage,
			[]string{`channel "Pilot"`, "region \"mars\"", "channel a: SIGNAGE_URL", "channel a: PWA_URL", "{installationKey}", "nothing was changed"}},
		"pages that do not answer": {`{"channels": {"a": {"SIGNAGE_URL": "` + pages.URL + `/missing/{region}?d=$(deviceId)", "PWA_URL": "` + pages.URL + `/ok"},
			"b": {"PWA_URL": "http://127.0.0.1:1/", "CONTENT_URL": "` + pages.URL + `/missing"}}}`, terminal.ExitFailed,
			[]string{"digital_signage of channel a", "/missing/us-west-2_r?d=signpost-check", "404", "persistent_web_app of channel b", "CONTENT_URL of channel b", "--no-fetch", "nothing was changed"}},
	} {
		code, output := c.ask(test.document, "channel", "apply", "-", "--yes")
		c.check(name, code, output, test.code, test.texts)
		if strings.Contains(output, "persistent_web_app of channel a") {
			t.Errorf("%s: a good page is named:\n%s", name, output)
		}
	}
	c.want(terminal.ExitUsage, []string{"no such file"}, "channel", "apply", "/nowhere.json")
	c.want(terminal.ExitUsage, []string{`"x" is not the number`}, "channel", "revert", "x")
	if after := c.want(terminal.ExitOK, nil, "channel", "list", "--json"); after != before {
		t.Errorf("changed:\n%s", after)
	}
}
