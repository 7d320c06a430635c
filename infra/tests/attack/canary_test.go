package attack_test

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// canary listens where no request may lead, and notes the calls.
type canary struct {
	port string

	mu    sync.Mutex
	noted []string
}

// newCanary listens on one port of every loopback address. It answers HTTP with
// an attacker's key set.
func newCanary(t *testing.T, keySet []byte) *canary {
	t.Helper()
	c := &canary{}
	address := "127.0.0.1:0"
	for i, host := range []string{"127.0.0.1", "::1", "127.0.0.2"} {
		if i > 0 {
			address = net.JoinHostPort(host, c.port)
		}
		listener, err := net.Listen("tcp", address)
		if err != nil {
			if i > 0 {
				continue // not every machine has them
			}
			t.Fatal(err)
		}
		_, c.port, _ = net.SplitHostPort(listener.Addr().String())
		server := &http.Server{
			Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				c.note(fmt.Sprintf("%s http://%s%s", r.Method, r.Host, r.URL))
				_, _ = w.Write(keySet) // the client may have gone
			}),
			ConnState: func(connection net.Conn, state http.ConnState) {
				if state == http.StateNew {
					c.note("connection to " + connection.LocalAddr().String())
				}
			},
		}
		go func() { _ = server.Serve(listener) }() // ends with Close
		t.Cleanup(func() { _ = server.Close() })
	}
	return c
}

func (c *canary) note(call string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.noted = append(c.noted, call)
}

// calls are the noted calls, a line each.
func (c *canary) calls() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.Join(c.noted, "\n")
}
