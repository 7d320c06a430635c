package stack_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"signpost/infra/local/stack"
	"signpost/infra/tests/customer"
)

// refused starts a stack that must not start, and returns the lines of the error.
func refused(t *testing.T, o stack.Options) []string {
	t.Helper()
	s, err := stack.Start(context.Background(), o)
	if err == nil {
		s.Stop()
		t.Fatal("it started")
	}
	return strings.Split(err.Error(), "\n")
}

// listen returns a listener and its port.
func listen(t *testing.T) (net.Listener, string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return listener, strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
}

func wantLines(t *testing.T, got []string, want ...string) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%d problems, want %d:\n%s", len(got), len(want), strings.Join(got, "\n"))
	}
	for _, part := range want {
		if !strings.Contains(strings.Join(got, "\n"), part) {
			t.Errorf("no line contains %q:\n%s", part, strings.Join(got, "\n"))
		}
	}
}

func TestAllProblemsAtOnce(t *testing.T) {
	taken, port := listen(t)
	defer taken.Close()
	o := options(t, map[string]string{
		"PORT": "many", "WEBEX_PORT": "70000", "DYNAMODB_PORT": port, "WEBEX_SIMULATOR": "maybe", "LOCAL_DATA": "old", "SECRET_JSON": "secret",
	})
	if err := os.Remove(filepath.Join(o.Binaries, "quick")); err != nil {
		t.Fatal(err)
	}
	o.Root = t.TempDir() // without npm modules
	t.Setenv("PATH", "")
	o.Check = func(environment map[string]string) error {
		if environment["VERIFY_INTERVAL"] != "1h" || environment["AWS_SAM_LOCAL"] != "true" {
			t.Errorf("the check is given %v", environment)
		}
		return errors.New("SIGNAGE_URL is wrong\nPWA_URL is wrong")
	}
	got := refused(t, o)
	wantLines(t, got,
		`PORT is "many": it must be a port number`,
		`WEBEX_PORT is "70000": it must be a port number`,
		"port "+port+" is in use by another program: set DYNAMODB_PORT to a free one",
		`WEBEX_SIMULATOR is "maybe": it must be on or off`,
		`LOCAL_DATA is "old": it must be keep or new`,
		"SECRET_JSON is not a JSON object",
		"QuickFunction is not built",
		"dynoxide is missing",
		"SIGNAGE_URL is wrong",
		"PWA_URL is wrong",
	)
	if strings.Contains(strings.Join(got, "\n"), "secret\"") {
		t.Error("a secret is shown")
	}
}

func TestPortsThatAreTheSame(t *testing.T) {
	free, port := listen(t)
	_ = free.Close()
	got := refused(t, options(t, map[string]string{"PORT": port, "WEBEX_PORT": port}))
	wantLines(t, got, "PORT and WEBEX_PORT are both "+port)
}

func TestUnreadableTemplate(t *testing.T) {
	o := options(t, nil)
	o.Template = filepath.Join(t.TempDir(), "none.yaml")
	o.Check = func(map[string]string) error {
		t.Error("settings were checked without a template")
		return nil
	}
	wantLines(t, refused(t, o), "none.yaml")
}

func TestFunctionThatRefusesItsSettings(t *testing.T) {
	o := options(t, map[string]string{"SIGNAGE_URL": "refuse"})
	text := strings.Join(refused(t, o), "\n")
	for _, want := range []string{"EchoFunction does not start", "EchoFunction | SIGNAGE_URL is wrong"} {
		if !strings.Contains(text, want) {
			t.Errorf("the error lacks %q:\n%s", want, text)
		}
	}
}

func TestTableWithOtherKeys(t *testing.T) {
	o := options(t, nil)
	first := customer.StartWith(t, o)
	text, err := os.ReadFile(o.Template)
	if err != nil {
		t.Fatal(err)
	}
	other := options(t, map[string]string{"AWS_ENDPOINT_URL_DYNAMODB": first.DynamoDBURL()})
	other.Template = filepath.Join(t.TempDir(), "template.yaml")
	if err := os.WriteFile(other.Template, []byte(strings.ReplaceAll(string(text), "pk", "id")), 0o600); err != nil {
		t.Fatal(err)
	}
	wantLines(t, refused(t, other), "exists with keys other than the template's")
}
