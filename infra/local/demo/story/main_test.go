package story_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"

	"signpost/infra/local/demo/story"
	"signpost/infra/local/stack"
)

// root is the project's directory.
const root = "../../../.."

// The stack that all tests play on, one after the other.
var (
	starting sync.Once
	running  *stack.Stack
	startErr error
)

func TestMain(m *testing.M) {
	data, err := os.MkdirTemp("", "signpost-story-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	dataDir = data
	status := m.Run()
	if running != nil {
		running.Stop()
	}
	if err := os.RemoveAll(data); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(status)
}

var dataDir string

// theStack starts the template's functions as they were built.
func theStack(t *testing.T) *stack.Stack {
	t.Helper()
	starting.Do(func() {
		running, startErr = stack.Start(context.Background(), stack.Options{
			Root: root, EphemeralPorts: true, DataDir: dataDir, ScheduleEvery: stack.ScheduleOff,
		})
	})
	if startErr != nil {
		t.Fatalf("the stack of the built functions, which `make test` builds first: %v", startErr)
	}
	return running
}

func targetOf(s *stack.Stack) story.Target {
	return story.Target{APIURL: s.URL(), WebexURL: s.WebexURL(), ContentKey: s.Secrets().ContentKey()}
}

// customer returns the organization of the current or last story.
func customer(t *testing.T, s *stack.Stack) string {
	t.Helper()
	all := s.Webex().Organizations()
	if len(all) == 0 {
		t.Fatal("no organizations")
	}
	return all[len(all)-1].ID()
}

// leavesNothing checks that the stack is as it was before the story.
func leavesNothing(t *testing.T, s *stack.Stack, signageURL string) {
	t.Helper()
	for _, function := range []string{"ActivationFunction", "UpdateApprovedFunction", "VerifyConfigsFunction"} {
		if got := signageURLOf(t, s, function); got != signageURL {
			t.Errorf("%s is left with SIGNAGE_URL %s, want %s", function, got, signageURL)
		}
	}
	for _, org := range s.Webex().Organizations() {
		if _, installed := s.Webex().Installation(org.ID()); installed {
			t.Errorf("still installed at %q", org.Name())
		}
	}
}

func signageURLOf(t *testing.T, s *stack.Stack, function string) string {
	t.Helper()
	environment, err := s.Environment(function)
	if err == nil && environment["SIGNAGE_URL"] == "" {
		err = errors.New("no SIGNAGE_URL")
	}
	if err != nil {
		t.Fatalf("%s: %v", function, err)
	}
	return environment["SIGNAGE_URL"]
}
