package lifecycle

import (
	"errors"
	"sync"
	"time"

	"signpost/shared/webex"
)

const (
	// A host is left alone after so many calls in a row that it put off by a
	// Retry-After, or did not answer: one organization that has used up its own
	// quota, or is in trouble by itself, is no reason to neglect its neighbours.
	quietAfterPutOff     = 3
	quietAfterUnanswered = 10
	// maxQuiet bounds how long a host that said for how long is left alone. A row
	// that Webex itself put off waits for as long as it said.
	maxQuiet = 10 * time.Minute
	// deafQuiet is for how long one is that does not answer.
	deafQuiet = time.Minute
	// probeTime is how long the others wait for what one row finds out.
	probeTime = 10 * time.Second
)

// quiet holds which of Webex's hosts are left alone since they asked for it or
// do not answer. When that is over, one row at a time finds out whether the host
// answers again. It lives as long as the process, through many runs of the
// schedule.
type quiet struct {
	mu    sync.Mutex
	hosts map[string]quietHost
}

type quietHost struct {
	troubles int       // calls in a row that came to nothing
	until    time.Time // zero: the host may be called
	probed   time.Time // when a row was let through last
}

func newQuiet() *quiet { return &quiet{hosts: map[string]quietHost{}} }

// admit returns how much longer the host is to be left alone, 0 if it may be
// called, and whether the caller is the one who finds out if it answers again.
func (q *quiet) admit(host string, now time.Time) (left time.Duration, probe bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	known := q.hosts[host]
	if known.until.IsZero() {
		return 0, false
	}
	if left = max(known.until.Sub(now), known.probed.Add(probeTime).Sub(now)); left > 0 {
		return left, false
	}
	known.probed = now
	q.hosts[host] = known
	return 0, true
}

// heard takes note of how a call to the host ended, and returns for how long
// the host is left alone from now on if that is news.
func (q *quiet) heard(host string, err error, now time.Time) time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !errors.Is(err, webex.ErrUnavailable) {
		delete(q.hosts, host)
		return 0
	}
	rest, enough := min(webex.RetryAfter(err), maxQuiet), quietAfterPutOff
	if rest <= 0 {
		rest, enough = deafQuiet, quietAfterUnanswered
	}
	known := q.hosts[host]
	known.troubles++
	if known.troubles < enough || now.Before(known.until) {
		rest = 0
	} else {
		known.until = now.Add(rest)
	}
	q.hosts[host] = known
	return rest
}
