package config

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"signpost/shared/webex"
)

// Limits of addresses, in characters, as in the template [ours]; what devices
// show has Webex's own limit.
const (
	maxContentPage = 1024
	maxPublicURL   = 256
	maxSupport     = 256
	maxLabel       = 63 // of a host name, between dots
)

// CheckAddress returns what is wrong with raw as an https address that people
// open, nil if nothing is. The error does not quote raw.
func CheckAddress(raw string) error { return checkAddress(raw, false) }

// checkAddress is CheckAddress; with local it also takes addresses of this
// machine, which then may be http.
func checkAddress(raw string, local bool) error {
	if err := checkCharacters(raw); err != nil {
		return err
	}
	if !strings.HasPrefix(raw, "https://") && !(local && strings.HasPrefix(raw, "http://")) {
		return errors.New("must begin with https:// (with http:// only on your own machine, for 127.0.0.1 or localhost)")
	}
	u, err := url.Parse(raw)
	if err != nil || !isHost(u.Hostname()) {
		return errors.New("has no host name, or one that cannot be")
	}
	if port, err := strconv.ParseUint(u.Port(), 10, 16); strings.HasSuffix(u.Host, ":") || u.Port() != "" && (err != nil || port == 0) {
		return errors.New("has a port that is not a number from 1 to 65535")
	}
	switch {
	case u.User != nil:
		return errors.New("must not hold a user name or password")
	case !local && IsLoopback(u.Hostname()):
		return errors.New("names the machine itself, which nobody else can reach")
	case u.Scheme == "http" && !IsLoopback(u.Hostname()):
		return errors.New("must begin with https:// (http:// only for 127.0.0.1 or localhost)")
	}
	return nil
}

// checkCharacters refuses what no URI may hold (RFC 3986): white space, control
// and invisible characters, all that is not ASCII, and some signs.
func checkCharacters(raw string) error {
	for i := range len(raw) {
		c := raw[i]
		if c <= ' ' || c > '~' || strings.IndexByte("\"<>\\^`{|}", c) >= 0 {
			return fmt.Errorf("holds a character that no address may have, at byte %d: write it percent-encoded, or take it out if it came by copying", i+1)
		}
		if c == '%' && (i+2 >= len(raw) || !isHex(raw[i+1]) || !isHex(raw[i+2])) {
			return fmt.Errorf("holds a %% without two hexadecimal digits after it, at byte %d: write %%25 for the sign itself", i+1)
		}
	}
	return nil
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// isHost takes names and IP addresses, the latter without a zone.
func isHost(host string) bool {
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Zone() == "" || isName(host)
}

var labelPattern = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// isName takes names of hosts.
func isName(host string) bool {
	for label := range strings.SplitSeq(strings.TrimSuffix(host, "."), ".") {
		if len(label) > maxLabel || !labelPattern.MatchString(label) {
			return false
		}
	}
	return true
}

// IsLoopback reports whether host, a name or an IP address, is the machine
// itself, so that no other can reach it by that.
func IsLoopback(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.IsLoopback() || ip.IsUnspecified()
	}
	name := strings.ToLower(strings.TrimSuffix(host, "."))
	return name == "localhost" || strings.HasSuffix(name, ".localhost")
}

// publicURL reads the base of our own addresses: neither query nor fragment; a
// slash at its end is cut.
func (r *reader) publicURL(variable string) string {
	raw := r.optional(variable)
	if raw == "" {
		return ""
	}
	const fix = "set it to the base address of the API, such as https://signpost.example.com, or unset it for API Gateway's own"
	r.address(variable, fix, raw, maxPublicURL)
	if strings.ContainsAny(raw, "?#") {
		r.problem(variable, fix, "must have neither query nor fragment")
	}
	return strings.TrimRight(raw, "/")
}

// contentURL reads the vendor's page, which may have a query of its own but no
// `launch` in it: that is where the code goes.
func (r *reader) contentURL(variable string) string {
	const fix = "set it to your own page that Control Hub opens for content management"
	raw := r.required(variable, fix)
	if raw == "" {
		return ""
	}
	if u, err := url.Parse(raw); r.address(variable, fix, raw, maxContentPage) && err == nil && hasParameter(u.RawQuery, "launch") {
		r.problem(variable, "take it out: the launch code is added under this name", "has a query parameter `launch`")
	}
	return raw
}

// supportURL reads where administrators find help: a page or a mail address,
// which may have a query such as a subject.
func (r *reader) supportURL(variable string) string {
	const fix = "set it to https:// and a page, or to mailto: and an address, or unset it"
	raw := r.optional(variable)
	mailto, isMail := strings.CutPrefix(raw, "mailto:")
	switch err := checkCharacters(raw); {
	case raw == "":
	case !isMail:
		r.address(variable, fix, raw, maxSupport)
	case err != nil:
		r.problem(variable, fix, "%v", err)
	case len(raw) > maxSupport:
		r.problem(variable, fix, "is over %d characters", maxSupport)
	default:
		to, _, _ := strings.Cut(mailto, "?")
		if name, host, _ := strings.Cut(to, "@"); !mailboxPattern.MatchString(name) || !strings.Contains(strings.TrimSuffix(host, "."), ".") || !isName(host) {
			r.problem(variable, fix, "is not a mail address")
		}
	}
	return raw
}

var mailboxPattern = regexp.MustCompile(`^[A-Za-z0-9.!$&'*+=_~-]+$`)

// deviceURL checks an address that devices show.
func (r *reader) deviceURL(variable, raw string, feature webex.Feature) {
	const fix = "set it to the page that devices show, or unset it not to provide the feature"
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
		r.problem(variable, "take it out: Webex appends it", "contains _cisco_app_id")
	}
	if longest, err := feature.LongestDeviceURL(raw); err == nil && longest > webex.MaxDeviceURL {
		r.problem(variable, "shorten it, or leave out a value", "may become %d characters long with its values filled in: devices take %d", longest, webex.MaxDeviceURL)
	}
}

// allowList reads the hosts that may use a device's own API: names, each of
// which may begin with `*.`, separated by commas. Blanks around the commas are
// taken out, so that devices never see them.
func (r *reader) allowList(variable string) string {
	raw := r.optional(variable)
	if raw == "" {
		return ""
	}
	const fix = "list host names separated by commas, without https://, port or path"
	hosts := strings.Split(raw, ",")
	for i, host := range hosts {
		hosts[i] = strings.Trim(host, " ")
		if name := strings.TrimPrefix(hosts[i], "*."); !isName(name) {
			r.problem(variable, fix, "is not good: entry %d is not a host name", i+1)
		}
	}
	if len(raw) > webex.MaxAllowList {
		r.problem(variable, fix, "is over %d characters: devices take no more", webex.MaxAllowList)
	}
	return strings.Join(hosts, ",")
}

// address checks an https address, which may be one of this machine unless we
// run on AWS, and reports whether it is good.
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

// hasParameter reports whether any reader of the query, `;` as a separator
// included, would find a parameter of this name in it.
func hasParameter(query, name string) bool {
	for pair := range strings.FieldsFuncSeq(query, func(c rune) bool { return c == '&' || c == ';' }) {
		key, _, _ := strings.Cut(pair, "=")
		if decoded, err := url.QueryUnescape(key); err == nil && decoded == name {
			return true
		}
	}
	return false
}
