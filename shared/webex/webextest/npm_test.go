package webextest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"signpost/shared/webex/webextest"
)

// connectScript connects as the README of the npm package shows, then reads the
// installation. It exits explicitly because of the package's timer for its next
// token.
const connectScript = `
const { connect } = require('workspace-integrations');
const fs = require('fs');
(async () => {
  try {
    const integration = await connect(JSON.parse(fs.readFileSync(0, 'utf8')));
    const info = await integration.getAppInfo();
    fs.writeFileSync(1, JSON.stringify({ info, token: integration.serialize().accessToken }));
    process.exit(0);
  } catch (e) {
    fs.writeFileSync(2, String(e && e.message));
    process.exit(1);
  }
})();
`

// nodeModules is the folder of the installed npm packages.
func nodeModules(t *testing.T) string {
	t.Helper()
	modules, err := filepath.Abs("../../../infra/node_modules")
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := os.ReadFile(filepath.Join(modules, "workspace-integrations", "package.json"))
	if err != nil {
		t.Fatalf("the npm package workspace-integrations is not installed in infra/node_modules: run `make test`, which installs it (%v)", err)
	}
	var p struct{ Version string }
	if err := json.Unmarshal(manifest, &p); err != nil || p.Version != "0.10.0" {
		t.Fatalf("workspace-integrations is %q, want 0.10.0: run `make test`, which installs it", p.Version)
	}
	return modules
}

// runNode connects with the npm package and returns what it printed.
func runNode(t *testing.T, config map[string]any) (stdout, stderr string, err error) {
	t.Helper()
	input, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	node := exec.CommandContext(ctx, "node", "-e", connectScript)
	node.Env = append(os.Environ(), "NODE_PATH="+nodeModules(t))
	node.Stdin = bytes.NewReader(input)
	var out, errs bytes.Buffer
	node.Stdout, node.Stderr = &out, &errs
	err = node.Run()
	if ctx.Err() != nil {
		t.Fatalf("node did not end: %s", errs.String())
	}
	return out.String(), errs.String(), err
}

// npmConfig is the package's configuration: the decoded activation code and the client.
func (f *fixture) npmConfig(more map[string]any) map[string]any {
	f.Helper()
	code, err := f.MintActivation(f.org)
	if err != nil {
		f.Fatal(err)
	}
	_, claims := claimsOf(f.T, code)
	config := map[string]any{
		"clientId":       f.ClientID(),
		"clientSecret":   f.ClientSecret(),
		"activationCode": claims,
		"logLevel":       "error",
	}
	maps.Copy(config, more)
	return config
}

// TestNPMPackageConnects tests the cloud with code that is not ours.
func TestNPMPackageConnects(t *testing.T) {
	nodeModules(t)
	for _, test := range []struct {
		name       string
		more       map[string]any
		actionsURL string
	}{
		{"without notifications", nil, ""},
		{"with webhooks", map[string]any{
			"notifications": "webhook",
			"webhook":       map[string]any{"targetUrl": "https://a.example.com/hook", "type": "none"},
			"actionsUrl":    "https://a.example.com/actions",
		}, "https://a.example.com/actions"},
		{"with long polling, which is not served", map[string]any{"notifications": "longpolling"}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f := setup(t, webextest.Options{})
			stdout, stderr, err := runNode(t, f.npmConfig(test.more))
			if err != nil {
				t.Fatalf("node: %v\n%s", err, stderr)
			}
			var got struct {
				Token string
				Info  struct {
					ProvisioningState, ActionsURL string
					Features                      []string
				}
			}
			if err := json.Unmarshal([]byte(stdout), &got); err != nil {
				t.Fatalf("%v\n%s", err, stdout)
			}
			if got.Token == "" || got.Info.ProvisioningState != "completed" || got.Info.ActionsURL != test.actionsURL || len(got.Info.Features) != 2 {
				t.Errorf("%s", stdout)
			}
			if view, _ := f.Installation(f.org); view.ProvisioningState != "completed" {
				t.Errorf("%+v", view)
			}
			if f.Count(webextest.KindToken, "POST") != 1 || f.Count(webextest.KindApp, "PATCH") != 1 || f.Count(webextest.KindApp, "GET") != 1 {
				t.Errorf("requests %+v", f.Requests())
			}
		})
	}
}

// The package parses every error as JSON and throws it with its status.
func TestNPMPackageUnderstandsErrors(t *testing.T) {
	nodeModules(t)
	f := setup(t, webextest.Options{})
	config := f.npmConfig(nil)
	f.RevokeRefreshToken(f.org)
	if _, stderr, err := runNode(t, config); err == nil || !strings.Contains(stderr, `"error":"invalid_grant"`) || !strings.Contains(stderr, `"status":400`) {
		t.Errorf("%v %s", err, stderr)
	}
	config = f.npmConfig(nil)
	f.Inject(webextest.Fault{Kind: webextest.KindApp, Status: 429, RetryAfter: "9"})
	if _, stderr, err := runNode(t, config); err == nil || !strings.Contains(stderr, `"retryAfter":"9"`) || !strings.Contains(stderr, "trackingId") {
		t.Errorf("%v %s", err, stderr)
	}
}
