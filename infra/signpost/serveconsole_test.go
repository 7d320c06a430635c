package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"signpost/infra/terminal"
	"signpost/shared/config"
	"signpost/shared/webex/webextest"
)

var consoleAddress = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)

// serveConsole runs the command until the test ends, and returns the console's address.
func (c *customer) serveConsole(flags ...string) string {
	c.t.Helper()
	environ := config.Environ([]string{"PORT=" + c.port()})
	out, in := io.Pipe()
	var problems bytes.Buffer // read when the command has ended
	a := &app{IO: terminal.NewIO(strings.NewReader(""), in, &problems, environ), environ: environ}
	ctx, stop := context.WithCancel(c.t.Context())
	ended := make(chan int, 1)
	go func() {
		ended <- a.run(ctx, append([]string{"serve-console", "--port", "0"}, flags...))
		in.Close()
	}()
	c.t.Cleanup(func() {
		stop()
		go func() { _, _ = io.Copy(io.Discard, out) }()
		if code := <-ended; code != terminal.ExitOK {
			c.t.Errorf("exit %d: %s", code, problems.String())
		}
	})
	line, _ := bufio.NewReader(out).ReadString('\n')
	address := consoleAddress.FindString(line)
	if address == "" {
		c.t.Fatalf("printed %q", line)
	}
	return address
}

func (c *customer) page(answer *http.Response, err error) string {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		c.t.Fatalf("%s: %d %v %s", answer.Request.URL, answer.StatusCode, err, body)
	}
	return string(body)
}

func (c *customer) shows(page string, texts ...string) {
	c.t.Helper()
	for _, text := range texts {
		if !strings.Contains(page, text) {
			c.t.Errorf("no %q in\n%s", text, page)
		}
	}
	c.noSecrets(page)
}

// awaits waits until a page shows a text: events come after their writes.
func (c *customer) awaits(address, text string) {
	c.t.Helper()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); <-look.C {
		if strings.Contains(c.page(http.Get(address)), text) {
			return
		}
	}
	c.t.Errorf("%s never shows %q", address, text)
}

// TestServeConsole: a customer's configuration was lost. The support console finds it,
// shows both sides and what was logged, and with --write repairs it.
func TestServeConsole(t *testing.T) {
	c := newCustomer(t)
	console := c.serveConsole("--write")
	one := console + "/installations/" + c.org.ID() + "/" + c.stack.Webex().AppID()
	c.shows(c.page(http.Get(console+"/?search="+url.QueryEscape(c.org.Name()))), "the local stack", c.org.ID(), "in sync")
	c.shows(c.page(http.Get(one)), "no differences", "us-west-2_r")

	c.stack.Webex().DeleteConfiguration(c.org.ID(), webextest.DigitalSignage)
	c.shows(c.page(http.Get(one)), "differences", "The next verification pushes it.")
	c.shows(c.page(http.PostForm(one+"/verify", nil)), "Webex stores the wanted configurations again", "no differences")
	c.shows(c.page(http.Get(one+"?lines")), "POST /activation", "outcome=activated")
	c.awaits(one+"?lines", "installation.activated")

	before := c.row()
	c.shows(c.page(http.PostForm(one+"/reload", nil)), "reload their pages")
	if after := c.row(); after.Reloads == before.Reloads || !after.Schedule.DueAt.After(before.Schedule.DueAt) {
		t.Errorf("reloaded: %+v, was %+v", after.Schedule, before.Schedule)
	}
	answer, err := http.Get(console + "/installations/" + c.org.ID() + "/other")
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusNotFound {
		t.Errorf("another app id: %d", answer.StatusCode)
	}
}

// TestServeConsoleIsReadOnly unless told otherwise.
func TestServeConsoleIsReadOnly(t *testing.T) {
	c := newCustomer(t)
	console := c.serveConsole()
	one := console + "/installations/" + c.org.ID() + "/" + c.stack.Webex().AppID()
	c.shows(c.page(http.Get(one)), "read-only")
	answer, err := http.PostForm(one+"/verify", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusNotFound {
		t.Errorf("a change is answered %d", answer.StatusCode)
	}
	c.want(terminal.ExitFailed, []string{"serve the console", "Try: signpost serve-console --port 0"}, "serve-console", "--port", console[strings.LastIndex(console, ":")+1:])
}
