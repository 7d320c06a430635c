package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"signpost/infra/local/stack"
	"signpost/shared/config"
	"signpost/shared/dynamo"
	"signpost/shared/installation"
	"signpost/shared/webex/webextest"
)

// shared is one local stack for all tests, with a customer.
var shared = sync.OnceValues(func() (*stack.Stack, error) {
	data, err := os.MkdirTemp("", "doctor")
	if err != nil {
		return nil, err
	}
	return stack.Start(context.Background(), stack.Options{
		Root: filepath.Join("..", ".."), EphemeralPorts: true, DataDir: data, ScheduleEvery: stack.ScheduleOff, Check: config.Check,
	})
})

func TestMain(m *testing.M) {
	code := m.Run()
	if s, err := shared(); err == nil {
		s.Stop()
	}
	os.Exit(code)
}

// clinic is the stack with a customer of the test's own.
type clinic struct {
	t     *testing.T
	stack *stack.Stack
	org   *webextest.Organization
}

func newClinic(t *testing.T) *clinic {
	t.Helper()
	s, err := shared()
	if err != nil {
		t.Fatalf("start a local stack (`make build setup` builds what it needs): %v", err)
	}
	org := s.Webex().AddOrganization("Acme "+t.Name(), "us-west-2_r")
	reply, err := s.Webex().Activate(t.Context(), org.ID())
	if err != nil || reply.Status != 200 {
		t.Fatalf("activate: %d %s, %v", reply.Status, reply.Body, err)
	}
	return &clinic{t, s, org}
}

// ask runs the doctor without any setting in the environment.
func (c *clinic) ask(input string, args ...string) (code int, output string) {
	c.t.Helper()
	var out, problems bytes.Buffer
	d := &doctor{in: strings.NewReader(input), screen: screen{out: &out}, environ: func() []string { return nil }}
	words, err := d.parse(append([]string{"-api", c.stack.URL(), "-root", filepath.Join("..", "..")}, args...), &problems)
	if err == nil {
		err = d.do(c.t.Context(), words)
	}
	return exitOf(err, &problems), out.String() + problems.String()
}

func (c *clinic) want(wantCode int, wantText []string, args ...string) string {
	c.t.Helper()
	code, output := c.ask("", args...)
	if code != wantCode {
		c.t.Errorf("%v: exit %d, want %d:\n%s", args, code, wantCode, output)
	}
	for _, text := range wantText {
		if !strings.Contains(output, text) {
			c.t.Errorf("%v: no %q in:\n%s", args, text, output)
		}
	}
	c.noSecrets(output)
	return output
}

func (c *clinic) noSecrets(output string) {
	c.t.Helper()
	for _, secret := range []string{c.stack.Webex().RefreshToken(c.org.ID()), c.stack.Webex().ClientSecret(), c.stack.Secrets().ContentKey()} {
		if secret != "" && strings.Contains(output, secret) {
			c.t.Errorf("a secret is shown:\n%s", output)
		}
	}
}

func TestListAndShow(t *testing.T) {
	c := newClinic(t)
	c.want(exitFine, []string{c.org.ID(), "Acme TestListAndShow", "active", "in_sync", "healthy"}, "list")
	c.want(exitFine, []string{"a verification changes nothing", "healthy", "us-west-2_r"}, "show", c.org.ID())
	c.want(exitFine, []string{"healthy"}, "show", c.org.Sub())
	c.want(exitWrong, []string{"no such installation"}, "show", "nobody")
}

func TestVerify(t *testing.T) {
	c := newClinic(t)
	c.stack.Webex().DeleteConfiguration(c.org.ID(), "digital_signage")
	c.want(exitWrong, []string{"a verification would push", "≠ Devices show"}, "verify", "-dry-run", c.org.ID())
	if _, stored := c.stack.Webex().Configuration(c.org.ID(), "digital_signage"); stored {
		t.Error("the dry run pushed")
	}
	c.want(exitFine, []string{"verified 1, pushed 1"}, "verify", c.org.ID())
	c.want(exitFine, nil, "verify", "-dry-run", c.org.ID())

	// Nothing is said to differ where Webex could not be asked.
	c.stack.Webex().Inject(webextest.Fault{OrgID: c.org.ID(), Kind: webextest.KindSignage, Status: 500})
	defer c.stack.Webex().ClearFaults()
	if output := c.want(exitWrong, []string{"could not be asked", "not known"}, "show", c.org.ID()); strings.Contains(output, "≠") {
		t.Errorf("differences are made up:\n%s", output)
	}
}

// TestLookingWritesNothing: with the access token expired, and with the refresh
// token dead, `show` says so and leaves the row as it is.
func TestLookingWritesNothing(t *testing.T) {
	c := newClinic(t)
	c.change(func(row *installation.Installation) { row.Tokens.AccessExpiresAt = time.Now().Add(-time.Hour) })
	c.stack.Webex().Inject(webextest.Fault{OrgID: c.org.ID(), Kind: webextest.KindToken, Status: 400, Body: `{"error":"invalid_grant"}`, ContentType: "application/json"})
	defer c.stack.Webex().ClearFaults()
	before := c.row()
	for _, args := range [][]string{{"show", c.org.ID()}, {"verify", "-dry-run", c.org.ID()}, {"verify", c.org.ID(), "-dry-run"}} {
		c.want(exitWrong, []string{"access token expired: run verify", "not known"}, args...)
	}
	if after := c.row(); after.Version != before.Version || after.State != installation.Active {
		t.Errorf("version %d became %d, state %s", before.Version, after.Version, after.State)
	}
	c.stack.Webex().ClearFaults()
	c.want(exitFine, []string{"a verification changes nothing"}, "show", "-refresh", c.org.ID())
	if after := c.row(); after.Version == before.Version {
		t.Error("-refresh renewed nothing")
	}
}

// TestFailingIsShown: what has failed for a day, in words and for programs.
func TestFailingIsShown(t *testing.T) {
	c := newClinic(t)
	c.change(func(row *installation.Installation) { row.Schedule.FailingSince = time.Now().Add(-25 * time.Hour) })
	c.want(exitFine, []string{"failing"}, "list")
	c.want(exitFine, []string{"failing since", "25h0m"}, "show", c.org.ID())
	c.want(exitFine, []string{`"failing": true`, `"failingSince": "`}, "-json", "list")
	c.want(exitFine, []string{"verified 1"}, "verify", c.org.ID())
	if output := c.want(exitFine, nil, "show", c.org.ID()); strings.Contains(output, "25h0m") {
		t.Errorf("still failing:\n%s", output)
	}
}

// TestWhatWasLostIsShown: an approval, and a move.
func TestWhatWasLostIsShown(t *testing.T) {
	c := newClinic(t)
	for want, change := range map[string]func(row *installation.Installation){
		"app differs": func(row *installation.Installation) { row.App.Difference = "manifest version 9 is approved, 1 known" },
		"wrong region": func(row *installation.Installation) {
			row.App.Difference, row.SignedElsewhere.Region = "", "eu-central-1_k"
		},
	} {
		c.change(func(row *installation.Installation) {
			row.App, row.SignedElsewhere = installation.AppCheck{}, installation.ForeignRegion{}
		})
		c.change(change)
		c.want(exitFine, []string{want}, "list")
		c.want(exitFine, []string{want}, "show", c.org.ID())
	}
}

// store is the stack's table.
func (c *clinic) store() *dynamo.Store {
	return dynamo.New(dynamo.NewClient(aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(c.stack.DynamoDBURL()), Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	}), c.stack.TableName())
}

func (c *clinic) row() installation.Installation {
	c.t.Helper()
	row, _, err := c.store().Find(c.t.Context(), c.org.ID(), time.Now())
	if err != nil {
		c.t.Fatal(err)
	}
	return row
}

// change writes the row as change leaves it.
func (c *clinic) change(change func(*installation.Installation)) {
	c.t.Helper()
	row := c.row()
	change(&row)
	if _, err := c.store().Save(c.t.Context(), row); err != nil {
		c.t.Fatal(err)
	}
}

func TestExplain(t *testing.T) {
	c := newClinic(t)
	good, err := c.stack.Webex().MintAction(c.org.ID(), "healthCheck", nil)
	if err != nil {
		t.Fatal(err)
	}
	code, err := c.stack.Webex().MintActivation(c.org.ID())
	if err != nil {
		t.Fatal(err)
	}
	c.want(exitFine, []string{"POST /actions", "us-west-2_r", c.org.ID(), "✓ signature", "✓ replay"}, "explain", good)
	c.want(exitFine, []string{"POST /activation", "[redacted]"}, "explain", code)
	for _, pasted := range [][]string{{"Bearer " + good}, {"Activation", "code:", "\u200b" + good}, {"> " + good[:60] + "\n> " + good[60:] + "\n"}, {`{"jwt":"` + good + `"}`}} {
		c.want(exitFine, []string{"POST /actions", "✓ signature"}, append([]string{"explain"}, pasted...)...)
	}
	c.want(exitUsage, []string{"several different tokens"}, "explain", good+"\n"+code)
	c.want(exitUsage, []string{"want one token"}, "explain", " ")
	c.want(exitWrong, []string{"bad_signature"}, "explain", good[:len(good)-8]+"AAAAAAAA")
	c.want(exitWrong, []string{"malformed_request", "not made"}, "explain", "hello")
	stranger := c.stack.Webex().AddOrganization("Nobody", "us-west-2_r")
	foreign := c.stack.Webex().Sign("us-west-2_r", nil, map[string]any{"sub": stranger.Sub(), "iat": 1, "jti": "j", "appId": "x", "action": "update"})
	c.want(exitWrong, []string{"token_expired", "wrong_app", "unknown_installation"}, "explain", foreign)
}

func TestRemove(t *testing.T) {
	c := newClinic(t)
	if code, output := c.ask("something else\n", "remove", c.org.ID()); code != exitUsage || !strings.Contains(output, "nothing is removed") {
		t.Errorf("not confirmed: exit %d:\n%s", code, output)
	}
	if _, installed := c.stack.Webex().Installation(c.org.ID()); !installed {
		t.Fatal("removed without a confirmation")
	}
	if code, output := c.ask(c.org.ID()+"\n", "remove", c.org.ID()); code != exitFine {
		t.Errorf("confirmed: exit %d:\n%s", code, output)
	}
	if _, installed := c.stack.Webex().Installation(c.org.ID()); installed {
		t.Error("still installed at Webex")
	}
	c.want(exitWrong, nil, "show", c.org.ID())
	if code, _ := c.ask("", "remove", "-yes", c.org.ID(), c.org.ID()); code != exitWrong {
		t.Errorf("a second removal: exit %d", code)
	}
}

func TestConfig(t *testing.T) {
	c := newClinic(t)
	c.want(exitFine, []string{"SIGNAGE_URL", "local stack", "[redacted]", "all settings are good"}, "config")
	var out, problems bytes.Buffer
	d := &doctor{screen: screen{out: &out}, environ: func() []string { return []string{"VERIFY_INTERVAL=soon", "SIGNAGE_URL=http://x"} }}
	words, err := d.parse([]string{"-api", "", "-root", filepath.Join("..", ".."), "config"}, &problems)
	if err == nil {
		err = d.do(t.Context(), words)
	}
	if exitOf(err, &problems) != exitWrong || !strings.Contains(out.String(), "VERIFY_INTERVAL is not") || !strings.Contains(out.String(), "WEBEX_APP_ID") {
		t.Errorf("%v:\n%s%s", err, out.String(), problems.String())
	}
}

func TestJSON(t *testing.T) {
	c := newClinic(t)
	token, err := c.stack.Webex().MintAction(c.org.ID(), "healthCheck", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"list"}, {"show", c.org.ID()}, {"explain", token}, {"verify", c.org.ID()}, {"config"}} {
		output := c.want(exitFine, nil, append([]string{"-json"}, args...)...)
		if !json.Valid([]byte(output)) {
			t.Errorf("%v prints no JSON:\n%s", args, output)
		}
	}
}

func TestUsage(t *testing.T) {
	c := newClinic(t)
	if code, output := c.ask("", "-h"); code != exitFine || !strings.Contains(output, "explain <jwt>") {
		t.Errorf("help: exit %d:\n%s", code, output)
	}
	for _, args := range [][]string{{}, {"dance"}, {"show"}, {"show", "a", "b"}, {"list", "x"}, {"-nonsense"}} {
		if code, output := c.ask("", args...); code != exitUsage || output == "" {
			t.Errorf("%v: exit %d:\n%s", args, code, output)
		}
	}
}

func TestHostileNamesDoNotSteerTheTerminal(t *testing.T) {
	if got := plain("a\x1b[31mb\u202ec\r\td"); strings.ContainsAny(got, "\x1b\r\t\u202e") {
		t.Errorf("got %q", got)
	}
	if got := plain("Zürich 🏢"); got != "Zürich 🏢" {
		t.Errorf("got %q", got)
	}
}
