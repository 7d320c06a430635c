// Package console is the page of the simulated Control Hub: what an
// administrator sees and does there, a comparison of what Signpost and Webex
// store, and the traffic between the two, live.
//
// It owns the page, its actions and its updates. Webex's own behaviour belongs
// to webextest, whose control API and endpoints it serves on the same port.
// Signpost's table is only read, never written.
//
// The page is for the machine that it runs on. It has no authentication, so it
// accepts loopback host names only and refuses requests from other sites.
package console

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"signpost/infra/local/console/wire"
	"signpost/infra/panels"
	"signpost/shared/channel"
	"signpost/shared/installation"
	"signpost/shared/loopback"
	"signpost/shared/webex/webextest"
)

// Table reads installations.
type Table interface {
	Find(ctx context.Context, key installation.Key, now time.Time) (installation.Installation, []installation.Candidate, error)
	Passes(ctx context.Context) ([]installation.Pass, error)
	channel.Store
}

// Options configure a Console. All are required.
type Options struct {
	// Webex is the simulated cloud, whose client was made by Wire.
	Webex *webextest.Cloud
	// Wire records the traffic; see [NewWire].
	Wire  *Wire
	Table Table
	// Environment returns the variables that the functions run with now.
	Environment func() (map[string]string, error)
	// Verify invokes the verifying function with an event and returns its
	// response.
	Verify func(ctx context.Context, event []byte) ([]byte, error)
	// Regions are the regions of Webex that the functions trust.
	Regions []string
}

// Console serves the simulator's port: the page, the control API and Webex.
type Console struct {
	options Options
	routes  http.Handler
	webex   http.Handler // records the traffic
	closed  chan struct{}
	closing sync.Once
}

// New returns the handler for a simulated cloud.
func New(o Options) *Console {
	c := &Console{options: o, closed: make(chan struct{}), webex: o.Wire.Handler(o.Webex)}
	o.Wire.follow(o.Webex)
	c.routes = c.newRoutes()
	return c
}

// Close ends the streams of updates, so that the server can shut down.
func (c *Console) Close() { c.closing.Do(func() { close(c.closed) }) }

// prefix is the path of everything that belongs to the page at /.
const prefix = "/console/"

// ServeHTTP implements [http.Handler].
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch path := r.URL.Path; {
	case path == "/" || path == "/favicon.ico" || strings.HasPrefix(path, prefix):
		c.routes.ServeHTTP(w, r)
	case strings.HasPrefix(path, "/_control/"):
		c.options.Webex.ServeHTTP(w, r)
		if r.Method != http.MethodGet {
			c.options.Wire.touch()
		}
	default:
		c.webex.ServeHTTP(w, r)
	}
}

func (c *Console) newRoutes() http.Handler {
	open := http.NewServeMux() // other sites may link to these
	open.HandleFunc("GET /{$}", c.showPage)
	open.HandleFunc("GET /favicon.ico", panels.ServeAsset(assets))
	open.HandleFunc("GET "+prefix+"assets/{name}", panels.ServeAsset(assets))
	open.HandleFunc("GET "+prefix+"altered", c.showAltered)

	own := http.NewServeMux()
	own.HandleFunc("GET "+prefix+"events", c.stream)
	own.HandleFunc("GET "+prefix+"wire/{id}", c.showExchange)
	own.HandleFunc("POST "+prefix+"organizations", c.answer(c.addOrganization))
	own.HandleFunc("POST "+prefix+"organizations/{org}/launch", c.launch)
	for name, do := range c.actions() {
		own.HandleFunc("POST "+prefix+"organizations/{org}/"+name, c.answer(c.onScope(do)))
	}
	open.Handle(prefix, loopback.Only(own, true))
	return loopback.Only(open, false)
}

// Wire records the traffic between Signpost and Webex and notifies the open
// pages. It is created before the cloud that it records.
type Wire struct {
	*wire.Log

	mu       sync.Mutex
	cloud    *webextest.Cloud
	watchers []chan struct{}
}

const keptExchanges = 500

// NewWire returns a Wire that uses the given clock. Pass its Client to the cloud
// as HTTPClient.
func NewWire(now func() time.Time) *Wire {
	w := &Wire{}
	w.Log = wire.New(wire.Options{Limit: keptExchanges, Now: now, OrgOf: w.orgOf, Touch: w.touch})
	return w
}

func (w *Wire) follow(cloud *webextest.Cloud) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cloud = cloud
}

// orgOf finds the organization by the newest refresh token of one of its integrations.
func (w *Wire) orgOf(refreshToken string) string {
	w.mu.Lock()
	cloud := w.cloud
	w.mu.Unlock()
	if cloud == nil {
		return ""
	}
	for _, org := range cloud.Organizations() {
		for _, app := range cloud.Integrations(org.ID()) {
			if app.RefreshToken(org.ID()) == refreshToken {
				return org.ID()
			}
		}
	}
	return ""
}

// watch returns a channel that receives a value after each change, and a
// function that unsubscribes. At most one value is pending.
func (w *Wire) watch() (<-chan struct{}, func()) {
	happened := make(chan struct{}, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.watchers = append(w.watchers, happened)
	return happened, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.watchers = slices.DeleteFunc(w.watchers, func(c chan struct{}) bool { return c == happened })
	}
}

func (w *Wire) touch() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, watcher := range w.watchers {
		select {
		case watcher <- struct{}{}:
		default:
		}
	}
}
