package stack_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"

	awslambda "github.com/aws/aws-lambda-go/lambda"

	"signpost/infra/local/stack"
	"signpost/infra/template"
	"signpost/infra/tests/customer"
	"signpost/shared/config"
)

const root = "../../.."

// TestMain lets the stack start the test binary as a function.
func TestMain(m *testing.M) {
	if os.Getenv("AWS_LAMBDA_RUNTIME_API") == "" {
		os.Exit(m.Run())
	}
	if os.Getenv("SIGNAGE_URL") == "refuse" {
		fmt.Println("SIGNAGE_URL is wrong")
		os.Exit(1)
	}
	awslambda.Start(act)
}

func act(_ context.Context, event struct {
	RawPath string
	Body    string
	Meet    string
}) (any, error) {
	switch {
	case event.Meet == "schedule": // informs the test that the schedule has run
		connection, err := net.Dial("tcp", os.Getenv("SIGNAGE_URL"))
		if err != nil {
			return nil, err
		}
		return nil, connection.Close()
	case event.RawPath == "/echo/exit":
		os.Exit(7)
	case event.RawPath == "/echo/error":
		return nil, errors.New("no")
	case event.RawPath == "/hang":
		select {}
	}
	return map[string]any{"pid": os.Getpid(), "path": event.RawPath, "body": event.Body, "environment": config.Environ(os.Environ())}, nil
}

// options are those of a stack with the functions of a small template.
func options(t *testing.T, environment map[string]string) stack.Options {
	t.Helper()
	return optionsOf(t, "infra/local/stack/testdata/template.yaml", environment)
}

// optionsOf are those of a stack with a template's functions, each of which is
// the test binary.
func optionsOf(t *testing.T, file string, environment map[string]string) stack.Options {
	t.Helper()
	self, err := os.Executable()
	project, pathErr := filepath.Abs(root)
	read, readErr := template.Read(filepath.Join(project, file))
	if err := errors.Join(err, pathErr, readErr); err != nil {
		t.Fatal(err)
	}
	binaries := t.TempDir()
	for _, f := range read.Functions {
		if err := os.Symlink(self, filepath.Join(binaries, f.Folder())); err != nil {
			t.Fatal(err)
		}
	}
	return stack.Options{
		Root: project, Environment: environment, EphemeralPorts: true, DataDir: t.TempDir(),
		Template: filepath.Join(project, file), Binaries: binaries, ScheduleEvery: stack.ScheduleOff,
	}
}

type echo struct {
	PID         int
	Path, Body  string
	Environment map[string]string
}

func call(t *testing.T, s *stack.Stack, function string) echo {
	t.Helper()
	result, err := s.Invoke(context.Background(), function, []byte("{}"))
	if err != nil {
		t.Fatal(err)
	}
	var got echo
	if err := json.Unmarshal(result.Payload, &got); err != nil {
		t.Fatalf("%s: %s", err, result.Payload)
	}
	return got
}

func request(t *testing.T, method, url, body string) (int, string) {
	t.Helper()
	got := customer.Send(t, url, customer.Request{Method: method, ContentType: "application/json", Body: body})
	return got.Status, got.Body
}
