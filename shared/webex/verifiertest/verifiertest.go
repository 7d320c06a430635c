// Package verifiertest returns the verifier that a deployment beside a simulated Webex
// has.
package verifiertest

import (
	"net/http"
	"time"

	"signpost/shared/webex"
)

// New returns the verifier of an integration's tokens, signed by the key sets at urls.
// Transport, http.DefaultTransport if nil, fetches them. URLs in the tokens may be
// Webex's own, or of a simulator on this machine.
func New(appID string, urls map[string]string, transport http.RoundTripper, now func() time.Time) (*webex.Verifier, error) {
	return WithKeys(appID, urls, transport, now, now)
}

// WithKeys is [New] with another clock for the age of the key sets.
func WithKeys(appID string, urls map[string]string, transport http.RoundTripper, keysNow, now func() time.Time) (*webex.Verifier, error) {
	trusted, err := webex.KeySetURLs(webex.DefaultRegions, urls)
	if err != nil {
		return nil, err
	}
	hosts, err := webex.ParseHosts("127.0.0.1,"+webex.DefaultHosts, true)
	if err != nil {
		return nil, err
	}
	return webex.NewVerifier(webex.OneApp(appID), webex.NewKeySets(trusted, transport, keysNow), hosts, now)
}
