// Package console is the page of the simulated Control Hub: what an
// administrator sees and does there, what both sides hold of it, and what they
// say to each other, live.
//
// It owns the page, its actions and its updates. What Webex is and does is the
// business of webextest, whose control API and endpoints it serves beside the
// page; what Signpost holds it reads from the table, and never writes.
//
// The page is for the machine that it runs on. It asks nobody for a password,
// so it answers only to loopback names and refuses what a browser sends for
// another site.
package console

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"signpost/infra/local/console/wire"
	"signpost/shared/installation"
	"signpost/shared/webex/webextest"
)

// Table is where installations are. The page only reads it.
type Table interface {
	Find(ctx context.Context, orgKey string, now time.Time) (installation.Installation, []installation.Candidate, error)
}

// Options say what the page shows. All are required.
type Options struct {
	// Webex is the simulated cloud, whose client was made by Wire.
	Webex *webextest.Cloud
	// Wire is what records what is said; see [NewWire].
	Wire  *Wire
	Table Table
	// Environment holds the variables that the functions run with now.
	Environment func() (map[string]string, error)
	// Verify invokes the function that verifies, with an event, and returns
	// what it answered.
	Verify func(ctx context.Context, event []byte) ([]byte, error)
	// Regions are those that the functions trust, of those that Webex has.
	Regions []string
}

// Console is the page and everything else on the simulator's port.
type Console struct {
	options Options
	routes  http.Handler
	webex   http.Handler // what Signpost asks
	closed  chan struct{}
	closing sync.Once
}

// New returns the page of a simulated cloud.
func New(o Options) *Console {
	c := &Console{options: o, closed: make(chan struct{}), webex: o.Wire.Handler(o.Webex)}
	o.Wire.follow(o.Webex)
	c.routes = c.newRoutes()
	return c
}

// Close ends the streams of updates, so that a server can be shut down at once.
func (c *Console) Close() { c.closing.Do(func() { close(c.closed) }) }

// prefix is where everything of the page is but the page itself.
const prefix = "/console/"

// ServeHTTP serves the page, and behind it all of the simulated cloud.
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
	open.HandleFunc("GET /favicon.ico", serveAsset)
	open.HandleFunc("GET "+prefix+"assets/{name}", serveAsset)
	open.HandleFunc("GET "+prefix+"altered", c.showAltered)

	own := http.NewServeMux()
	own.HandleFunc("GET "+prefix+"events", c.stream)
	own.HandleFunc("GET "+prefix+"wire/{id}", c.showExchange)
	own.HandleFunc("POST "+prefix+"organizations", c.answer(c.addOrganization))
	own.HandleFunc("POST "+prefix+"organizations/{org}/launch", c.launch)
	for name, do := range c.actions() {
		own.HandleFunc("POST "+prefix+"organizations/{org}/"+name, c.answer(c.onOrganization(do)))
	}
	open.Handle(prefix, webextest.LocalOnly(own, true))
	return webextest.LocalOnly(open, false)
}

// organization finds an organization; the first one if none is named.
func (c *Console) organization(id string) (*webextest.Organization, bool) {
	if id != "" {
		return c.options.Webex.Organization(id)
	}
	all := c.options.Webex.Organizations()
	if len(all) == 0 {
		return nil, false
	}
	return all[0], true
}

// Wire records what both sides say, and tells the page that something
// happened. It exists before the cloud that it listens to.
type Wire struct {
	*wire.Log

	mu       sync.Mutex
	cloud    *webextest.Cloud
	watchers []chan struct{}
}

// keptExchanges is how many exchanges are kept.
const keptExchanges = 500

// NewWire returns a wire that records with the given clock. The cloud's
// HTTPClient is to be its Client.
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

// orgOf tells whose newest refresh token this is.
func (w *Wire) orgOf(refreshToken string) string {
	w.mu.Lock()
	cloud := w.cloud
	w.mu.Unlock()
	if cloud == nil {
		return ""
	}
	for _, org := range cloud.Organizations() {
		if cloud.RefreshToken(org.ID()) == refreshToken {
			return org.ID()
		}
	}
	return ""
}

// watch returns a channel that gets a value after something happened, and a
// function that ends it. Values are not queued: one says that something did.
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

// touch says that something happened.
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
