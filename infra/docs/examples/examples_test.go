// Package examples_test runs the example back ends as a vendor would, against the local
// stack.
package examples_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"signpost/infra/tests/customer"
)

const eventsKey = "events-key-2f8d5c"

// TestBackends plays a customer's first day with each back end.
func TestBackends(t *testing.T) {
	var target atomic.Pointer[url.URL] // where events go: the back end starts after the stack
	events := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target.Load()) }})
	defer events.Close()
	s := customer.StartFor(t, map[string]string{"EVENTS_URL": events.URL + "/events", "EVENTS_KEY": eventsKey})
	for _, program := range [][]string{{"node", "backend.mjs"}, {"python3", "backend.py"}} {
		t.Run(program[0], func(t *testing.T) {
			backend := start(t, s.URL(), program)
			target.Store(backend)
			wantRefused(t, backend, "", "other", "next,"+eventsKey)
			c := customer.New(t, s, customer.West)
			page := activateInBrowser(c)
			wantRedeemed(t, backend, launchCode(t, page), "welcome for "+c.Org.Name()+": ")
			devices := []customer.Object{{"deviceId": "d1", "displayName": "Board Room"}, {"deviceId": "d2"}}
			wantRedeemed(t, backend, c.Code(customer.Object{"devices": devices}), "assign_content for "+c.Org.Name()+": Board Room, d2")
			want := entry{c.Org.ID(), c.Org.Name(), "active", "installation.activated"}
			wantCustomer(t, backend, want)
			for _, event := range []struct {
				kind    string
				version int
				day     int
				newest  string
			}{
				{"installation.removed", 1000, 1, "installation.removed"},
				{"installation.activated", 999, 1, "installation.removed"}, // late
				{"installation.activated", 1, 7, "installation.removed"},
				{"installation.activated", 1, 9, "installation.activated"}, // the row was deleted
			} {
				answer(t, 200)(post(t, backend, eventsKey, customer.Encode(customer.Object{
					"detail-type": event.kind, "time": fmt.Sprintf("2026-03-%02dT12:00:00Z", event.day),
					"detail": customer.Object{"orgKey": c.Org.ID(), "appId": c.Cloud.AppID(), "version": event.version},
				})))
				want.Event = event.newest
				wantCustomer(t, backend, want)
			}
		})
	}
}

// start runs a back end until the test ends, and returns its address.
func start(t *testing.T, signpost string, program []string) *url.URL {
	t.Helper()
	if _, err := exec.LookPath(program[0]); err != nil {
		t.Skipf("%s is not installed", program[0])
	}
	command := exec.CommandContext(t.Context(), program[0], program[1:]...)
	command.Env = append(command.Environ(), "SIGNPOST_URL="+signpost, "CONTENT_API_KEY="+customer.NewKey, "VENDOR_API_KEY="+customer.VendorKey, "EVENTS_KEYS=next,"+eventsKey, "PORT=0")
	command.Stderr = t.Output()
	out, err := command.StdoutPipe()
	if err == nil {
		err = command.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = command.Process.Kill(); _ = command.Wait() })
	line, _ := bufio.NewReader(out).ReadString('\n')
	address, err := url.Parse(strings.TrimSpace(line))
	if err != nil || address.Host == "" {
		t.Fatalf("%v printed %q", program, line)
	}
	return address
}

// activateInBrowser pastes an activation code into the page, and returns the next one.
func activateInBrowser(c *customer.Customer) string {
	c.Helper()
	request := customer.Post("/activation", c.Activation(customer.Object{"iat": customer.Seconds(-30)}))
	request.Headers = map[string]string{"Accept": "text/html"}
	return c.Send(request).Want(c.T, 200).Body
}

// wantRefused posts an event with each key, none of which is the back end's.
func wantRefused(t *testing.T, backend *url.URL, keys ...string) {
	t.Helper()
	for _, key := range keys {
		answer(t, 401)(post(t, backend, key, `{}`))
	}
}

// post sends an event with a key.
func post(t *testing.T, backend *url.URL, key, event string) (*http.Response, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, backend.JoinPath("events").String(), strings.NewReader(event))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Api-Key", key)
	return http.DefaultClient.Do(request)
}

var launchParameter = regexp.MustCompile(`launch=([\w-]{43})"`)

func launchCode(t *testing.T, page string) string {
	t.Helper()
	code := launchParameter.FindStringSubmatch(page)
	if code == nil {
		t.Fatalf("no launch in\n%s", page)
	}
	return code[1]
}

// wantRedeemed opens a launch as a browser does: the page comes first, which redeems nothing.
func wantRedeemed(t *testing.T, backend *url.URL, code, want string) {
	t.Helper()
	address := backend.JoinPath("content").String()
	for range 2 {
		if page := answer(t, 200)(http.Get(address + "?launch=" + code)); !strings.Contains(page, `value="`+code+`"`) {
			t.Errorf("the page is %s", page)
		}
	}
	post := url.Values{"launch": {code}}
	if got := answer(t, 200)(http.PostForm(address, post)); got != want {
		t.Errorf("redeemed %q, want %q", got, want)
	}
	answer(t, 404)(http.PostForm(address, post))
}

// answer returns a function that returns the body of an answer, which must have this
// status.
func answer(t *testing.T, status int) func(*http.Response, error) string {
	return func(response *http.Response, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil || response.StatusCode != status {
			t.Errorf("status %d, want %d: %s, %v", response.StatusCode, status, body, err)
		}
		return string(body)
	}
}

// entry is a customer in a back end's list.
type entry struct{ OrgKey, OrgName, State, Event string }

// wantCustomer waits until the back end lists a customer like this: its event may come
// late.
func wantCustomer(t *testing.T, backend *url.URL, want entry) {
	t.Helper()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	var listed []entry
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); <-look.C {
		body := answer(t, 200)(http.Get(backend.JoinPath("customers").String()))
		if err := json.Unmarshal([]byte(body), &listed); err != nil {
			t.Fatalf("%v: %s", err, body)
		}
		for _, got := range listed {
			if got == want {
				return
			}
		}
	}
	t.Errorf("lists %+v, want %+v", listed, want)
}
