package smoke

import (
	"bytes"
	"crypto/tls"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"signpost/infra/local/stack"
	"signpost/infra/terminal"
	"signpost/infra/tests/customer"
)

// TestLocalStack: all checks pass, except those of TLS, which are skipped.
func TestLocalStack(t *testing.T) {
	s := customer.StartWith(t, stack.Options{
		Root: "../..", EphemeralPorts: true, DataDir: t.TempDir(), TableInMemory: true, ScheduleEvery: stack.ScheduleOff,
	})
	if err := expect(t, s.URL(), len(checks)-2, 0, 2); err != nil {
		t.Error(err)
	}
}

// expect runs all checks of an address, and compares how many have which result.
func expect(t *testing.T, address string, ok, failed, skipped int) error {
	t.Helper()
	var out bytes.Buffer
	streams := terminal.NewIO(nil, &out, &out, nil)
	streams.JSON = true
	err := Run(t.Context(), streams, address)
	count := func(result string) int { return strings.Count(out.String(), `"result": "`+result+`"`) }
	if count("ok") != ok || count("failed") != failed || count("skipped") != skipped {
		t.Errorf("want %d ok, %d failed, %d skipped:\n%s", ok, failed, skipped, out.String())
	}
	return err
}

// TestAnotherServer: every check can fail, which gives the exit code.
func TestAnotherServer(t *testing.T) {
	kind := http.NewServeMux()
	kind.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"code":"token_expired"}`)) })
	server := httptest.NewServer(kind)
	if err := expect(t, server.URL, 0, len(checks)-2, 2); terminal.ExitCode(err) != terminal.ExitFindings {
		t.Errorf("it ends with %v", err)
	}
	server.Close()
	if err := expect(t, server.URL, 0, 1, len(checks)-1); terminal.ExitCode(err) != terminal.ExitFindings {
		t.Errorf("out of reach it ends with %v", err)
	}
	if err := expect(t, strings.Replace(server.URL, "http:", "https:", 1), 0, 1, len(checks)-1); terminal.ExitCode(err) != terminal.ExitFindings {
		t.Errorf("out of reach by https it ends with %v", err)
	}
	for _, address := range []string{"", "signpost.example.com", "http://signpost.example.com", "https://"} {
		if err := Run(t.Context(), terminal.NewIO(nil, io.Discard, io.Discard, nil), address); terminal.ExitCode(err) != terminal.ExitUsage {
			t.Errorf("%q: %v", address, err)
		}
	}
}

// TestTLS: a server that accepts old TLS fails the check, as does an unreachable one.
func TestTLS(t *testing.T) {
	for version, refused := range map[uint16]bool{tls.VersionTLS10: false, tls.VersionTLS12: true} {
		server := httptest.NewUnstartedServer(http.NotFoundHandler())
		server.TLS = &tls.Config{MinVersion: version}
		server.Config.ErrorLog = log.New(io.Discard, "", 0)
		server.StartTLS()
		target, err := newTarget(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		target.loopback = false
		if err := oldTLS(t.Context(), target); (err == nil) != refused {
			t.Errorf("from %x on: %v", version, err)
		}
		server.Close()
		if err := oldTLS(t.Context(), target); err == nil {
			t.Error("an unreachable server seems to refuse old TLS")
		}
	}
}
