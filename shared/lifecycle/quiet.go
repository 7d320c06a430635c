package lifecycle

import (
	"sync"
	"time"

	"signpost/shared/webex"
)

const (
	// quietFrom is how many calls in a row a host must put off by a Retry-After
	// before it is left alone altogether: one organization that has used up its
	// own quota is no reason to neglect its neighbours.
	quietFrom = 3
	// maxQuiet bounds how long a host is left alone, after which a few calls
	// find out. A row that Webex itself put off waits for as long as it said.
	maxQuiet = 10 * time.Minute
)

// quiet holds which of Webex's hosts asked to be left alone, and until when. It
// lives as long as the process, through many runs of the schedule.
type quiet struct {
	mu    sync.Mutex
	hosts map[string]quietHost
}

type quietHost struct {
	putOff int // answers with a Retry-After, in a row
	until  time.Time
}

func newQuiet() *quiet { return &quiet{hosts: map[string]quietHost{}} }

// left returns how much longer the host is to be left alone, 0 if it is not.
func (q *quiet) left(host string, now time.Time) time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	return max(0, q.hosts[host].until.Sub(now))
}

// heard takes note of how a call to the host ended, and returns for how long
// the host is left alone from now on if that is news.
func (q *quiet) heard(host string, err error, now time.Time) time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	known, asked := q.hosts[host], min(webex.RetryAfter(err), maxQuiet)
	if asked <= 0 {
		if known.putOff > 0 {
			known.putOff = 0
			q.hosts[host] = known
		}
		return 0
	}
	known.putOff++
	if known.putOff < quietFrom || now.Before(known.until) {
		asked = 0
	} else {
		known.until = now.Add(asked)
	}
	q.hosts[host] = known
	return asked
}
