package main

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
)

// TestLocalStack: what passes there passes on AWS, but for TLS.
func TestLocalStack(t *testing.T) {
	s, err := stack.Start(t.Context(), stack.Options{
		Root: "../..", EphemeralPorts: true, DataDir: t.TempDir(), ScheduleEvery: stack.ScheduleOff,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	var out bytes.Buffer
	if failed := run(t.Context(), s.URL(), &out); failed != 0 {
		t.Errorf("%d checks fail:\n%s", failed, out.String())
	}
	if got := strings.Count(out.String(), "skip "); got != 2 || strings.Count(out.String(), "ok ") != len(checks)-2 {
		t.Errorf("%d are skipped:\n%s", got, out.String())
	}
}

// TestWhatIsNotASignpost: every check can fail.
func TestWhatIsNotASignpost(t *testing.T) {
	kind := http.NewServeMux()
	kind.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"code":"token_expired"}`)) })
	server := httptest.NewServer(kind)
	defer server.Close()
	var out bytes.Buffer
	if failed := run(t.Context(), server.URL, &out); failed != len(checks)-2 {
		t.Errorf("%d checks fail:\n%s", failed, out.String())
	}
	for _, address := range []string{"", "signpost.example.com", "http://signpost.example.com", "https://"} {
		if run(t.Context(), address, &out) != 1 {
			t.Errorf("%q was tried", address)
		}
	}
}

// TestTLS: a server that takes old TLS is found out, and one of today is not.
func TestTLS(t *testing.T) {
	for version, refused := range map[uint16]bool{tls.VersionTLS10: false, tls.VersionTLS12: true} {
		server := httptest.NewUnstartedServer(http.NotFoundHandler())
		server.TLS = &tls.Config{MinVersion: version}
		server.Config.ErrorLog = log.New(io.Discard, "", 0)
		server.StartTLS()
		defer server.Close()
		target, err := newTarget(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		target.loopback = false
		skipped, err := oldTLS(t.Context(), target)
		if skipped != "" || (err == nil) != refused {
			t.Errorf("from %x on: %q %v", version, skipped, err)
		}
	}
}
