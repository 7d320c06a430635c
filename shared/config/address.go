package config

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"signpost/shared/installation"
	"signpost/shared/webex"
)

// Limits in characters, as in the template [ours]. For the URLs that devices open
// Webex sets the limit.
const (
	maxContentURL = 1024
	maxPublicURL  = 256
	maxSupportURL = 256
	maxLabel      = 63 // of a host name, between dots
)

var errScheme = errors.New("must begin with https:// (http:// only outside AWS, for a loopback host such as 127.0.0.1)")

// CheckAddress returns an error unless raw is an https URL with a host that other
// machines can reach. The error does not quote raw.
func CheckAddress(raw string) error { return checkAddress(raw, false) }

// checkAddress is [CheckAddress]. If local, it also accepts this machine as the
// host, by https or http.
func checkAddress(raw string, local bool) error {
	if err := checkCharacters(raw); err != nil {
		return err
	}
	if !strings.HasPrefix(raw, "https://") && !(local && strings.HasPrefix(raw, "http://")) {
		return errScheme
	}
	u, err := url.Parse(raw)
	if err != nil || !isHost(u.Hostname()) {
		return errors.New("has no valid host name")
	}
	if port, err := strconv.ParseUint(u.Port(), 10, 16); strings.HasSuffix(u.Host, ":") || u.Port() != "" && (err != nil || port == 0) {
		return errors.New("has a port that is not between 1 and 65535")
	}
	switch {
	case u.User != nil:
		return errors.New("must not contain a user name or password")
	case !local && IsLoopback(u.Hostname()):
		return errors.New("names the machine itself, which others cannot reach")
	case u.Scheme == "http" && !IsLoopback(u.Hostname()):
		return errScheme
	}
	return nil
}

// checkCharacters refuses what a URI cannot contain (RFC 3986): white space, control
// characters, everything outside ASCII, and some punctuation.
func checkCharacters(raw string) error {
	for i := range len(raw) {
		if c := raw[i]; c <= ' ' || c > '~' || strings.IndexByte("\"<>\\^`{|}", c) >= 0 {
			return fmt.Errorf("has a character that URLs do not allow, at byte %d: percent-encode it, or remove it if it was copied by mistake", i+1)
		}
	}
	if _, err := url.PathUnescape(raw); err != nil {
		return errors.New("has a % without two hexadecimal digits after it: write a percent sign as %25")
	}
	return nil
}

// isHost accepts names, and IP addresses without a zone.
func isHost(host string) bool {
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Zone() == "" || isName(host)
}

var labelPattern = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

func isName(host string) bool {
	for label := range strings.SplitSeq(strings.TrimSuffix(host, "."), ".") {
		if len(label) > maxLabel || !labelPattern.MatchString(label) {
			return false
		}
	}
	return true
}

// IsLoopback reports whether host, a name or an IP address, is this machine, which
// others cannot reach by it.
func IsLoopback(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.IsLoopback() || ip.IsUnspecified()
	}
	name := strings.ToLower(strings.TrimSuffix(host, "."))
	return name == "localhost" || strings.HasSuffix(name, ".localhost")
}

// Address returns the base address of the API, to be registered at Webex and given to
// customers: PUBLIC_URL, or else the domain name that API Gateway sets (a caller could put
// any name into a header). Under `sam local` that is this machine's, which others cannot
// reach: then it returns an error that says so.
func (p Provider) Address(domainName string) (string, error) {
	if p.PublicURL != "" {
		return p.PublicURL, nil
	}
	host, _, _ := strings.Cut(domainName, ":")
	if host == "" || IsLoopback(host) {
		return "", fmt.Errorf("PUBLIC_URL is not set, and Webex cannot reach this API's domain name %q: set PUBLIC_URL to an address that Webex can reach", domainName)
	}
	return "https://" + domainName, nil
}

// publicURL reads the base address of the API, and removes slashes at its end.
func (r *reader) publicURL(variable string) string {
	raw := r.environ[variable]
	if raw == "" {
		return ""
	}
	const fix = "set it to the base address of the API, such as https://signpost.example.com, or unset it to use API Gateway's"
	r.address(variable, fix, raw, maxPublicURL)
	if strings.ContainsAny(raw, "?#") {
		r.problem(variable, fix, "must have neither query nor fragment")
	}
	return strings.TrimRight(raw, "/")
}

// contentURL reads the address of the vendor's page for administrators. The query
// may not contain `launch`, which is where the code goes.
func (r *reader) contentURL(variable string) string {
	const fix = "set it to your page that Control Hub opens to manage content"
	return r.launchURL(variable, fix, r.required(variable, fix))
}

// welcomeURL reads the address of the vendor's page at the end of an activation; see
// [reader.contentURL].
func (r *reader) welcomeURL(variable string) string {
	return r.launchURL(variable, "set it to your page for new customers, or unset it", r.environ[variable])
}

// launchURL checks an address that a launch's code is added to.
func (r *reader) launchURL(variable, fix, raw string) string {
	if raw == "" {
		return ""
	}
	if u, err := url.Parse(raw); r.address(variable, fix, raw, maxContentURL) && err == nil && hasParameter(u.RawQuery, "launch") {
		r.problem(variable, "remove it: the launch code is added by this name", "has a query parameter `launch`")
	}
	return raw
}

// supportURL reads where administrators find help: a page or a mailto address,
// which may have a query such as a subject.
func (r *reader) supportURL(variable string) string {
	const fix = "set it to https:// and a page, or to mailto: and a mail address, or unset it"
	raw := r.environ[variable]
	mailto, isMail := strings.CutPrefix(raw, "mailto:")
	switch err := checkCharacters(raw); {
	case raw == "":
	case !isMail:
		r.address(variable, fix, raw, maxSupportURL)
	case err != nil:
		r.problem(variable, fix, "%v", err)
	case len(raw) > maxSupportURL:
		r.problem(variable, fix, "is over %d characters", maxSupportURL)
	default:
		to, _, _ := strings.Cut(mailto, "?")
		if name, host, _ := strings.Cut(to, "@"); !mailboxPattern.MatchString(name) || !strings.Contains(strings.TrimSuffix(host, "."), ".") || !isName(host) {
			r.problem(variable, fix, "is not a mail address")
		}
	}
	return raw
}

var mailboxPattern = regexp.MustCompile(`^[A-Za-z0-9.!$&'*+=_~-]+$`)

// deviceURL checks an address that devices open.
func (r *reader) deviceURL(variable, raw string, feature webex.Feature) {
	const fix = "set it to the page that devices show, or unset it if you do not provide the feature"
	longest, err := installation.LongestDeviceURL(raw)
	if err != nil {
		r.problem(variable, "use only {"+strings.Join(installation.DeviceValues(), "}, {")+"}", "has an %v", err)
		return
	}
	raw, _ = installation.MaskDeviceURL(raw)
	if err := checkCharacters(raw); err != nil {
		r.problem(variable, fix, "%v", err)
		return
	}
	filled, err := feature.Fill(raw, func(string) string { return "x" })
	if err != nil {
		r.problem(variable, "use only $("+strings.Join(feature.ReplacementValues(), "), $(")+")", "has an %v", err)
		return
	}
	if err := checkAddress(filled, !r.onAWS()); err != nil {
		r.problem(variable, fix, "%v", err)
	}
	if strings.Contains(raw, "_cisco_app_id") {
		r.problem(variable, "remove it: Webex appends it", "contains _cisco_app_id")
	}
	if length, err := feature.LongestDeviceURL(longest); err == nil && length > webex.MaxDeviceURL {
		r.problem(variable, "shorten it, or use fewer values", "can grow to %d characters with its values filled in: devices accept %d", length, webex.MaxDeviceURL)
	}
}

// allowList reads the hosts that may use a device's xAPI: names, each of which may
// begin with `*.`, separated by commas. It removes blanks around the commas.
func (r *reader) allowList(variable string) string {
	raw := r.environ[variable]
	if raw == "" {
		return ""
	}
	const fix = "list host names separated by commas, without https://, port or path"
	hosts := strings.Split(raw, ",")
	for i, host := range hosts {
		hosts[i] = strings.Trim(host, " ")
		if name := strings.TrimPrefix(hosts[i], "*."); !isName(name) {
			r.problem(variable, fix, "is not valid: entry %d is not a host name", i+1)
		}
	}
	if len(raw) > webex.MaxAllowList {
		r.problem(variable, fix, "is over %d characters, which is what devices accept", webex.MaxAllowList)
	}
	return strings.Join(hosts, ",")
}

// address checks an address, which may be on this machine unless we run on AWS,
// and reports whether it is valid.
func (r *reader) address(variable, fix, raw string, longest int) bool {
	err := checkAddress(raw, !r.onAWS())
	if err == nil && len(raw) > longest {
		err = fmt.Errorf("is over %d characters", longest)
	}
	if err != nil {
		r.problem(variable, fix, "%v", err)
	}
	return err == nil
}

// hasParameter reports whether the query has a parameter of this name, for readers
// that split it at `&` and for those that also split it at `;`.
func hasParameter(query, name string) bool {
	for pair := range strings.FieldsFuncSeq(query, func(c rune) bool { return c == '&' || c == ';' }) {
		key, _, _ := strings.Cut(pair, "=")
		if decoded, err := url.QueryUnescape(key); err == nil && decoded == name {
			return true
		}
	}
	return false
}
