package standin

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Webex answers each GET of a feature's configuration, for any organization, with the
// last one that was PUT for the feature, after a latency. It is an [http.Handler].
type Webex struct {
	latency atomic.Int64

	mu      sync.RWMutex
	configs map[string][]byte

	gets, others atomic.Int64
}

// SetLatency sets how long each answer takes from now on.
func (c *Webex) SetLatency(latency time.Duration) { c.latency.Store(int64(latency)) }

// Reset sets the counts to 0.
func (c *Webex) Reset() { c.gets.Store(0); c.others.Store(0) }

// Counts returns the GETs of configurations, and all other requests, since Reset.
func (c *Webex) Counts() (gets, others int64) { return c.gets.Load(), c.others.Load() }

// ServeHTTP implements http.Handler.
func (c *Webex) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	feature := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
	if r.Method == http.MethodPut {
		c.put(feature, r.Body)
		return
	}
	if latency := time.Duration(c.latency.Load()); latency > 0 {
		time.Sleep(latency)
	}
	c.mu.RLock()
	config, stored := c.configs[feature]
	c.mu.RUnlock()
	if r.Method != http.MethodGet || !stored || r.Header.Get("Authorization") != "Bearer "+accessToken.Reveal() {
		c.others.Add(1)
		w.WriteHeader(http.StatusNotFound)
		return
	}
	c.gets.Add(1)
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(config) // a function that has ended is reported elsewhere
}

func (c *Webex) put(feature string, body io.Reader) {
	config, err := io.ReadAll(body)
	if err != nil {
		return
	}
	c.others.Add(1)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.configs == nil {
		c.configs = map[string][]byte{}
	}
	c.configs[feature] = config
}
