package lifecycle

import (
	"errors"
	"sync"
	"time"

	"signpost/shared/webex"
)

const (
	// A host is left alone after so many calls in a row that it put off by a
	// Retry-After, or did not answer, each for another organization than the one
	// before: one that has used up its own quota, or is in trouble by itself, is no
	// reason to neglect its neighbours.
	quietAfterPutOff     = 3
	quietAfterUnanswered = 10
	// maxQuiet bounds how long a host that said for how long is left alone. A row
	// that Webex itself put off waits for as long as it said.
	maxQuiet = 10 * time.Minute
	// deafQuiet is for how long one is that does not answer.
	deafQuiet = time.Minute
	// probeTime is between the rows that find out if it does again.
	probeTime = 10 * time.Second
)

// quiet holds which of Webex's hosts are left alone, since they asked for it or
// do not answer. It lives as long as the process, through many runs of the
// schedule.
type quiet struct {
	mu    sync.Mutex
	hosts map[string]quietHost
}

type quietHost struct {
	putOff, unanswered int    // calls in a row
	last               string // the organization that was counted last
	until              time.Time
	// deaf: it did not answer. When its time is over not all may call it, for as
	// long as each then waits, but one row in a while, until one is answered.
	deaf   bool
	probed time.Time // when a row was let through last
}

func newQuiet() *quiet { return &quiet{hosts: map[string]quietHost{}} }

// admit returns how much longer the host is to be left alone, 0 if it may be
// called, and whether the caller is to find out if it answers again.
func (q *quiet) admit(host string, now time.Time) (left time.Duration, probe bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	known := q.hosts[host]
	if left = known.until.Sub(now); left > 0 {
		return left, false
	}
	if !known.deaf {
		return 0, false
	}
	if left = known.probed.Add(probeTime).Sub(now); left > 0 {
		return left, false
	}
	known.probed = now
	q.hosts[host] = known
	return 0, true
}

// heard takes note of how a call to the host for an organization ended, and
// returns for how long the host is left alone from now on if that is news.
func (q *quiet) heard(host, org string, err error, now time.Time) time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	known := q.hosts[host]
	if now.Before(known.until) && errors.Is(err, webex.ErrUnavailable) {
		return 0 // of a call that was begun before
	}
	rest := known.note(org, err)
	if rest > 0 {
		known.until = now.Add(rest)
	}
	q.hosts[host] = known
	return rest
}

// note counts how a call ended and returns for how long that is enough to leave
// the host alone. Once that is over, a host that asked for it has to ask as often
// again; a deaf one is deaf until it answers.
func (h *quietHost) note(org string, err error) time.Duration {
	asked := min(webex.RetryAfter(err), maxQuiet)
	switch {
	case !errors.Is(err, webex.ErrUnavailable):
		h.putOff, h.unanswered, h.last, h.deaf = 0, 0, "", false
	case asked > 0:
		h.unanswered, h.deaf = 0, false
		if h.putOff += h.another(org); h.putOff >= quietAfterPutOff {
			h.putOff = 0
			return asked
		}
	default:
		h.putOff = 0
		if h.unanswered += h.another(org); h.deaf || h.unanswered >= quietAfterUnanswered {
			h.deaf = true
			return deafQuiet
		}
	}
	return 0
}

// another is 1 if the organization is another than the one that was counted last.
func (h *quietHost) another(org string) int {
	if org == h.last {
		return 0
	}
	h.last = org
	return 1
}
