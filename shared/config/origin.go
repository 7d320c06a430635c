package config

import (
	"regexp"

	"signpost/shared/secret"
)

// Origin says through which proxy alone the functions with routes are reached.
type Origin struct {
	// Key is what the proxy sends with each request, zero if there is none and
	// everybody may call the API's own address: SECRET_ORIGIN_KEY. It is the
	// deployment's own, no secret of Webex or of a customer.
	Key secret.String
}

// Length of an origin key in characters: random ones of the shortest have 190
// bits.
const (
	minOriginKey = 32
	maxOriginKey = 128
)

var originKeyPattern = regexp.MustCompile(`^[A-Za-z0-9_-]*$`)

func (o *Origin) load(r *reader) {
	raw := r.optional("SECRET_ORIGIN_KEY")
	if raw != "" && (len(raw) < minOriginKey || len(raw) > maxOriginKey || !originKeyPattern.MatchString(raw)) {
		r.problem("SECRET_ORIGIN_KEY", "make a random one, or unset it where no proxy is in front of the API",
			"is not %d to %d letters, digits, _ and -", minOriginKey, maxOriginKey)
	}
	o.Key = secret.New(raw)
}
