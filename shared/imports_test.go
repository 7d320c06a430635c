// Package shared_test holds the project's packages to the directions in which
// they may import each other.
package shared_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// allowed says which of our packages each one may import. What is not listed
// may import nothing of ours: a new package has to find its place here.
//
// Imports go one way: functions → assembly, schedule → use cases → entity → protocol.
// The adapters (dynamo, gateway, config, awssecret) never import each other;
// only shared/assembly and the functions connect them.
var allowed = map[string][]string{
	"shared/secret":              {},
	"shared/secret/sealing":      {"shared/secret"},
	"shared/secret/document":     {"shared/secret"},
	"shared/webex":               {"shared/secret"},
	"shared/installation":        {"shared/secret", "shared/webex"},
	"shared/integration":         {"shared/secret", "shared/installation"},
	"shared/invitation":          {"shared/secret", "shared/webex", "shared/installation", "shared/integration"},
	"shared/manifest":            {"shared/config", "shared/webex"},
	"shared/channel":             {"shared/config", "shared/installation", "shared/webex"},
	"shared/lifecycle":           {"shared/secret", "shared/webex", "shared/installation"},
	"shared/schedule":            {"shared/secret", "shared/webex", "shared/installation", "shared/channel", "shared/lifecycle"},
	"shared/launch":              {"shared/secret", "shared/webex", "shared/installation"},
	"shared/dynamo":              {"shared/secret", "shared/webex", "shared/installation", "shared/channel", "shared/integration", "shared/invitation", "shared/launch"},
	"shared/config":              {"shared/secret", "shared/secret/document", "shared/webex", "shared/installation"},
	"shared/secret/awssecret":    {"shared/secret/document"},
	"shared/gateway":             {"shared/secret", "shared/webex", "shared/installation", "shared/channel", "shared/integration", "shared/invitation", "shared/launch"},
	"shared/gateway/page":        {"shared/gateway", "shared/webex", "shared/installation", "shared/invitation"},
	"shared/gateway/crosslaunch": {"shared/gateway", "shared/webex", "shared/launch"},
	"shared/gateway/vendorapi":   {"shared/gateway", "shared/secret", "shared/webex", "shared/installation", "shared/channel", "shared/invitation", "shared/lifecycle"},
	"shared/assembly/wanted":     {"shared/channel", "shared/config", "shared/lifecycle", "shared/webex"},
	"shared/assembly": {
		"shared/assembly/wanted", "shared/channel", "shared/config", "shared/dynamo", "shared/installation", "shared/integration", "shared/lifecycle", "shared/secret", "shared/secret/awssecret",
		"shared/secret/document", "shared/secret/sealing", "shared/webex",
	},
	"shared/assembly/start": {"shared/config"},
	"shared/assembly/light": {
		"shared/assembly/start", "shared/channel", "shared/config", "shared/dynamo", "shared/gateway", "shared/gateway/crosslaunch", "shared/integration", "shared/launch", "shared/webex",
	},
	// Test support: whether the race detector is on, a Webex that knows nothing of us, a table for tests.
	"shared/race":                          {},
	"shared/version":                       {},
	"shared/config/configtest":             {},
	"shared/loopback":                      {},
	"shared/webex/webextest":               {"shared/loopback"},
	"shared/installation/installationtest": {"shared/installation", "shared/webex/webextest"},
	"shared/webex/verifiertest":            {"shared/webex"},
	"shared/dynamo/dynamotest":             {},
	"shared/lifecycle/model":               {"shared/webex", "shared/installation", "shared/launch"},
	"shared/lifecycle/simulation":          {},
	"shared/lifecycle/faults":              {"shared/webex", "shared/webex/webextest", "shared/installation", "shared/lifecycle"},
}

// heavy are dependencies that cost size and start-up time, and the functions
// that must not link them.
var heavy = map[string][]string{
	"github.com/tink-crypto/tink-go/v2/aead":              {"functions/assigncontent", "functions/managecontent", "functions/launches", "functions/installations"},
	"html/template":                                       {"functions/assigncontent", "functions/managecontent", "functions/launches", "functions/installations", "functions/updateapproved", "functions/verifyconfigs"},
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager": {"functions/assigncontent", "functions/managecontent"},
	"testing": {
		"functions/activation", "functions/updateapproved", "functions/assigncontent", "functions/managecontent",
		"functions/launches", "functions/installations", "functions/verifyconfigs",
	},
}

type listed struct {
	ImportPath string
	Imports    []string
	Deps       []string
}

// list returns what the go tool knows of the packages below path.
func list(t *testing.T, path string) []listed {
	t.Helper()
	command := exec.Command("go", "list", "-tags=lambda.norpc", "-json=ImportPath,Imports,Deps", path) // as they are built
	command.Dir = ".."
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	var packages []listed
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var one listed
		if err := decoder.Decode(&one); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, one)
	}
}

func TestImportsGoOneWay(t *testing.T) {
	for _, one := range list(t, "./shared/...") {
		name := strings.TrimPrefix(one.ImportPath, "signpost/")
		if name == "shared" {
			continue // this test
		}
		may, known := allowed[name]
		if !known {
			t.Errorf("%s has no place in the list of packages", name)
		}
		for _, path := range one.Imports {
			if ours, ok := strings.CutPrefix(path, "signpost/"); ok && !slices.Contains(may, ours) {
				t.Errorf("%s imports %s", name, ours)
			}
		}
	}
}

func TestFunctionsStayLight(t *testing.T) {
	deps := map[string][]string{}
	for _, one := range list(t, "./functions/...") {
		deps[strings.TrimPrefix(one.ImportPath, "signpost/")] = one.Deps
	}
	for dependency, functions := range heavy {
		for _, function := range functions {
			if len(deps[function]) == 0 {
				t.Errorf("%s is not there", function)
			}
			if slices.Contains(deps[function], dependency) {
				t.Errorf("%s links %s", function, dependency)
			}
		}
	}
}
