package local

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"signpost/infra/local/client"
	"signpost/infra/local/stack"
	"signpost/infra/terminal"
	"signpost/shared/config"
)

// TestMain lets the test binary act as `make dev`, which the tests start and kill.
func TestMain(m *testing.M) {
	if os.Getenv("LOCAL_TEST_PROGRAM") == "" {
		os.Exit(m.Run())
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	context.AfterFunc(ctx, stop)
	environ := config.Environ(os.Environ())
	err := Run(ctx, terminal.NewIO(os.Stdin, os.Stdout, os.Stderr, environ), ".", environ)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(terminal.ExitCode(err))
}

// machine is a project's directory in which `make dev` runs several times, on the
// same ports.
type machine struct {
	*testing.T
	directory   string
	environment []string
	api, webex  string
	program     *exec.Cmd
	output      bytes.Buffer // of all runs; read when none runs
	copied      chan struct{}
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	m := &machine{T: t, directory: t.TempDir()}
	for _, name := range []string{"template.yaml", ".build", "infra"} {
		if err := os.Symlink(filepath.Join(root, name), filepath.Join(m.directory, name)); err != nil {
			t.Fatal(err)
		}
	}
	ports := freePorts(t, 3)
	m.api, m.webex = "http://127.0.0.1:"+ports[0], "http://127.0.0.1:"+ports[1]
	m.environment = append(os.Environ(), "LOCAL_TEST_PROGRAM=dev", "MAKELEVEL=",
		"PORT="+ports[0], "WEBEX_PORT="+ports[1], "DYNAMODB_PORT="+ports[2])
	t.Cleanup(func() {
		if m.program != nil {
			m.end(syscall.SIGKILL)
		}
		if t.Failed() {
			t.Log(m.output.String())
		}
	})
	return m
}

func freePorts(t *testing.T, count int) []string {
	t.Helper()
	var ports []string
	for range count {
		port, err := stack.FreePort()
		if err != nil {
			t.Fatal(err)
		}
		ports = append(ports, strconv.Itoa(port))
	}
	return ports
}

// begin starts the program and waits until it runs, which returns -1, or ends,
// which returns its exit status.
func (m *machine) begin(settings ...string) int {
	m.Helper()
	m.program = exec.Command(os.Args[0])
	m.program.Dir, m.program.Env = m.directory, append(m.environment, settings...)
	read, write := io.Pipe()
	m.program.Stdout, m.program.Stderr = write, write
	if err := m.program.Start(); err != nil {
		m.Fatal(err)
	}
	program, ready, copied := m.program, make(chan struct{}), make(chan struct{})
	m.copied = copied
	go func() {
		defer close(copied)
		for lines := bufio.NewScanner(read); lines.Scan(); {
			fmt.Fprintln(&m.output, lines.Text())
			if strings.HasPrefix(lines.Text(), "Signpost is running") {
				close(ready)
			}
		}
	}()
	ended := make(chan struct{})
	go func() {
		_ = program.Wait() // its status is in ProcessState
		_ = write.Close()
		close(ended)
	}()
	select {
	case <-ready:
		return -1
	case <-ended:
		<-copied
		m.program = nil
		return program.ProcessState.ExitCode()
	}
}

// start starts the program and waits until it runs.
func (m *machine) start(settings ...string) {
	m.Helper()
	if status := m.begin(settings...); status != -1 {
		m.Fatalf("it ended with status %d (are the functions built? `make test` does that first)", status)
	}
}

// end ends the program, and returns when it and its ports are gone.
func (m *machine) end(signal syscall.Signal) {
	m.Helper()
	if err := m.program.Process.Signal(signal); err != nil {
		m.Fatal(err)
	}
	<-m.copied
	m.program = nil
}

// control calls the simulator's control API, which must accept it.
func (m *machine) control(method, path string, in, out any) {
	m.Helper()
	if err := client.NewControl(m.webex).Ask(m.Context(), method, path, in, out); err != nil {
		m.Fatal(err)
	}
}

// at has an administrator do something with an organization.
func (m *machine) at(org, what string, body any) client.Reply {
	m.Helper()
	var got client.Reply
	m.control("POST", "organizations/"+org+"/"+what, body, &got)
	return got
}

func (m *machine) organizations() []client.Organization {
	m.Helper()
	var all []client.Organization
	m.control("GET", "organizations", nil, &all)
	return all
}

func (m *machine) verify(org string) client.Report {
	m.Helper()
	run, err := client.NewLambda(m.api).Verify(m.Context(), org)
	if err != nil {
		m.Fatal(err)
	}
	return run
}

func (m *machine) activate(org string) {
	m.Helper()
	got := m.at(org, "activate", nil)
	if got.Status != 200 || strings.Count(string(got.Body), "in_sync") != 2 {
		m.Fatalf("the activation is answered %d %s", got.Status, got.Body)
	}
}

// works checks that the product and Webex agree about a customer: a
// verification that has to exchange the refresh token, a health check, and a
// cross-launch.
func (m *machine) works(org string) {
	m.Helper()
	m.control("POST", "organizations/"+org+"/revokeAccessTokens", nil, nil)
	if run := m.verify(org); run.Verified != 1 || run.Pushed != 0 || run.Failed != 0 {
		m.Fatalf("the verification: %+v", run)
	}
	if got := m.at(org, "healthCheck", nil); got.Status != 200 || !strings.Contains(string(got.Body), `"valid"`) || !strings.Contains(string(got.Body), `"operational"`) {
		m.Fatalf("the health check is answered %d %s", got.Status, got.Body)
	}
	got := m.at(org, "crossLaunch", map[string]any{"feature": "digital_signage", "task": "assign_content", "deviceIds": []string{"d"}})
	if got.Status != 200 || got.RedirectURL == "" {
		m.Fatalf("the cross-launch is answered %d %s", got.Status, got.Body)
	}
}

// TestRestart: table and simulated Webex keep their data when `make dev` is
// stopped or killed, unless the developer asks for new data.
func TestRestart(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.start()
	org := m.organizations()[0].ID
	m.activate(org)
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		m.end(signal)
		m.start()
		m.control("POST", "rotateRefreshTokens", map[string]bool{"on": true}, nil)
		m.works(org)
	}
	m.end(syscall.SIGKILL) // the moment after a refresh token was replaced
	if status := m.begin("WEBEX_PORT=" + freePorts(t, 1)[0]); status != 1 || !strings.Contains(m.output.String(), "LOCAL_DATA=new to start without data") {
		t.Fatalf("at another port of the simulator: status %d", status)
	}
	m.start("LOCAL_DATA=new")
	for _, c := range m.organizations() {
		if c.ID == org || c.Installation != nil {
			t.Errorf("with LOCAL_DATA=new a customer is left: %+v", c)
		}
	}
	if run := m.verify(org); run.Verified != 0 || run.Failed != 1 { // there is no such installation
		t.Errorf("with LOCAL_DATA=new a row is left: %+v", run)
	}
	m.activate(m.organizations()[0].ID)
}

// TestKilledInTheMiddle kills everything when Webex has done its work and the
// function has no answer yet. Webex keeps the result, and the customer's tokens
// stay valid.
func TestKilledInTheMiddle(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.start()
	for _, test := range []struct {
		kind, method string
		done         func(client.Organization) bool
	}{
		{"token", "POST", func(c client.Organization) bool { return c.Installation != nil }},
		{"app", "PATCH", func(c client.Organization) bool { return c.Installation != nil && c.Installation.ActionsURL != "" }},
		{"signage", "PUT", func(c client.Organization) bool { return c.Configurations["digital_signage"] != nil }},
		{"pwa", "PUT", func(c client.Organization) bool { return c.Configurations["persistent_web_app"] != nil }},
	} {
		m.control("POST", "faults", map[string]any{
			"kind": test.kind, "method": test.method, "times": 1, "loseReply": true, "delayMillis": 60_000,
		}, nil)
		var added client.Organization
		m.control("POST", "organizations", map[string]string{"name": "Customer of " + test.kind}, &added)
		org := added.ID
		go func() { _, _ = client.NewControl(m.webex).Press(context.Background(), org, "activate", nil) }() // is killed
		m.reached(test.kind, test.method)
		m.end(syscall.SIGKILL)
		m.start()
		if !slices.ContainsFunc(m.organizations(), func(c client.Organization) bool { return c.ID == org && test.done(c) }) {
			t.Fatalf("after %s Webex has lost what it answered: %+v", test.kind, m.organizations())
		}
		if test.kind == "token" { // the code was not exchanged
			m.activate(org)
			m.works(org)
		}
		// Otherwise the schedule continues the killed worker's row, once its lease
		// has expired.
		if got := m.at(org, "healthCheck", nil); got.Status != 200 || !strings.Contains(string(got.Body), `"valid"`) {
			t.Fatalf("after %s the health check is answered %d %s", test.kind, got.Status, got.Body)
		}
	}
}

// reached waits until Webex has done the work whose reply the fault withholds.
func (m *machine) reached(kind, method string) {
	m.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		var faults []any
		m.control("GET", "faults", nil, &faults)
		var requests []struct {
			Kind, Method string
			Status       int
		}
		m.control("GET", "requests", nil, &requests)
		for _, r := range requests {
			if len(faults) == 0 && r.Kind == kind && r.Method == method && r.Status != 0 {
				return
			}
		}
		if time.Now().After(deadline) {
			m.Fatalf("%s was not requested", kind)
		}
	}
}
