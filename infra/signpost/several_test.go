package main

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"signpost/infra/terminal"
	kit "signpost/infra/tests/customer"
	"signpost/shared/webex/webextest"
)

// TestSeveralInstallations: an organization with the default integration and one of its
// own.
func TestSeveralInstallations(t *testing.T) {
	c := newCustomer(t)
	if output := c.want(terminal.ExitOK, nil, "list", c.org.ID()); strings.Contains(output, "INTEGRATION") {
		t.Errorf("one integration is named:\n%s", output)
	}
	usual, own := c.stack.Webex().Integrations(c.org.ID())[0].AppID(), c.upload()
	c.register(own, "--label", "Pilot")
	own.Activate()
	both := []string{usual, own.App.AppID()}
	c.want(terminal.ExitOK, []string{"INTEGRATION", "Pilot", usual}, "list", c.org.ID())
	c.want(terminal.ExitOK, []string{`"appId": "` + own.App.AppID() + `"`}, "list", "--json", c.org.ID())

	for _, command := range [][]string{{"show", c.org.ID()}, {"show", "acme " + t.Name()}, {"remove", "--yes", c.org.ID()}} {
		c.want(terminal.ExitUsage, append([]string{c.org.ID() + " has several installations: use --app"}, both...), command...)
	}
	c.want(terminal.ExitOK, []string{"verified 2"}, "verify", c.org.ID())
	for _, name := range []string{c.org.ID(), c.org.ID()[:30], "acme " + t.Name()} {
		c.want(terminal.ExitOK, []string{own.App.AppID(), "a verification changes nothing"}, "show", name, "--app", strings.ToUpper(own.App.AppID()))
		c.want(terminal.ExitOK, []string{"verified 1"}, "verify", name, "--app", usual)
	}
	c.want(terminal.ExitOK, []string{"verified 1"}, "verify", "--all", "--app", own.App.AppID())
	c.want(terminal.ExitFailed, []string{"of app id x", "no such installation"}, "show", "acme "+t.Name(), "--app", "x")

	token := own.Token(webextest.ActionHealthCheck, nil)
	exit, output := c.ask(token, "explain")
	c.check("explain", exit, output, terminal.ExitOK, []string{own.App.AppID(), "ok     app", "ok     installation"})

	c.want(terminal.ExitOK, []string{"removed"}, "remove", "--yes", c.org.ID(), "--app", usual)
	c.want(terminal.ExitOK, []string{own.App.AppID()}, "show", c.org.ID()) // the other's tombstone does not count
	c.want(terminal.ExitOK, []string{"verified 1"}, "verify", c.org.ID())
	exit, output = c.ask(token, "explain")
	c.check("explain", exit, output, terminal.ExitOK, []string{"ok     installation"})
}

// TestAmbiguousNames: each organization is listed once.
func TestAmbiguousNames(t *testing.T) {
	c := newCustomer(t)
	own := c.upload()
	c.register(own)
	own.Activate()
	other := c.stack.Webex().AddOrganization("Acme "+t.Name()+" two", "us-west-2_r")
	if reply, err := c.stack.Webex().Activate(t.Context(), other.ID()); err != nil || reply.Status != 200 {
		t.Fatalf("activate: %v, %v", reply, err)
	}
	output := c.want(terminal.ExitUsage, []string{"ambiguous", other.ID()}, "show", "acme TestAmbiguousN")
	if strings.Count(output, c.org.ID()) != 1 {
		t.Errorf("not listed once:\n%s", output)
	}
}

// TestAnUnreadableRow does not keep other organizations from being found.
func TestAnUnreadableRow(t *testing.T) {
	c, other := newCustomer(t), newCustomer(t)
	spoilt := kit.Customer{T: t, Stack: c.stack, Cloud: c.stack.Webex(), Org: other.org}
	put := func(schema string) {
		t.Helper()
		for _, item := range spoilt.Items() {
			item["schema"] = &types.AttributeValueMemberN{Value: schema}
			if _, err := kit.Table(c.stack.DynamoDBURL()).PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String(c.stack.TableName()), Item: item}); err != nil {
				t.Fatal(err)
			}
		}
	}
	put("99")
	prefix, warning := c.org.ID()[:30], "warning: list installations: row of "+other.org.ID()
	c.want(terminal.ExitOK, []string{warning, "healthy"}, "show", prefix)
	c.want(terminal.ExitOK, []string{warning, "verified 1"}, "verify", prefix)
	c.want(terminal.ExitFailed, []string{warning, "no such installation"}, "show", other.org.ID()[:30])
	c.want(terminal.ExitFailed, []string{other.org.ID()}, "show", other.org.ID())
	c.want(terminal.ExitFailed, []string{"verified ", other.org.ID()}, "verify", "--all")
	c.want(terminal.ExitOK, []string{warning, "removed"}, "remove", "--yes", prefix)
	put("1")
	c.want(terminal.ExitOK, nil, "show", other.org.ID())
}
