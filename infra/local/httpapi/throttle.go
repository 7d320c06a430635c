package httpapi

import (
	"net/http"

	"golang.org/x/time/rate"
)

// Limit is how many requests reach a route, of all callers together: a bucket
// of Burst tokens that fills with Rate tokens a second. The zero Limit is none.
type Limit struct {
	Rate  float64
	Burst int
}

// limiter is the bucket of a limit; nil without one.
func (l Limit) limiter() *rate.Limiter {
	if l == (Limit{}) {
		return nil
	}
	return rate.NewLimiter(rate.Limit(l.Rate), l.Burst)
}

// throttled answers a request over its route's limit as API Gateway does, and
// tells whether it did. No function sees such a request.
func (h *Handler) throttled(w http.ResponseWriter, r route) bool {
	if r.limiter == nil || r.limiter.AllowN(h.now(), 1) {
		return false
	}
	message(w, http.StatusTooManyRequests, "Too Many Requests")
	return true
}
