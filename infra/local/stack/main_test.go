package stack_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	awslambda "github.com/aws/aws-lambda-go/lambda"

	"signpost/infra/local/stack"
)

// root is the project's directory.
const root = "../../.."

// TestMain makes the test binary a function too, which the stack starts.
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

// act does what the path of an HTTP event says, or the event itself.
func act(_ context.Context, event struct {
	RawPath string
	Body    string
	Meet    string
}) (any, error) {
	switch {
	case event.Meet == "schedule": // tells the test that the schedule has run
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
	environment := map[string]string{}
	for _, entry := range os.Environ() {
		name, value, _ := strings.Cut(entry, "=")
		environment[name] = value
	}
	return map[string]any{"pid": os.Getpid(), "path": event.RawPath, "body": event.Body, "environment": environment}, nil
}

// options are those of a stack whose functions are this binary.
func options(t *testing.T, environment map[string]string) stack.Options {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	project, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	binaries := t.TempDir()
	for _, name := range []string{"echo", "redeem", "quick"} {
		if err := os.Symlink(self, filepath.Join(binaries, name)); err != nil {
			t.Fatal(err)
		}
	}
	return stack.Options{
		Root: project, Environment: environment, EphemeralPorts: true, DataDir: t.TempDir(),
		Template: filepath.Join(project, "infra/local/stack/testdata/template.yaml"), Binaries: binaries, ScheduleEvery: stack.ScheduleOff,
	}
}

func start(t *testing.T, o stack.Options) *stack.Stack {
	t.Helper()
	s, err := stack.Start(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}

// echo is what the function answered.
type echo struct {
	PID         int
	Path, Body  string
	Environment map[string]string
}

// call invokes a function directly.
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

// request sends an HTTP request and returns status and body.
func request(t *testing.T, method, url, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var text bytes.Buffer
	if _, err := io.Copy(&text, response.Body); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, text.String()
}
