package webex

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// keySetURLs has the address of every region's JWK set [java] [node].
var keySetURLs = map[string]string{
	"us-west-2_r":      "https://xapi-r.wbx2.com/jwks",
	"us-east-2_a":      "https://xapi-a.wbx2.com/jwks",
	"eu-central-1_k":   "https://xapi-k.wbx2.com/jwks",
	"us-gov-west-1_a1": "https://xapi.gov.ciscospark.com/jwks",
	"us-east-1_int13":  "https://xapi-intb.wbx2.com/jwks",
}

// DefaultRegions are the commercial ones. The government cloud and Cisco's test
// cloud must be enabled explicitly. The SDKs trust all five, so that a test cloud's
// key could sign for a real customer [ours].
var DefaultRegions = []string{"us-west-2_r", "us-east-2_a", "eu-central-1_k"}

// KnownRegions lists every region by name.
func KnownRegions() []string { return slices.Sorted(maps.Keys(keySetURLs)) }

// KeySetURLs returns the JWK set address of each trusted region, from override if
// it has one. Entries of override for other regions are ignored. The error names
// neither region nor address, since either may be a secret that was put there by
// mistake.
func KeySetURLs(trusted []string, override map[string]string) (map[string]string, error) {
	urls := make(map[string]string, len(trusted))
	for _, region := range trusted {
		address := cmp.Or(override[region], keySetURLs[region])
		if address == "" {
			return nil, fmt.Errorf("not a known region: known ones are %s", strings.Join(KnownRegions(), ", "))
		}
		if u, err := url.Parse(address); err != nil || u.Host == "" || (u.Scheme != "https" && !isLoopback(u)) {
			return nil, errors.New("the address of a key set is not an https URL")
		}
		urls[region] = address
	}
	if len(urls) == 0 {
		return nil, fmt.Errorf("no trusted region: name at least one of %s", strings.Join(KnownRegions(), ", "))
	}
	return urls, nil
}

// isLoopback reports whether u addresses this machine by plain HTTP, as in the
// local stack and tests.
func isLoopback(u *url.URL) bool {
	return u.Scheme == "http" && loopbackNames[u.Hostname()]
}

// loopbackNames are the hosts that may be called without TLS, on any port.
var loopbackNames = map[string]bool{"127.0.0.1": true, "localhost": true}
