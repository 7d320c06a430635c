package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"signpost/infra/stage"
	"signpost/shared/webex/webextest"
)

// deployment is a clinic whose doctor sees what a deployed stack shows: a
// table, and a Secrets Manager.
type deployment struct {
	*clinic
	environ  []string
	settings stage.Settings
	asked    []string // of Secrets Manager: for which secret, and by whose key
}

func newDeployment(t *testing.T) *deployment {
	t.Helper()
	d := &deployment{clinic: newClinic(t)}
	vault := httptest.NewServer(d)
	t.Cleanup(vault.Close)
	variables := d.variables("VerifyConfigsFunction")
	d.environ = []string{
		"AWS_REGION=eu-west-1", "AWS_ACCESS_KEY_ID=of-the-environment", "AWS_SECRET_ACCESS_KEY=x",
		"AWS_ENDPOINT_URL_SECRETS_MANAGER=" + vault.URL, "AWS_ENDPOINT_URL_DYNAMODB=" + variables["AWS_ENDPOINT_URL_DYNAMODB"],
	}
	d.settings = stage.Settings{Name: "night", Variables: map[string]string{}, Deployment: stage.Deployment{Table: variables["INSTALLATIONS_TABLE"]}}
	for _, name := range []string{"WEBEX_APP_ID", "WEBEX_CLIENT_ID", "WEBEX_HOSTS", "WEBEX_JWKS_URLS", "SIGNAGE_URL", "CONTENT_URL", "PUBLIC_URL"} {
		d.settings.Variables[name] = variables[name]
	}
	return d
}

// variables are a function's, as the local stack's Lambda API tells them.
func (d *deployment) variables(function string) map[string]string {
	d.t.Helper()
	response, err := http.Get(d.stack.URL() + "/2015-03-31/functions/" + function + "/configuration")
	if err != nil {
		d.t.Fatal(err)
	}
	defer response.Body.Close()
	var answer struct {
		Environment struct{ Variables map[string]string }
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		d.t.Fatal(err)
	}
	return answer.Environment.Variables
}

// ServeHTTP is Secrets Manager, with the local stack's own document.
func (d *deployment) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var input struct{ SecretId string }
	_ = json.NewDecoder(r.Body).Decode(&input) // then it is asked for nothing
	key, _, _ := strings.Cut(strings.TrimPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential="), "/")
	d.asked = append(d.asked, input.SecretId+" by "+key)
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	_ = json.NewEncoder(w).Encode(map[string]string{"SecretString": d.variables("VerifyConfigsFunction")["SECRET_JSON"]})
}

// project is a project's folder with the stage's settings.
func (d *deployment) project() string {
	d.t.Helper()
	root := d.t.TempDir()
	text, err := os.ReadFile(filepath.Join("..", "..", "template.yaml"))
	if err == nil {
		err = os.WriteFile(filepath.Join(root, "template.yaml"), text, 0o600)
	}
	if err == nil {
		err = d.settings.Write(root)
	}
	if err != nil {
		d.t.Fatal(err)
	}
	return root
}

// call is the doctor in a shell beside a running local stack.
func (d *deployment) call(environ []string, args ...string) (int, string) {
	d.t.Helper()
	var out, problems bytes.Buffer
	port := d.stack.URL()[strings.LastIndex(d.stack.URL(), ":")+1:]
	program := &doctor{in: strings.NewReader(""), screen: screen{out: &out}, environ: func() []string { return append(environ, "PORT="+port) }}
	words, err := program.parse(args, &problems)
	if err == nil {
		err = program.do(d.t.Context(), words)
	}
	return exitOf(err, &problems), out.String() + problems.String()
}

// TestAStage: its file says all, whatever the environment and a local stack
// say; the web app, which the stage does not provide, is neither's to add.
func TestAStage(t *testing.T) {
	d := newDeployment(t)
	root := d.project()
	environ := append(d.environ, "PWA_URL=https://stray.example.com/", "SECRET_JSON={}")
	code, output := d.call(environ, "-root", root, "-stage", "night", "show", d.org.ID())
	if code != exitWrong || !strings.Contains(output, "a verification would delete") || strings.Contains(output, "stray") {
		t.Errorf("exit %d:\n%s", code, output)
	}
	if want := "signpost-night/integration by of-the-environment"; len(d.asked) != 1 || d.asked[0] != want {
		t.Errorf("Secrets Manager was asked for %q, want %q", d.asked, want)
	}
	if code, output := d.call(environ, "-root", root, "-stage", "night", "config"); code != exitFine || !strings.Contains(output, "stage") || strings.Contains(output, "local stack") {
		t.Errorf("config: exit %d:\n%s", code, output)
	}
	for name, want := range map[string]string{"day": "make setup STAGE=day", "No Name": "short name"} {
		if code, output := d.call(environ, "-root", root, "-stage", name, "list"); code != exitUsage || !strings.Contains(output, want) {
			t.Errorf("stage %s: exit %d:\n%s", name, code, output)
		}
	}
}

// TestADeploymentIsNotMixedWithTheLocalStack: what a deployment leaves out, the
// stack that happens to run on this machine must not fill in.
func TestADeploymentIsNotMixedWithTheLocalStack(t *testing.T) {
	d := newDeployment(t)
	table := d.settings.Deployment.Table
	for name, call := range map[string]struct{ environ, args []string }{
		"by flag":        {nil, []string{"-table", table}},
		"by environment": {[]string{"INSTALLATIONS_TABLE=" + table}, nil},
	} {
		args := append([]string{"-root", "../.."}, call.args...)
		code, output := d.call(append(d.environ, call.environ...), append(args, "config")...)
		if code != exitWrong || strings.Contains(output, "local stack") {
			t.Errorf("%s, exit %d:\n%s", name, code, output)
		}
		if code, output := d.call(append(d.environ, call.environ...), append(args, "list")...); code != exitUsage || strings.Contains(output, "make dev") {
			t.Errorf("%s, exit %d:\n%s", name, code, output)
		}
		// Who names the local stack means it.
		if code, output := d.call(call.environ, append(args, "-api", d.stack.URL(), "list")...); code != exitFine {
			t.Errorf("%s, with -api: exit %d:\n%s", name, code, output)
		}
	}
}

// TestAProfile: the credentials are those that the AWS tools find.
func TestAProfile(t *testing.T) {
	d := newDeployment(t)
	file := filepath.Join(t.TempDir(), "credentials")
	text := "[night]\naws_access_key_id = of-the-profile\naws_secret_access_key = x\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION"} {
		t.Setenv(name, "") // and is as it was after the test
	}
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", file)
	t.Setenv("AWS_CONFIG_FILE", os.DevNull)
	t.Setenv("AWS_PROFILE", "night")
	environ := append([]string{"AWS_REGION=eu-west-1", "AWS_PROFILE=night"}, d.environ[3:]...)
	t.Setenv("AWS_REGION", "eu-west-1")
	if code, output := d.call(environ, "-root", d.project(), "-stage", "night", "list"); code != exitFine {
		t.Errorf("exit %d:\n%s", code, output)
	}
	if fmt.Sprint(d.asked) != "[signpost-night/integration by of-the-profile]" {
		t.Errorf("Secrets Manager was asked for %q", d.asked)
	}
}

// TestAnAllowListThatDiffers: whatever a verification would push for is marked.
func TestAnAllowListThatDiffers(t *testing.T) {
	c := newClinic(t)
	stored, _ := c.stack.Webex().Configuration(c.org.ID(), webextest.PersistentWebApp)
	stored["directXapiAccessAllowListOverride"] = "*.elsewhere.example.com"
	c.stack.Webex().SetConfiguration(c.org.ID(), webextest.PersistentWebApp, stored)
	output := c.want(exitWrong, []string{"a verification would push", "*.elsewhere.example.com"}, "show", c.org.ID())
	if strings.Count(output, "≠") != 1 {
		t.Errorf("not just the allow list is marked:\n%s", output)
	}
}
