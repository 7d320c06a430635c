package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"signpost/infra/terminal"
)

func TestInvite(t *testing.T) {
	c := newCustomer(t)
	var made struct{ ID, URL, State, AppID, Reference, ExpiresAt string }
	code, output := c.ask("", "invite", "--private", "--reference", "4711", "--label", "Acme, test", "--expires-in", "72h", "--json")
	if err := json.Unmarshal([]byte(output), &made); code != terminal.ExitOK || err != nil || made.State != "open" || made.Reference != "4711" || made.AppID == c.stack.Webex().AppID() {
		t.Fatalf("exit %d, %v: %s", code, err, output)
	}
	opened := func() int {
		t.Helper()
		response, err := http.Get(made.URL)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		return response.StatusCode
	}
	if status := opened(); status != 200 {
		t.Errorf("the link answers %d", status)
	}
	listed := c.want(terminal.ExitOK, []string{made.ID, "open", "private", "4711", "Acme, test"}, "invite", "list")
	if strings.Contains(listed, made.URL[strings.Index(made.URL, "=")+1:]) {
		t.Error("the list shows the code")
	}
	c.want(terminal.ExitOK, []string{"revoked " + made.ID}, "invite", "revoke", made.ID)
	if status := opened(); status != 404 {
		t.Errorf("the revoked link answers %d", status)
	}
	c.want(terminal.ExitOK, []string{"revoked"}, "invite", "revoke", made.ID)
	c.want(terminal.ExitOK, []string{"revoked"}, "invite", "list")
	c.want(terminal.ExitFailed, []string{"unknown invitation", "Try: signpost invite list"}, "invite", "revoke", "nonsense")
	c.want(terminal.ExitUsage, []string{"reference must be one line", "expiresIn must be from 1"}, "invite", "--reference", "a\nb", "--expires-in", "2161h")
	c.want(terminal.ExitOK, []string{"give this link to the customer only", "/activation?invite="}, "invite")
}
