package config

import (
	"regexp"

	"signpost/shared/secret"
)

// Origin restricts the functions with routes to requests through the vendor's proxy.
type Origin struct {
	// Key is sent by the proxy with each request. Zero means that there is no proxy
	// and that anyone may call the API's own address: SECRET_ORIGIN_KEY.
	Key secret.String
}

// Length of an origin key in characters. A random key of 32 has 190 bits.
const (
	minOriginKey = 32
	maxOriginKey = 128
)

var originKeyPattern = regexp.MustCompile(`^[A-Za-z0-9_-]*$`)

func (o *Origin) load(r *reader) {
	raw := r.environ["SECRET_ORIGIN_KEY"]
	if raw != "" && (len(raw) < minOriginKey || len(raw) > maxOriginKey || !originKeyPattern.MatchString(raw)) {
		r.problem("SECRET_ORIGIN_KEY", "set it to a random key, or unset it if no proxy is in front of the API",
			"is not %d to %d letters, digits, _ and -", minOriginKey, maxOriginKey)
	}
	o.Key = secret.New(raw)
}
