// Package support is the support console: pages in the browser that show one deployment to
// the vendor's engineers. They list the installations, those with a problem first, and show
// one as Signpost and as Webex store it, its log lines, and the rollout.
//
// The pages are for the machine that they run on. They have no authentication, so they
// accept loopback host names only and refuse requests from other sites. They change nothing
// unless Options allow it, have no script, and show no secret, nor the key in the addresses
// of a customer's devices.
package support

import (
	"context"
	"embed"
	"html/template"
	"net/http"
	"sync"
	"time"

	"signpost/infra/panels"
	"signpost/shared/channel"
	"signpost/shared/installation"
	"signpost/shared/lifecycle"
	"signpost/shared/loopback"
)

// Deployment is what the pages show.
type Deployment interface {
	// Installations returns all of them.
	Installations(ctx context.Context) (Installations, error)
	// Find returns those of an organization, also one of which there are only candidates, or
	// a tombstone.
	Find(ctx context.Context, orgKey string) ([]installation.Installation, error)
	// Inspect compares one with what Webex stores, and returns the current channels. It
	// returns [installation.ErrNotFound].
	Inspect(ctx context.Context, key installation.Key) (lifecycle.Inspection, channel.Channels, error)
	// Verify verifies one now. Reload makes its devices reload their pages, after the
	// next run of the schedule. Both return [installation.ErrNotFound].
	Verify(ctx context.Context, key installation.Key) (Outcome, error)
	Reload(ctx context.Context, key installation.Key) (Outcome, error)
}

// Installations are those of a deployment at one time.
type Installations struct {
	// Rows have their last pass each. Unreadable names rows that cannot be decoded.
	Rows       []installation.Installation
	Unreadable error
	// Channels are the current ones, Count about how many installations a rollout is for.
	Channels channel.Channels
	Count    int
}

// Outcome is how a change ended.
type Outcome string

// The outcomes.
const (
	Verified  Outcome = "verified"  // nothing had to be changed
	Pushed    Outcome = "pushed"    // configurations were pushed or deleted
	Failed    Outcome = "failed"    // it is tried again when it is due
	Postponed Outcome = "postponed" // another worker has it, or Webex asked to wait
	Reloading Outcome = "reloading" // the schedule pushes the new addresses
)

// Timeline finds what was logged about an organization, and its events where they are kept.
type Timeline interface {
	Lines(ctx context.Context, orgKey string, since time.Time) ([]Line, error)
}

// Options configure a Console. All but Write are required.
type Options struct {
	// Name is the deployment's, as its pages show it.
	Name       string
	Deployment Deployment
	Timeline   Timeline
	// Write allows to verify an installation, and to reload its devices.
	Write bool
	Now   func() time.Time
}

// A list is shown for this long before the table is read again, and for this many times as
// long as reading it took: a search does not read a large table.
const (
	listLife  = time.Minute
	listTimes = 10
)

// Console serves the pages.
type Console struct {
	Options
	handler http.Handler

	mu   sync.Mutex // held while the list is read, so that one request reads it
	list list
}

//go:embed assets
var assets embed.FS

var templates = panels.Templates(assets, template.FuncMap{
	"status": panels.StatusPill,
})

// New returns the handler of the pages.
func New(o Options) *Console {
	c := &Console{Options: o}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", c.showList)
	mux.HandleFunc("GET /installations/{org}/{app}", c.showInstallation)
	mux.HandleFunc("GET /favicon.ico", panels.ServeAsset(assets))
	mux.HandleFunc("GET /assets/{name}", panels.ServeAsset(assets))
	if o.Write {
		mux.HandleFunc("POST /installations/{org}/{app}/verify", c.change(o.Deployment.Verify))
		mux.HandleFunc("POST /installations/{org}/{app}/reload", c.change(o.Deployment.Reload))
	}
	c.handler = loopback.Only(mux, true) // a read costs: other sites must not start one
	return c
}

// ServeHTTP implements [http.Handler].
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) { c.handler.ServeHTTP(w, r) }

const policy = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// page is what each page shows around its content.
type page struct {
	Title, Deployment string
	Write             bool
	Body              any
}

func (c *Console) render(w http.ResponseWriter, status int, name, title string, body any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", policy)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = templates.ExecuteTemplate(w, name, page{title, c.Name, c.Write, body}) // the browser may have disconnected
}

// fail shows a page about an error.
func (c *Console) fail(w http.ResponseWriter, status int, title string, err error) {
	c.render(w, status, "failure", title, err.Error())
}
