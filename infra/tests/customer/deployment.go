package customer

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"signpost/infra/local/stack"
	"signpost/shared/secret/sealing"
)

// Settings of the deployments that Start starts.
const (
	NewKey    = "content-key-new-6b1f0c9d2e7a4853"
	OldKey    = "content-key-old-94c2d7e05fa1b863"
	VendorKey = "vendor-key-erp-0d7f3b52c8e94a16"
	BusyKey   = "vendor-key-busy-5a1c9e70d2b64f38"
	// VendorLabel is the label of VendorKey, BusyLabel that of BusyKey.
	VendorLabel, BusyLabel = "erp", "busy"
	SignageURL             = "https://signage.example.com/show?device=$(deviceId)&name=$(deviceName)"
	PWAURL                 = "https://app.example.com/panel?serial=$(peripheralSerial)"

	contentStart = "https://content.example.com/start?tenant=7&lang=en"
	contentEnd   = "#top"
	ContentURL   = contentStart + contentEnd

	WelcomeURL = "https://welcome.example.com/new?from=webex"
)

// Options are the options of a deployment for tests: free ports, no schedule, the table
// in memory, and no rate limits, since tests send hundreds of requests a second. They are
// for packages directly in infra/tests, from where the project's directory is found.
func Options(folder string, environment map[string]string) stack.Options {
	return stack.Options{
		Root: "../../..", Environment: environment, EphemeralPorts: true, DataDir: folder, TableInMemory: true,
		ScheduleEvery: stack.ScheduleOff, Unlimited: true,
	}
}

// Environment returns the settings above with changes to them, and a new keyset.
func Environment(changes map[string]string) (map[string]string, error) {
	keyset, err := sealing.NewDocument()
	if err != nil {
		return nil, err
	}
	environment := map[string]string{
		"SECRET_JSON": SecretDocument(keyset, NewKey, OldKey), "CONTENT_URL": ContentURL, "SIGNAGE_URL": SignageURL, "PWA_URL": PWAURL,
		"WELCOME_URL": WelcomeURL,
	}
	maps.Copy(environment, changes)
	return environment, nil
}

// Start starts a deployment with the settings above and changes to them; an
// empty value unsets what the local stack would set itself.
func Start(folder string, changes map[string]string) (*stack.Stack, error) {
	environment, err := Environment(changes)
	if err != nil {
		return nil, err
	}
	s, err := stack.Start(context.Background(), Options(folder, environment))
	if err == nil && len(changes) > 0 {
		s.SetEnvironment(changes)
	}
	return s, err
}

// StartFor starts a deployment for one test.
func StartFor(t *testing.T, changes map[string]string) *stack.Stack {
	t.Helper()
	s, err := Start(t.TempDir(), changes)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}

// StartWith starts a stack for one test.
func StartWith(t *testing.T, options stack.Options) *stack.Stack {
	t.Helper()
	s, err := stack.Start(context.Background(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}

// Main runs a package's tests with one shared deployment, which start starts
// with its data in folder, and returns the exit code. It fails, too, if an event of the
// deployment is not as its schema describes it.
func Main(m *testing.M, shared **stack.Stack, start func(folder string) (*stack.Stack, error)) int {
	folder, err := os.MkdirTemp("", "deployment")
	if err == nil {
		defer os.RemoveAll(folder)
		*shared, err = start(folder)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer (*shared).Stop()
	code := m.Run()
	if _, err := CheckEvents(*shared, filepath.Join((*shared).Root(), "infra", "docs", "schemas")); err != nil {
		fmt.Fprintln(os.Stderr, "events:", err)
		return 1
	}
	return code
}

// SecretDocument is a SECRET_JSON.
func SecretDocument(keyset []byte, contentKeys ...string) string {
	return Encode(Object{
		"clientSecret": "client-secret-5d0e9b37c1f84a26", "contentApiKey": contentKeys, "tokenKeyset": json.RawMessage(keyset),
		"vendorApiKeys": Object{VendorLabel: VendorKey, BusyLabel: BusyKey},
	})
}
