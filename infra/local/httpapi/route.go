package httpapi

import (
	"net/url"
	"strings"

	"golang.org/x/time/rate"
)

// anyMethod is the method of a route that takes all of them.
const anyMethod = "ANY"

// defaultRoute takes what no other route takes.
const defaultRoute = "$default"

// route is a Route whose path is taken apart.
type route struct {
	Route
	segments []string
	limiter  *rate.Limiter // nil without a limit
}

func parseRoute(r Route) route {
	return route{r, strings.Split(strings.TrimPrefix(r.Path, "/"), "/"), r.Limit.limiter()}
}

// key is the route's name: "POST /launches/{code}".
func (r route) key() string {
	if r.Path == defaultRoute {
		return defaultRoute
	}
	return r.Method + " " + r.Path
}

// match is a route that fits a request, with its path's parameters decoded.
type match struct {
	route      route
	parameters map[string]string
}

// match finds the most specific route for a request. HEAD is not GET, and a
// trailing slash is a path of its own.
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

// unescape decodes a path segment; what does not decode stays as it is.
func unescape(s string) string {
	if decoded, err := url.PathUnescape(s); err == nil {
		return decoded
	}
	return s
}
