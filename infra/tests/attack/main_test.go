package attack_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"testing"

	"signpost/infra/local/stack"
	"signpost/shared/secret/sealing"
)

// What the deployment of the tests is set up with.
const (
	contentKey = "content-key-6b1f0c9d2e7a4853"
	contentURL = "https://content.example.com/start?tenant=7"
	signageURL = "https://signage.example.com/show?device=$(deviceId)"
	pwaURL     = "https://app.example.com/panel"
	// hosts are Webex's own, and the simulator's.
	hosts = "127.0.0.1,webexapis.com,*.webexapis.com,*.wbx2.com,*.ciscospark.com"
)

// The regions of the tests. The first is the one whose keys the tests hold.
const (
	ours  = "eu-central-1_k"
	west  = "us-west-2_r"
	east  = "us-east-2_a"
	cloud = "us-east-1_int13" // Cisco's test cloud, which is not trusted
)

// target is the stack that most tests attack, one after the other.
var target *stack.Stack

// keys are those of the region that is the tests' own.
var keys *keyServer

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	folder, err := os.MkdirTemp("", "attack")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	if keys, err = newKeyServer(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer keys.server.Close()
	if target, err = startStack(folder, nil); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer target.Stop()
	return m.Run()
}

// startStack starts the product with the settings of the tests and changes to
// them. The key set of one region is the tests' own.
func startStack(folder string, changes map[string]string) (*stack.Stack, error) {
	keyset, err := sealing.NewDocument()
	if err != nil {
		return nil, err
	}
	environment := map[string]string{
		"SECRET_JSON": secretDocument(keyset, contentKey),
		"CONTENT_URL": contentURL, "SIGNAGE_URL": signageURL, "PWA_URL": pwaURL, "WEBEX_HOSTS": hosts,
	}
	maps.Copy(environment, changes)
	s, err := stack.Start(context.Background(), stack.Options{
		Root: "../../..", Environment: environment, EphemeralPorts: true, DataDir: folder, ScheduleEvery: stack.ScheduleOff,
		Unlimited: true, // all of a flood is to reach the functions
	})
	if err != nil {
		return nil, err
	}
	urls := s.Webex().JWKSURLs()
	urls[ours] = keys.server.URL
	text, err := json.Marshal(urls)
	if err != nil {
		return nil, err
	}
	s.SetEnvironment(map[string]string{"WEBEX_JWKS_URLS": string(text)})
	return s, nil
}

// secretDocument is a SECRET_JSON.
func secretDocument(keyset []byte, contentKeys ...string) string {
	text, _ := json.Marshal(map[string]any{ // strings and a keyset always encode
		"clientSecret": "client-secret-5d0e9b37c1f84a26", "contentApiKey": contentKeys, "tokenKeyset": json.RawMessage(keyset),
	})
	return string(text)
}

// otherStack is a deployment of one test's own.
func otherStack(t *testing.T) *stack.Stack {
	t.Helper()
	s, err := startStack(t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}
