package config

import (
	"net/url"
	"strings"
)

// publicURL reads the base of our own addresses: https (http for this machine,
// and not on AWS), with neither query nor fragment; a slash at its end is cut.
func (r *reader) publicURL(variable string) string {
	raw := r.optional(variable)
	if raw == "" {
		return ""
	}
	const fix = "set it to the base address of the API, such as https://signpost.example.com, or unset it for API Gateway's own"
	u, wrong := parseAddress(raw)
	switch {
	case wrong != "":
		r.problem(variable, fix, "%s", wrong)
	case strings.ContainsAny(raw, "?#"):
		r.problem(variable, fix, "must have neither query nor fragment")
	case u.Scheme == "http" && r.onAWS():
		r.problem(variable, fix, "must be an https URL")
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
	u, wrong := parseAddress(raw)
	switch {
	case wrong != "":
		r.problem(variable, fix, "%s", wrong)
	case hasParameter(u.RawQuery, "launch"):
		r.problem(variable, "take it out: the launch code is added under this name", "has a query parameter `launch`")
	}
	return raw
}

// parseAddress says what is wrong with raw as an address for people or
// programs to call, "" if nothing is.
func parseAddress(raw string) (*url.URL, string) {
	const wrong = "must be an absolute https URL (http only for 127.0.0.1 or localhost)"
	if !printable(raw) || strings.Contains(raw, " ") {
		return nil, wrong
	}
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" || u.User != nil || u.Opaque != "" {
		return nil, wrong
	}
	loopback := u.Hostname() == "127.0.0.1" || u.Hostname() == "localhost"
	if u.Scheme != "https" && (u.Scheme != "http" || !loopback) {
		return nil, wrong
	}
	return u, ""
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
