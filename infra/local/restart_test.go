package local

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
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

	"signpost/infra/local/stack"
	"signpost/infra/terminal"
	"signpost/shared/config"
)

// TestMain makes the test binary `make dev` too, which the tests start and kill.
func TestMain(m *testing.M) {
	if os.Getenv("LOCAL_TEST_PROGRAM") == "" {
		os.Exit(m.Run())
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	context.AfterFunc(ctx, stop)
	environ := config.Environ(os.Environ())
	err := Run(ctx, terminal.Of(os.Stdin, os.Stdout, os.Stderr, environ), ".", environ)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(terminal.ExitCode(err))
}

// machine is a project's directory in which `make dev` runs again and again, on
// the same ports.
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

// begin starts the program and returns its exit status if it ends by itself,
// which is -1 once it runs.
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

// request sends JSON and decodes the answer, which must be a 200.
func (m *machine) request(method, address string, body any, answer any) {
	m.Helper()
	if status, err := ask(method, address, body, answer); err != nil || status != http.StatusOK {
		m.Fatalf("%s %s: %d %v", method, address, status, err)
	}
}

func ask(method, address string, body any, answer any) (int, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return 0, err
	}
	request, err := http.NewRequest(method, address, bytes.NewReader(text))
	if err != nil {
		return 0, err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	got, err := io.ReadAll(response.Body)
	if err != nil {
		return response.StatusCode, err
	}
	if response.StatusCode != http.StatusOK {
		return response.StatusCode, errors.New(string(got))
	}
	return response.StatusCode, json.Unmarshal(got, answer)
}

// reply is what the simulated Webex says of a request that it made.
type reply struct {
	Status      int
	Body        json.RawMessage
	RedirectURL string
}

// at has an administrator do something about an organization.
func (m *machine) at(org, what string, body any) reply {
	m.Helper()
	var got reply
	m.request("POST", m.webex+"/_control/organizations/"+org+"/"+what, body, &got)
	return got
}

type customer struct {
	ID             string
	Installation   *struct{ ActionsURL string }
	Configurations map[string]any
}

func (m *machine) customers() []customer {
	m.Helper()
	var all []customer
	m.request("GET", m.webex+"/_control/organizations", nil, &all)
	return all
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
	m.request("POST", m.webex+"/_control/organizations/"+org+"/revokeAccessTokens", nil, &struct{}{})
	var run struct{ Verified, Pushed, Failed int }
	m.request("POST", m.api+"/2015-03-31/functions/VerifyConfigsFunction/invocations", map[string]any{"orgIds": []string{org}}, &run)
	if run.Verified != 1 || run.Pushed != 0 || run.Failed != 0 {
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

// TestRestart: table and simulated Webex are there again after `make dev` was
// stopped, or killed; or both are new.
func TestRestart(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.start()
	org := m.customers()[0].ID
	m.activate(org)
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		m.end(signal)
		m.start()
		m.request("POST", m.webex+"/_control/rotateRefreshTokens", map[string]bool{"on": true}, &struct{}{})
		m.works(org)
	}
	m.end(syscall.SIGKILL) // the moment after a refresh token was replaced
	if status := m.begin("WEBEX_PORT=" + freePorts(t, 1)[0]); status != 1 || !strings.Contains(m.output.String(), "LOCAL_DATA=new to begin anew") {
		t.Fatalf("at another port of the simulator: status %d", status)
	}
	m.start("LOCAL_DATA=new")
	for _, c := range m.customers() {
		if c.ID == org || c.Installation != nil {
			t.Errorf("with LOCAL_DATA=new a customer is left: %+v", c)
		}
	}
	var run struct{ Verified, Failed int }
	m.request("POST", m.api+"/2015-03-31/functions/VerifyConfigsFunction/invocations", map[string]any{"orgIds": []string{org}}, &run)
	if run.Verified != 0 || run.Failed != 1 { // there is no such installation
		t.Errorf("with LOCAL_DATA=new a row is left: %+v", run)
	}
	m.activate(m.customers()[0].ID)
}

// TestKilledInTheMiddle kills everything when Webex has done what it was asked
// and nobody knows yet. Webex still has it afterwards, and the customer's tokens
// are good.
func TestKilledInTheMiddle(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.start()
	for _, test := range []struct {
		kind, method string
		done         func(customer) bool
	}{
		{"token", "POST", func(c customer) bool { return c.Installation != nil }},
		{"app", "PATCH", func(c customer) bool { return c.Installation != nil && c.Installation.ActionsURL != "" }},
		{"signage", "PUT", func(c customer) bool { return c.Configurations["digital_signage"] != nil }},
		{"pwa", "PUT", func(c customer) bool { return c.Configurations["persistent_web_app"] != nil }},
	} {
		m.request("POST", m.webex+"/_control/faults", map[string]any{
			"kind": test.kind, "method": test.method, "times": 1, "loseReply": true, "delayMillis": 60_000,
		}, &struct{}{})
		var added customer
		m.request("POST", m.webex+"/_control/organizations", map[string]string{"name": "Customer of " + test.kind}, &added)
		org := added.ID
		go func() { _, _ = ask("POST", m.webex+"/_control/organizations/"+org+"/activate", nil, &reply{}) }() // is killed
		m.reached(test.kind, test.method)
		m.end(syscall.SIGKILL)
		m.start()
		if !slices.ContainsFunc(m.customers(), func(c customer) bool { return c.ID == org && test.done(c) }) {
			t.Fatalf("after %s Webex has lost what it answered: %+v", test.kind, m.customers())
		}
		if test.kind == "token" { // nothing came of the code
			m.activate(org)
			m.works(org)
		}
		// Else what the killed worker was at is left to the schedule, once its
		// lease is over.
		if got := m.at(org, "healthCheck", nil); got.Status != 200 || !strings.Contains(string(got.Body), `"valid"`) {
			t.Fatalf("after %s the health check is answered %d %s", test.kind, got.Status, got.Body)
		}
	}
}

// reached waits until Webex has done what the fault of a kind then hides.
func (m *machine) reached(kind, method string) {
	m.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		var faults []any
		m.request("GET", m.webex+"/_control/faults", nil, &faults)
		var requests []struct {
			Kind, Method string
			Status       int
		}
		m.request("GET", m.webex+"/_control/requests", nil, &requests)
		for _, r := range requests {
			if len(faults) == 0 && r.Kind == kind && r.Method == method && r.Status != 0 {
				return
			}
		}
		if time.Now().After(deadline) {
			m.Fatalf("%s is not asked for", kind)
		}
	}
}
