package httpapi

import (
	"net/url"
	"strings"

	"golang.org/x/time/rate"
)

const anyMethod = "ANY"

// defaultRoute is the path of the route for all other requests.
const defaultRoute = "$default"

// route is a Route with its path split into segments.
type route struct {
	Route
	segments []string
	limiter  *rate.Limiter // nil without a limit
}

func parseRoute(r Route) route {
	parsed := route{Route: r, segments: strings.Split(strings.TrimPrefix(r.Path, "/"), "/")}
	if r.Limit != (Limit{}) {
		parsed.limiter = rate.NewLimiter(rate.Limit(r.Limit.Rate), r.Limit.Burst)
	}
	return parsed
}

// key is the route key of events: "POST /launches/{code}".
func (r route) key() string {
	if r.Path == defaultRoute {
		return defaultRoute
	}
	return r.Method + " " + r.Path
}

// match is the route of a request, with the decoded parameters of its path.
type match struct {
	route      route
	parameters map[string]string
}

// match finds the most specific route for a request. HEAD does not match GET,
// and a trailing slash makes a different path.
func (h *Handler) match(method, escapedPath string) (match, bool) {
	segments := strings.Split(strings.TrimPrefix(escapedPath, "/"), "/")
	var best match
	bestScore := -1
	for _, candidate := range h.routes {
		if candidate.Method != method && candidate.Method != anyMethod && candidate.Path != defaultRoute {
			continue
		}
		parameters, score, ok := candidate.fit(segments)
		if ok && candidate.Method == method {
			score++ // an exact method wins over ANY on the same path
		}
		if ok && score > bestScore {
			best, bestScore = match{candidate, parameters}, score
		}
	}
	return best, bestScore >= 0
}

// fit compares a path with the route's. The score ranks routes that fit: a full
// path before a greedy one, a fixed segment before a parameter.
func (r route) fit(segments []string) (parameters map[string]string, score int, ok bool) {
	if r.Path == defaultRoute {
		return nil, 0, true
	}
	parameters, score = map[string]string{}, 1<<20
	for i, want := range r.segments {
		name, isParameter := strings.CutPrefix(strings.TrimSuffix(want, "}"), "{")
		greedy, isGreedy := strings.CutSuffix(name, "+")
		switch {
		case i >= len(segments):
			return nil, 0, false
		case isParameter && isGreedy:
			parameters[greedy] = unescape(strings.Join(segments[i:], "/"))
			return parameters, 10 + i*2, segments[i] != ""
		case isParameter:
			if segments[i] == "" {
				return nil, 0, false
			}
			parameters[name] = unescape(segments[i])
		case unescape(segments[i]) != want:
			return nil, 0, false
		default:
			score += 2
		}
	}
	return parameters, score, len(segments) == len(r.segments)
}

func unescape(s string) string {
	if decoded, err := url.PathUnescape(s); err == nil {
		return decoded
	}
	return s
}
