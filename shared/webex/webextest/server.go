package webextest

import (
	"net/http/httptest"
	"testing"
)

// NewServer returns a cloud that listens on a loopback port until the test
// ends, with its base URL set.
func NewServer(t testing.TB, o Options) *Cloud {
	t.Helper()
	c := NewCloud(o)
	c.MakeKeys() // now, since a client may time out on a busy machine
	server := httptest.NewServer(c)
	c.SetBaseURL(server.URL)
	t.Cleanup(func() {
		c.Close()
		server.Close()
	})
	return c
}
