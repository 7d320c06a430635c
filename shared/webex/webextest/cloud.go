package webextest

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// The features that a manifest may name [page].
const (
	DigitalSignage   = "digital_signage"
	PersistentWebApp = "persistent_web_app"
)

// The scopes that the feature APIs require [page].
const (
	ScopeSignage = "spark-admin:devices_digital_signage"
	ScopePWA     = "spark-admin:devices_pwa"
)

// Options configure a Cloud. The zero value of every field has a good default.
type Options struct {
	// Now is Webex's clock. Default time.Now.
	Now func() time.Time

	// AppID is the manifest's id, a UUID, of the default integration. ClientID and
	// ClientSecret are the OAuth client that uploading the manifest yields.
	AppID, ClientID, ClientSecret string

	// Features are those of its manifest. Default both. An empty, non-nil slice
	// means none.
	Features []string

	// Scopes are those that an administrator grants on activation. Default
	// [ScopeSignage] and [ScopePWA].
	Scopes []string

	// Regions of the cloud, the default one first. Default the three commercial
	// ones and us-east-1_int13, Cisco's own test cloud.
	Regions []string

	// AccessTokenLife is the life of access tokens. Default 18 h [demo].
	AccessTokenLife time.Duration

	// RefreshTokenLife is the life of refresh tokens. Default 90 days [demo].
	RefreshTokenLife time.Duration

	// ActivationTokenLife is the life of activation codes. Default 24 h [ours].
	ActivationTokenLife time.Duration

	// ProvisioningURL is its manifest's provisioning.url, to which
	// [Cloud.Activate] posts. Empty means manual provisioning.
	ProvisioningURL string

	// HTTPClient posts to the integration. Default one with a timeout of 15 s that
	// follows no redirect.
	HTTPClient *http.Client
}

// DefaultAppID is the app id of the default integration, unless the options name another.
const DefaultAppID = "6d93fe09-7130-4507-b261-3908b63428a4"

// The client of the default integration.
const (
	defaultClientID     = "C3f1b6a2d9e84c07b5a6f0e1d2c3b4a59687f6e5d4c3b2a1908f7e6d5c4b3a291"
	defaultClientSecret = "simulated-client-secret-0f4e1c6b9a7d2835"
)

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	defaultTo(&o.AppID, DefaultAppID)
	defaultTo(&o.ClientID, defaultClientID)
	defaultTo(&o.ClientSecret, defaultClientSecret)
	defaultTo(&o.AccessTokenLife, 18*time.Hour)
	defaultTo(&o.RefreshTokenLife, 90*24*time.Hour)
	defaultTo(&o.ActivationTokenLife, 24*time.Hour)
	if o.Features == nil {
		o.Features = []string{DigitalSignage, PersistentWebApp}
	}
	if o.Scopes == nil {
		o.Scopes = []string{ScopeSignage, ScopePWA}
	}
	if len(o.Regions) == 0 {
		o.Regions = []string{"us-west-2_r", "us-east-2_a", "eu-central-1_k", "us-east-1_int13"}
	}
	if o.HTTPClient == nil {
		o.HTTPClient = &http.Client{
			Timeout:       15 * time.Second,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	}
	return o
}

func defaultTo[T comparable](value *T, fallback T) {
	var zero T
	if *value == zero {
		*value = fallback
	}
}

// Cloud is a Webex cloud in memory. Make one with [NewCloud] or [NewServer].
type Cloud struct {
	opts    Options
	api     *http.ServeMux // what the integration calls
	control http.Handler   // /_control/
	closed  chan struct{}  // ends every delay
	closing sync.Once

	mu            sync.Mutex
	baseURL       string
	regions       map[string]*region
	orgs          []*organization // in order of arrival
	installations map[string]*installation
	main          *upload // the default integration, of the Options
	stranger      *upload // of MintStrangerActivation
	uploads       []*upload
	refreshTokens map[string]*refreshToken
	accessTokens  map[string]*accessToken
	rotate        bool
	readback      func(feature string, configuration map[string]any) map[string]any
	log           []*Request
	hook          func(Request)
	faults        []*Fault
	holding       bool
	held          []delivery
	directory     string      // of Persist; empty in memory
	saveFailed    func(error) // of Persist
}

// NewCloud returns a cloud without organizations. Its base URL is
// http://127.0.0.1:3001 until [Cloud.SetBaseURL] says otherwise.
func NewCloud(o Options) *Cloud {
	o = o.withDefaults()
	c := &Cloud{
		opts:          o,
		closed:        make(chan struct{}),
		baseURL:       "http://127.0.0.1:3001",
		regions:       map[string]*region{},
		installations: map[string]*installation{},
		main:          o.upload(o.ClientID, o.ClientSecret),
		stranger:      o.upload(strangerClientID, strangerClientSecret),
		refreshTokens: map[string]*refreshToken{},
		accessTokens:  map[string]*accessToken{},
	}
	for _, name := range o.Regions {
		c.regions[name] = newRegion(name)
	}
	c.api = c.apiRoutes()
	c.control = c.controlRoutes()
	return c
}

// ServeHTTP serves what the integration calls, and the control API.
func (c *Cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/_control/") {
		c.control.ServeHTTP(w, r)
		return
	}
	c.api.ServeHTTP(w, r)
}

// Close ends the delays of injected faults, so that the server can be shut down at
// once.
func (c *Cloud) Close() { c.closing.Do(func() { close(c.closed) }) }

// SetBaseURL sets the scheme://host:port from which all URLs in tokens are
// built from now on; {region} in it stands for the name of the region,
// with hyphens only.
func (c *Cloud) SetBaseURL(u string) {
	defer c.changeCloud()()
	c.baseURL = strings.TrimRight(u, "/")
}

// BaseURL is the scheme://host:port from which all URLs in tokens are built.
func (c *Cloud) BaseURL() string {
	defer c.lock()()
	return c.baseURL
}

// regionURL is where the URLs of a region begin. It is called with the lock held.
func (c *Cloud) regionURL(region string) string { return c.regionHost(region) + "/" + region }

func (c *Cloud) regionHost(region string) string {
	return strings.ReplaceAll(c.baseURL, "{region}", strings.ReplaceAll(region, "_", "-"))
}

// Regions are the names of the regions, the default one first.
func (c *Cloud) Regions() []string { return slices.Clone(c.opts.Regions) }

// now is Webex's time, in UTC as Webex writes it.
func (c *Cloud) now() time.Time { return c.opts.Now().UTC() }

// lock locks the cloud and returns the function that unlocks it.
func (c *Cloud) lock() (unlock func()) {
	c.mu.Lock()
	return c.mu.Unlock
}
