package demo

import (
	"bytes"
	"context"
	"fmt"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"signpost/infra/local/stack"
	"signpost/infra/terminal"
)

const root = "../../.."

// run plays the demo with an environment and returns its exit code and what it
// printed.
func run(ctx context.Context, from string, environment map[string]string) (status int, out, problems string) {
	var printed, wrong bytes.Buffer
	err := Run(ctx, terminal.NewIO(nil, &printed, &wrong, environment), from, environment)
	if err != nil {
		fmt.Fprintln(&wrong, err)
	}
	return terminal.ExitCode(err), printed.String(), wrong.String()
}

func mustRun(t *testing.T, from string, environment map[string]string) string {
	t.Helper()
	status, out, problems := run(t.Context(), from, environment)
	if status != 0 || problems != "" || !strings.Contains(out, "All 20 steps passed in ") {
		t.Fatalf("status %d (are the functions built? `make test` does that first)\n%s%s", status, out, problems)
	}
	if lines := strings.Count(out, "\n"); lines > 92 {
		t.Errorf("%d lines:\n%s", lines, out)
	}
	return out
}

func portOf(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Port()
}

// closed is a port without a listener.
func closed(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(nil)
	defer server.Close()
	return portOf(t, server.URL)
}

func TestDemoOnATemporaryStack(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	out := mustRun(t, root, map[string]string{
		"PORT": closed(t), "WEBEX_PORT": closed(t),
		"SIGNAGE_URL":     "https://signs.example.com/$(deviceId)#top",
		"WEBEX_SIMULATOR": "off", "WEBEX_HOSTS": "example.com", "SECRET_JSON": "{}", // not for this stack
	})
	if !strings.Contains(out, "on a temporary stack") || !strings.Contains(out, "https://signs.example.com/") {
		t.Errorf("printed:\n%s", out)
	}
	if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func TestDemoOnARunningStack(t *testing.T) {
	project := t.TempDir()
	s, err := stack.Start(t.Context(), stack.Options{Root: root, EphemeralPorts: true, DataDir: t.TempDir(), TableInMemory: true, ScheduleEvery: stack.ScheduleOff})
	if err != nil {
		t.Fatalf("the stack of the built functions, which `make test` builds first: %v", err)
	}
	t.Cleanup(s.Stop)
	environment := map[string]string{"PORT": portOf(t, s.URL()), "WEBEX_PORT": portOf(t, s.WebexURL())}

	status, _, problems := run(t.Context(), project, environment)
	if status != 1 || !strings.Contains(problems, "content API key of the running stack") {
		t.Errorf("without secrets: %d %s", status, problems)
	}
	secrets, err := os.ReadFile(s.SecretsFile())
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(project, ".local", environment["PORT"], "secrets.json")
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, secrets, 0o600); err != nil {
		t.Fatal(err)
	}
	if out := mustRun(t, project, environment); !strings.Contains(out, "on the stack at "+s.URL()+"\n") {
		t.Errorf("printed:\n%s", out)
	}
	environment["SECRET_JSON"] = `{"contentApiKey":["another"]}`
	if status, out, problems := run(t.Context(), project, environment); status != 1 || !strings.Contains(out, "✗ Launch") || !strings.Contains(problems, "step 4 failed") {
		t.Errorf("with another key: %d\n%s%s", status, out, problems)
	}
	environment["SECRET_JSON"] = `{"clientSecret":"hush"}`
	if status, _, problems := run(t.Context(), project, environment); status != 1 || !strings.Contains(problems, "SECRET_JSON has no contentApiKey") || strings.Contains(problems, "hush") {
		t.Errorf("without a key: %d %s", status, problems)
	}
}

func TestDemoNamesTheProblem(t *testing.T) {
	stranger := httptest.NewServer(nil)
	t.Cleanup(stranger.Close)
	for name, test := range map[string]struct {
		root        string
		environment map[string]string
		problem     string
	}{
		"not a port":            {root, map[string]string{"PORT": "http"}, `PORT is "http": it must be a port number`},
		"and the other as well": {root, map[string]string{"PORT": "x", "WEBEX_PORT": "65536"}, `WEBEX_PORT is "65536"`},
		"a port that is taken":  {root, map[string]string{"PORT": portOf(t, stranger.URL), "WEBEX_PORT": closed(t)}, "set PORT and WEBEX_PORT to those of a running stack, or to free ports"},
		"nothing to run":        {t.TempDir(), map[string]string{"PORT": closed(t), "WEBEX_PORT": closed(t)}, "temporary stack: "},
		"a wrong setting":       {root, map[string]string{"PORT": closed(t), "WEBEX_PORT": closed(t), "SIGNAGE_URL": "https://x.example.com/$(unknown)"}, "SIGNAGE_URL"},
	} {
		t.Run(name, func(t *testing.T) {
			status, out, problems := run(t.Context(), test.root, test.environment)
			if status != 1 || !strings.Contains(problems, test.problem) {
				t.Errorf("status %d, want 1 and %q:\n%s%s", status, test.problem, out, problems)
			}
		})
	}
}

func TestInterruptedDemo(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	status, _, problems := run(ctx, root, map[string]string{"PORT": closed(t), "WEBEX_PORT": closed(t)})
	if status != 1 || !strings.Contains(problems, "canceled") {
		t.Errorf("status %d: %s", status, problems)
	}
	if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}
