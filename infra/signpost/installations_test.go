package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"signpost/infra/local/stack"
	"signpost/infra/stage"
	"signpost/infra/terminal"
	"signpost/shared/config"
	"signpost/shared/dynamo"
	"signpost/shared/installation"
	"signpost/shared/installation/installationtest"
	"signpost/shared/webex/webextest"
)

// started is whether a test started the stack.
var started bool

// shared is one local stack for all tests, with a customer.
var shared = sync.OnceValues(func() (*stack.Stack, error) {
	started = true
	data, err := os.MkdirTemp("", "signpost")
	if err != nil {
		return nil, err
	}
	return stack.Start(context.Background(), stack.Options{
		Root: filepath.Join("..", ".."), EphemeralPorts: true, DataDir: data, ScheduleEvery: stack.ScheduleOff, Check: config.Check,
	})
})

// TestMain makes the test binary also the command, which tests run as a user would.
func TestMain(m *testing.M) {
	if os.Getenv("SIGNPOST_TEST_PROGRAM") != "" {
		main()
	}
	code := m.Run()
	if started {
		if s, err := shared(); err == nil {
			s.Stop()
		}
	}
	os.Exit(code)
}

// customer is the stack with a customer of the test's own.
type customer struct {
	t     *testing.T
	stack *stack.Stack
	org   *webextest.Organization
}

func newCustomer(t *testing.T) *customer {
	t.Helper()
	s, err := shared()
	if err != nil {
		t.Fatalf("start a local stack (`make modules build` installs and builds what it requires): %v", err)
	}
	org := s.Webex().AddOrganization("Acme "+t.Name(), "us-west-2_r")
	reply, err := s.Webex().Activate(t.Context(), org.ID())
	if err != nil || reply.Status != 200 {
		t.Fatalf("activate: %d %s, %v", reply.Status, reply.Body, err)
	}
	return &customer{t, s, org}
}

// ask runs the command on the stack, without other settings in the environment.
func (c *customer) ask(input string, args ...string) (code int, output string) {
	c.t.Helper()
	return call(c.t, input, []string{"PORT=" + c.port()}, args...)
}

func (c *customer) port() string { return c.stack.URL()[strings.LastIndex(c.stack.URL(), ":")+1:] }

// call runs the command in this process.
func call(t *testing.T, input string, environ []string, args ...string) (code int, output string) {
	t.Helper()
	var out, problems bytes.Buffer
	values := config.Environ(environ)
	a := &app{IO: terminal.NewIO(strings.NewReader(input), &out, &problems, values), environ: values}
	code = a.run(t.Context(), args)
	return code, out.String() + problems.String()
}

func (c *customer) want(wantCode int, wantText []string, args ...string) string {
	c.t.Helper()
	code, output := c.ask("", args...)
	c.check(strings.Join(args, " "), code, output, wantCode, wantText)
	return output
}

// check checks the exit code and the output of a call.
func (c *customer) check(call string, code int, output string, wantCode int, wantText []string) {
	c.t.Helper()
	if code != wantCode {
		c.t.Errorf("%s: exit %d, want %d:\n%s", call, code, wantCode, output)
	}
	for _, text := range wantText {
		if !strings.Contains(output, text) {
			c.t.Errorf("%s: no %q in:\n%s", call, text, output)
		}
	}
	c.noSecrets(output)
}

func (c *customer) noSecrets(output string) {
	c.t.Helper()
	for _, secret := range []string{c.stack.Webex().RefreshToken(c.org.ID()), c.stack.Webex().ClientSecret(), c.stack.Secrets().ContentKey()} {
		if secret != "" && strings.Contains(output, secret) {
			c.t.Errorf("a secret is shown:\n%s", output)
		}
	}
}

func TestListAndShow(t *testing.T) {
	c := newCustomer(t)
	c.want(terminal.ExitOK, []string{c.org.ID(), "Acme TestListAndShow", "active", "in_sync", "healthy"}, "list", "acme testlistand")
	c.want(terminal.ExitOK, []string{"a verification changes nothing", "healthy", "us-west-2_r"}, "show", c.org.ID())
	c.want(terminal.ExitOK, []string{"healthy"}, "show", c.org.Sub())
	c.want(terminal.ExitFailed, []string{"no such installation", "Try: signpost list"}, "show", "nobody")
}

func TestVerify(t *testing.T) {
	c := newCustomer(t)
	c.stack.Webex().DeleteConfiguration(c.org.ID(), "digital_signage")
	c.want(terminal.ExitFindings, []string{"a verification would push", "≠ Devices show"}, "verify", "--dry-run", c.org.ID())
	if _, stored := c.stack.Webex().Configuration(c.org.ID(), "digital_signage"); stored {
		t.Error("the dry run pushed")
	}
	c.want(terminal.ExitOK, []string{"verified 1, pushed 1"}, "verify", c.org.ID())
	c.want(terminal.ExitOK, nil, "verify", "--dry-run", c.org.ID())

	// No difference is shown if the configurations at Webex are unknown.
	c.stack.Webex().Inject(webextest.Fault{OrgID: c.org.ID(), Kind: webextest.KindSignage, Status: 500})
	defer c.stack.Webex().ClearFaults()
	if output := c.want(terminal.ExitFindings, []string{"could not be read", "unknown"}, "show", c.org.ID()); strings.Contains(output, "≠") {
		t.Errorf("differences are shown:\n%s", output)
	}
}

// TestShowWritesNothing: `show` reports an expired access token and an invalid
// refresh token, and does not change the row.
func TestShowWritesNothing(t *testing.T) {
	c := newCustomer(t)
	c.change(func(row *installation.Installation) { row.Tokens.AccessExpiresAt = time.Now().Add(-time.Hour) })
	c.stack.Webex().Inject(webextest.Fault{OrgID: c.org.ID(), Kind: webextest.KindToken, Status: 400, Body: `{"error":"invalid_grant"}`, ContentType: "application/json"})
	defer c.stack.Webex().ClearFaults()
	before := c.row()
	for _, args := range [][]string{{"show", c.org.ID()}, {"verify", "--dry-run", c.org.ID()}, {"verify", c.org.ID(), "--dry-run"}} {
		c.want(terminal.ExitFindings, []string{"access token has expired: run signpost verify", "unknown"}, args...)
	}
	if after := c.row(); after.Version != before.Version || after.State != installation.Active {
		t.Errorf("version %d became %d, state %s", before.Version, after.Version, after.State)
	}
	c.stack.Webex().ClearFaults()
	c.want(terminal.ExitOK, []string{"a verification changes nothing"}, "show", "--refresh", c.org.ID())
	if after := c.row(); after.Version == before.Version {
		t.Error("--refresh renewed nothing")
	}
}

// TestFailingIsShown: a customer that has failed for a day, in text and in JSON.
func TestFailingIsShown(t *testing.T) {
	c := newCustomer(t)
	c.change(func(row *installation.Installation) { row.Schedule.FailingSince = time.Now().Add(-25 * time.Hour) })
	c.want(terminal.ExitFindings, []string{"failing"}, "list")
	c.want(terminal.ExitOK, []string{"failing since", "25h0m"}, "show", c.org.ID())
	c.want(terminal.ExitFindings, []string{`"failing": true`, `"failingSince": "`, `"failures": `, `"lastVerified": "`, `"trouble": "configuration_failing"`}, "--json", "list")
	c.want(terminal.ExitOK, []string{"verified 1"}, "verify", c.org.ID())
	if output := c.want(terminal.ExitOK, nil, "show", c.org.ID()); strings.Contains(output, "25h0m") {
		t.Errorf("still failing:\n%s", output)
	}
}

// TestLostActionsAreShown: an approval, and a move.
func TestLostActionsAreShown(t *testing.T) {
	c := newCustomer(t)
	for want, change := range map[string]func(row *installation.Installation){
		"app differs": func(row *installation.Installation) { row.App.Difference = "manifest version 9 is approved, 1 known" },
		"wrong region": func(row *installation.Installation) {
			row.App.Difference, row.ForeignRegion.Region = "", "eu-central-1_k"
		},
	} {
		c.change(func(row *installation.Installation) {
			row.App, row.ForeignRegion = installation.AppCheck{}, installation.ForeignRegion{}
		})
		c.change(change)
		c.want(terminal.ExitFindings, []string{want}, "list", c.org.ID())
		c.want(terminal.ExitOK, []string{want}, "show", c.org.ID())
	}
}

// store is the stack's table.
func (c *customer) store() *dynamo.Store {
	return dynamo.New(dynamo.NewClient(aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(c.stack.DynamoDBURL()), Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	}), c.stack.TableName())
}

func (c *customer) row() installation.Installation {
	c.t.Helper()
	row, _, err := c.store().Find(c.t.Context(), installationtest.Key(c.org.ID()), time.Now())
	if err != nil {
		c.t.Fatal(err)
	}
	return row
}

// change changes the row.
func (c *customer) change(change func(*installation.Installation)) {
	c.t.Helper()
	row := c.row()
	change(&row)
	if _, err := c.store().Save(c.t.Context(), row); err != nil {
		c.t.Fatal(err)
	}
}

func TestExplain(t *testing.T) {
	c := newCustomer(t)
	good, err := c.stack.Webex().MintAction(c.org.ID(), "healthCheck", nil)
	if err != nil {
		t.Fatal(err)
	}
	code, err := c.stack.Webex().MintActivation(c.org.ID())
	if err != nil {
		t.Fatal(err)
	}
	stranger := c.stack.Webex().AddOrganization("Nobody", "us-west-2_r")
	foreign := c.stack.Webex().Sign("us-west-2_r", nil, map[string]any{"sub": stranger.Sub(), "iat": 1, "jti": "j", "appId": "x", "action": "update"})
	pasted := []string{"POST /actions", "ok     signature"}
	for name, test := range map[string]struct {
		input string
		exit  int
		texts []string
	}{
		"action":       {good, terminal.ExitOK, []string{"POST /actions", "us-west-2_r", c.org.ID(), "ok     signature", "ok     replay"}},
		"activation":   {code, terminal.ExitOK, []string{"POST /activation", "[redacted]"}},
		"bearer":       {"Bearer " + good, terminal.ExitOK, pasted},
		"words":        {"Activation code: \u200b" + good, terminal.ExitOK, pasted},
		"quoted":       {"> " + good[:60] + "\n> " + good[60:] + "\n", terminal.ExitOK, pasted},
		"JSON":         {`{"jwt":"` + good + `"}`, terminal.ExitOK, pasted},
		"two":          {good + "\n" + code, terminal.ExitUsage, []string{"several different tokens"}},
		"none":         {" ", terminal.ExitUsage, []string{"no token"}},
		"a bad one":    {good[:len(good)-8] + "AAAAAAAA", terminal.ExitFindings, []string{"bad_signature"}},
		"no token":     {"hello", terminal.ExitFindings, []string{"malformed_request", "not checked"}},
		"a stranger's": {foreign, terminal.ExitFindings, []string{"token_expired", "wrong_app", "unknown_installation"}},
	} {
		exit, output := c.ask(test.input, "explain")
		c.check(name, exit, output, test.exit, test.texts)
	}
	c.want(terminal.ExitUsage, []string{"the shell's history", "Try: signpost explain < token.txt"}, "explain", good)
	if exit, output := c.ask(good, "explain", "--json"); exit != terminal.ExitOK || !json.Valid([]byte(output)) {
		t.Errorf("exit %d, no JSON:\n%s", exit, output)
	}
}

func TestRemove(t *testing.T) {
	c := newCustomer(t)
	if code, output := c.ask("something else\n", "remove", c.org.ID()); code != terminal.ExitUsage || !strings.Contains(output, "nothing was changed") || !strings.Contains(output, "Acme TestRemove") {
		t.Errorf("not confirmed: exit %d:\n%s", code, output)
	}
	if code, output := c.ask("", "remove", "--yes", c.org.ID(), "nobody"); code != terminal.ExitFailed || !strings.Contains(output, "no such installation") {
		t.Errorf("with an unknown one: exit %d:\n%s", code, output)
	}
	if _, installed := c.stack.Webex().Installation(c.org.ID()); !installed {
		t.Fatal("removed without a confirmation")
	}
	if code, output := c.ask(c.org.ID()+"\n", "remove", "Acme TestRem"); code != terminal.ExitOK {
		t.Errorf("confirmed: exit %d:\n%s", code, output)
	}
	if _, installed := c.stack.Webex().Installation(c.org.ID()); installed {
		t.Error("still installed at Webex")
	}
	c.want(terminal.ExitFindings, nil, "show", c.org.ID())
	c.want(terminal.ExitFailed, nil, "remove", c.org.ID(), "--yes")
}

// TestOrganizationsAreFound by a prefix of the key and by name. Several matches are
// listed.
func TestOrganizationsAreFound(t *testing.T) {
	c := newCustomer(t)
	other := c.stack.Webex().AddOrganization("Acme "+t.Name()+" two", "us-west-2_r")
	if reply, err := c.stack.Webex().Activate(t.Context(), other.ID()); err != nil || reply.Status != 200 {
		t.Fatalf("activate: %v, %v", reply, err)
	}
	for _, name := range []string{c.org.ID()[:len(c.org.ID())-2], strings.ToUpper("Acme " + t.Name())} {
		c.want(terminal.ExitOK, []string{c.org.ID()}, "show", name)
	}
	c.want(terminal.ExitOK, []string{other.ID()}, "show", "acme "+t.Name()+" tw")
	c.want(terminal.ExitUsage, []string{"ambiguous", c.org.ID(), other.ID()}, "show", "acme "+t.Name()[:20])
	c.want(terminal.ExitOK, []string{"verified 2"}, "verify", c.org.ID(), other.ID(), c.org.ID())
	if output := c.want(terminal.ExitOK, []string{other.ID()}, "list", other.ID()); strings.Contains(output, c.org.ID()) {
		t.Errorf("more than was asked for is listed:\n%s", output)
	}
}

func TestVerifyAll(t *testing.T) {
	c := newCustomer(t)
	c.stack.Webex().DeleteConfiguration(c.org.ID(), "digital_signage")
	_, output := c.ask("", "verify", "--all")
	if _, stored := c.stack.Webex().Configuration(c.org.ID(), "digital_signage"); !stored {
		t.Errorf("not pushed:\n%s", output)
	}
}

func TestListFilters(t *testing.T) {
	c := newCustomer(t)
	c.change(func(row *installation.Installation) {
		row.Schedule.Failures, row.Tokens.RefreshExpiresAt = 2, time.Now().Add(24*time.Hour)
		row.Schedule.DueAt = time.Now().Add(-time.Minute)
	})
	for args, listed := range map[string]bool{
		"--failing": true, "--due": true, "--token expiring": true, "--token healthy": false, "--failing --token token_invalid": false,
	} {
		_, output := c.ask("", append([]string{"list", c.org.ID()}, strings.Fields(args)...)...)
		if strings.Contains(output, c.org.ID()) != listed {
			t.Errorf("list %s: listed is not %v:\n%s", args, listed, output)
		}
	}
	c.want(terminal.ExitFindings, []string{"token expiring"}, "list", c.org.ID())
	c.want(terminal.ExitOK, []string{"installations matches"}, "list", "nobody-at-all")
	c.want(terminal.ExitOK, []string{"The refresh token expires on", "A verification renews it"}, "show", c.org.ID())
	c.want(terminal.ExitUsage, []string{"healthy, expiring, token_invalid"}, "list", "--token", "good")
}

func TestConfig(t *testing.T) {
	c := newCustomer(t)
	c.want(terminal.ExitOK, []string{"SIGNAGE_URL", "local stack", "[redacted]", "all settings are valid"}, "config")
	code, output := call(t, "", []string{"INSTALLATIONS_TABLE=x", "VERIFY_INTERVAL=soon", "SIGNAGE_URL=http://x"}, "config")
	if code != terminal.ExitFindings || !strings.Contains(output, "VERIFY_INTERVAL is not") || !strings.Contains(output, "WEBEX_APP_ID") {
		t.Errorf("exit %d:\n%s", code, output)
	}
}

// TestConfigBeforeTheFirstDeployment: the table's name is not known yet, which is no fault.
func TestConfigBeforeTheFirstDeployment(t *testing.T) {
	folder := t.TempDir()
	settings := stage.Settings{Name: "fresh", Variables: map[string]string{
		"WEBEX_APP_ID": "6d93fe09-7130-4507-b261-3908b63428a4", "WEBEX_CLIENT_ID": "C3f1b6a2",
		"SIGNAGE_URL": "https://signage.example.com/?d=$(deviceId)", "CONTENT_URL": "https://content.example.com/",
	}}
	if err := settings.Write(folder); err != nil {
		t.Fatal(err)
	}
	code, output := call(t, "", nil, "config", "--stage", "fresh", "--config", folder)
	if code != terminal.ExitOK || !strings.Contains(output, "INSTALLATIONS_TABLE is known after the first signpost deploy --stage fresh --config "+folder) {
		t.Errorf("exit %d:\n%s", code, output)
	}
}

func TestJSON(t *testing.T) {
	c := newCustomer(t)
	for _, args := range [][]string{{"list", c.org.ID()}, {"show", c.org.ID()}, {"verify", c.org.ID()}, {"config"}, {"remove", "--yes", c.org.ID()}} {
		output := c.want(terminal.ExitOK, nil, append([]string{"--json"}, args...)...)
		if !json.Valid([]byte(output)) {
			t.Errorf("%v prints no JSON:\n%s", args, output)
		}
	}
}

// TestWithoutAStack: without a deployment, AWS is not asked.
func TestWithoutAStack(t *testing.T) {
	port, err := stack.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"list"}, {"show", "x"}, {"config"}, {"verify", "--all"}} {
		code, output := call(t, "", []string{"PORT=" + strconv.Itoa(port)}, args...)
		if code != terminal.ExitFailed || !strings.Contains(output, "signpost: "+args[0]+": no local stack") || !strings.Contains(output, "Try: make dev") {
			t.Errorf("%v: exit %d:\n%s", args, code, output)
		}
	}
}
