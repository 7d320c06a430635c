package webex

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// DefaultHosts are the hosts seen in tokens that Webex signed [token], as a
// setting in the form that [ParseHosts] reads.
const DefaultHosts = "webexapis.com,*.webexapis.com,*.wbx2.com,*.ciscospark.com,webexapis-usgov.webex.com"

// Hosts is the set of trusted hosts for URLs inside tokens. The signature proves
// that Webex wrote a URL; Hosts limits which hosts a mistake or a leaked key could
// make us call and give the client secret.
type Hosts struct {
	names    map[string]bool
	suffixes []string
}

var hostPattern = regexp.MustCompile(`^(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$`)

// ParseHosts reads a comma-separated list of host names, each of which may
// begin with `*.` for any name below it. Loopback names are refused unless
// loopback is set. All problems are reported together and name an entry by its
// position only, since it may be a secret that was put there by mistake.
func ParseHosts(list string, loopback bool) (Hosts, error) {
	hosts := Hosts{names: map[string]bool{}}
	var problems []error
	for i, entry := range strings.Split(list, ",") {
		name := strings.ToLower(strings.TrimSpace(entry))
		suffix, wild := strings.CutPrefix(name, "*")
		switch {
		case !hostPattern.MatchString(name):
			problems = append(problems, fmt.Errorf("entry %d is not a host name (no scheme, no port, no path)", i+1))
		case loopbackNames[name] && !loopback:
			problems = append(problems, fmt.Errorf("entry %d is this machine: allowed for local use only", i+1))
		case wild:
			hosts.suffixes = append(hosts.suffixes, suffix)
		default:
			hosts.names[name] = true
		}
	}
	return hosts, errors.Join(problems...)
}

// CheckURL returns an error wrapping [ErrUntrustedURL] unless raw is an HTTPS
// URL on its default port whose host is trusted, or any HTTP(S) URL on a
// loopback host that is trusted by name.
func (h Hosts) CheckURL(raw string) error {
	_, err := h.trustedHost(raw)
	return err
}

// trustedHost is CheckURL, and returns the host in lower case.
func (h Hosts) trustedHost(raw string) (string, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Opaque != "" || u.User != nil || u.Fragment != "" || u.Host == "" {
		return "", fmt.Errorf("%w: not a plain absolute URL", ErrUntrustedURL)
	}
	host := strings.ToLower(u.Hostname())
	if loopbackNames[host] && h.names[host] && (u.Scheme == "http" || u.Scheme == "https") {
		return host, nil
	}
	if u.Scheme != "https" || (u.Port() != "" && u.Port() != "443") || strings.HasSuffix(u.Host, ":") {
		return "", fmt.Errorf("%w: want https on its default port", ErrUntrustedURL)
	}
	if !h.trusts(host) {
		return "", fmt.Errorf("%w: host %q is not trusted", ErrUntrustedURL, host)
	}
	return host, nil
}

// CheckOAuthURL is CheckURL for the address that receives the client secret: it
// must be on one of Webex's API hosts or the trusted loopback host.
func (h Hosts) CheckOAuthURL(raw string) error {
	host, err := h.trustedHost(raw)
	if err != nil {
		return err
	}
	if host == "webexapis.com" || strings.HasSuffix(host, ".webexapis.com") ||
		host == "webexapis-usgov.webex.com" || loopbackNames[host] {
		return nil
	}
	return fmt.Errorf("%w: host %q is no token endpoint of Webex", ErrUntrustedURL, host)
}

func (h Hosts) trusts(host string) bool {
	if h.names[host] {
		return true
	}
	for _, suffix := range h.suffixes {
		if len(host) > len(suffix) && strings.HasSuffix(host, suffix) && hostPattern.MatchString(host) {
			return true
		}
	}
	return false
}
