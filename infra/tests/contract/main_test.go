package contract_test

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

// The regions of the tests. All but the last are trusted by default.
const (
	west      = "us-west-2_r"
	east      = "us-east-2_a"
	europe    = "eu-central-1_k"
	testCloud = "us-east-1_int13"
)

// What the deployment of the tests is set up with.
const (
	newKey     = "content-key-new-6b1f0c9d2e7a4853"
	oldKey     = "content-key-old-94c2d7e05fa1b863"
	contentURL = "https://content.example.com/start?tenant=7&lang=en#top"
	signageURL = "https://signage.example.com/show?device=$(deviceId)&name=$(deviceName)"
	pwaURL     = "https://app.example.com/panel?serial=$(peripheralSerial)"
)

// shared is the stack that the tests share.
var shared *stack.Stack

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	folder, err := os.MkdirTemp("", "contract")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	if shared, err = startStack(folder, nil); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer shared.Stop()
	return m.Run()
}

// startStack starts the product with the settings of the tests and changes to
// them; an empty value unsets what the local stack would set by itself.
func startStack(folder string, changes map[string]string) (*stack.Stack, error) {
	keyset, err := sealing.NewDocument()
	if err != nil {
		return nil, err
	}
	secrets, err := json.Marshal(map[string]any{
		"clientSecret":  "client-secret-5d0e9b37c1f84a26",
		"contentApiKey": []string{newKey, oldKey},
		"tokenKeyset":   json.RawMessage(keyset),
	})
	if err != nil {
		return nil, err
	}
	environment := map[string]string{
		"SECRET_JSON": string(secrets), "CONTENT_URL": contentURL, "SIGNAGE_URL": signageURL, "PWA_URL": pwaURL,
	}
	maps.Copy(environment, changes)
	s, err := stack.Start(context.Background(), stack.Options{
		Root: "../../..", Environment: environment, EphemeralPorts: true, DataDir: folder, ScheduleEvery: stack.ScheduleOff,
		Unlimited: true, // hundreds of requests a second
	})
	if err == nil && len(changes) > 0 {
		s.SetEnvironment(changes)
	}
	return s, err
}

// otherStack is a deployment of one test's own.
func otherStack(t *testing.T, changes map[string]string) *stack.Stack {
	t.Helper()
	s, err := startStack(t.TempDir(), changes)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}
