package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"signpost/infra/stage"
	"signpost/infra/terminal"
	"signpost/shared/integration"
	"signpost/shared/webex/webextest"
)

// deployment is a customer whose stack is accessed like a deployment: through its
// table and a Secrets Manager.
type deployment struct {
	*customer
	environ  []string
	settings stage.Settings
	asked    []string // requests to Secrets Manager: secret and access key
	denied   bool     // whether Secrets Manager denies access
}

func newDeployment(t *testing.T) *deployment {
	t.Helper()
	d := &deployment{customer: newCustomer(t)}
	vault := httptest.NewServer(d)
	t.Cleanup(vault.Close)
	variables := d.variables()
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

// variables returns those of the function that verifies.
func (d *deployment) variables() map[string]string {
	d.t.Helper()
	variables, err := d.stack.Environment("VerifyConfigsFunction")
	if err != nil {
		d.t.Fatal(err)
	}
	return variables
}

// ServeHTTP is Secrets Manager, with the local stack's own document.
func (d *deployment) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var input struct{ SecretId string }
	_ = json.NewDecoder(r.Body).Decode(&input) // the test fails without a SecretId
	key, _, _ := strings.Cut(strings.TrimPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential="), "/")
	d.asked = append(d.asked, input.SecretId+" by "+key)
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if d.denied {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"__type":"AccessDeniedException","Message":"not authorized"}`)
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]string{"SecretString": d.variables()["SECRET_JSON"]})
}

// folder creates a folder with the stage's settings.
func (d *deployment) folder() string {
	d.t.Helper()
	folder := d.t.TempDir()
	if err := d.settings.Write(folder); err != nil {
		d.t.Fatal(err)
	}
	return folder
}

// call runs the command while a local stack runs too.
func (d *deployment) call(environ []string, args ...string) (int, string) {
	d.t.Helper()
	return call(d.t, "", append(environ, "PORT="+d.port()), args...)
}

// TestAStage: all settings come from the stage's file. Neither the environment nor
// a local stack adds the web app, which the stage does not provide.
func TestAStage(t *testing.T) {
	d := newDeployment(t)
	folder := d.folder()
	environ := append(d.environ, "PWA_URL=https://stray.example.com/", "SECRET_JSON={}")
	code, output := d.call(environ, "--config", folder, "--stage", "night", "show", d.org.ID())
	if code != terminal.ExitFindings || !strings.Contains(output, "a verification would delete") || strings.Contains(output, "stray") {
		t.Errorf("exit %d:\n%s", code, output)
	}
	if want := "signpost-night/integration by of-the-environment"; len(d.asked) != 1 || d.asked[0] != want {
		t.Errorf("Secrets Manager was asked for %q, want %q", d.asked, want)
	}
	if code, output := d.call(environ, "--config", folder, "--stage", "night", "config"); code != terminal.ExitOK || !strings.Contains(output, "stage") || strings.Contains(output, "local stack") {
		t.Errorf("config: exit %d:\n%s", code, output)
	}
	for name, want := range map[string]string{"day": "signpost setup --stage day", "No Name": "short name"} {
		if code, output := d.call(environ, "--config", folder, "--stage", name, "list"); code != terminal.ExitUsage || !strings.Contains(output, want) {
			t.Errorf("stage %s: exit %d:\n%s", name, code, output)
		}
	}
}

// TestAStagesIntegrations: they are those of its table, sealed with its keyset.
func TestAStagesIntegrations(t *testing.T) {
	d := newDeployment(t)
	own, folder := d.upload(), d.folder()
	stage := []string{"--config", folder, "--stage", "night", "integration"}
	code, output := call(t, own.App.ClientSecret(), d.environ, append(stage, "add", own.App.AppID(), "--client-id", own.App.ClientID(), "--org", d.org.ID())...)
	d.check("add", code, output, terminal.ExitOK, nil)
	own.Activate()
	code, output = call(t, own.App.ClientSecret(), d.environ, append(stage, "rotate", own.App.AppID())...)
	d.check("rotate", code, output, terminal.ExitOK, []string{"Webex accepts it"})
	code, output = call(t, "", d.environ, append(stage, "show", integration.NewAppID())...)
	d.check("show", code, output, terminal.ExitFailed, []string{"Try: signpost integration list --stage night"})
}

// TestADeniedSecret: a failure of AWS is neither wrong usage nor a wrong setting.
func TestADeniedSecret(t *testing.T) {
	d := newDeployment(t)
	d.denied = true
	code, output := d.call(d.environ, "--config", d.folder(), "--stage", "night", "list")
	if code != terminal.ExitFailed || !strings.Contains(output, "AccessDeniedException") || strings.Contains(output, "signpost config") {
		t.Errorf("exit %d:\n%s", code, output)
	}
}

// TestADeploymentIsNotMixedWithTheLocalStack: a local stack must not add settings
// that a deployment does not have.
func TestADeploymentIsNotMixedWithTheLocalStack(t *testing.T) {
	d := newDeployment(t)
	table := d.settings.Deployment.Table
	for name, call := range map[string]struct{ environ, args []string }{
		"by flag":        {nil, []string{"--table", table}},
		"by environment": {[]string{"INSTALLATIONS_TABLE=" + table}, nil},
	} {
		code, output := d.call(append(d.environ, call.environ...), append([]string{"config"}, call.args...)...)
		if code != terminal.ExitFindings || strings.Contains(output, "local stack") {
			t.Errorf("%s, exit %d:\n%s", name, code, output)
		}
		if code, output := d.call(append(d.environ, call.environ...), append([]string{"list"}, call.args...)...); code != terminal.ExitUsage || strings.Contains(output, "make dev") {
			t.Errorf("%s, exit %d:\n%s", name, code, output)
		}
	}
}

// TestFromARelease: the commands find the release's template.
func TestFromARelease(t *testing.T) {
	d := newDeployment(t)
	text, err := os.ReadFile("../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(d.folder())
	if err := os.WriteFile("template-arm64.yaml", text, 0o600); err != nil {
		t.Fatal(err)
	}
	if code, output := d.call(d.environ, "--stage", "night", "list", d.org.ID()); code != terminal.ExitOK {
		t.Errorf("exit %d:\n%s", code, output)
	}
}

// TestAProfile: the credentials are those of the AWS tools.
func TestAProfile(t *testing.T) {
	d := newDeployment(t)
	file := filepath.Join(t.TempDir(), "credentials")
	text := "[night]\naws_access_key_id = of-the-profile\naws_secret_access_key = x\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION"} {
		t.Setenv(name, "") // which also restores it after the test
	}
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", file)
	t.Setenv("AWS_CONFIG_FILE", os.DevNull)
	t.Setenv("AWS_PROFILE", "night")
	environ := append([]string{"AWS_REGION=eu-west-1", "AWS_PROFILE=night"}, d.environ[3:]...)
	t.Setenv("AWS_REGION", "eu-west-1")
	if code, output := d.call(environ, "--config", d.folder(), "--stage", "night", "list", d.org.ID()); code != terminal.ExitOK {
		t.Errorf("exit %d:\n%s", code, output)
	}
	if fmt.Sprint(d.asked) != "[signpost-night/integration by of-the-profile]" {
		t.Errorf("Secrets Manager was asked for %q", d.asked)
	}
}

// TestAnAllowListThatDiffers: the difference is marked.
func TestAnAllowListThatDiffers(t *testing.T) {
	c := newCustomer(t)
	stored, _ := c.stack.Webex().Configuration(c.org.ID(), webextest.PersistentWebApp)
	stored["directXapiAccessAllowListOverride"] = "*.elsewhere.example.com"
	c.stack.Webex().SetConfiguration(c.org.ID(), webextest.PersistentWebApp, stored)
	output := c.want(terminal.ExitFindings, []string{"a verification would push", "*.elsewhere.example.com"}, "show", c.org.ID())
	if strings.Count(output, "≠") != 1 {
		t.Errorf("not just the allow list is marked:\n%s", output)
	}
}
