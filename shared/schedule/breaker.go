// Which of Webex's hosts are not called for a while.

package schedule

import (
	"errors"
	"sync"
	"time"

	"signpost/shared/webex"
)

const (
	// The breaker of a host opens after so many calls in a row that were put off
	// with a Retry-After, or not answered, each for another organization than the
	// one before: one that has used up its own quota, or has trouble of its own, is
	// no reason to neglect its neighbours.
	openAfterPutOff     = 3
	openAfterUnanswered = 10
	// maxOpen bounds how long a host that named a time is not called. A row that
	// Webex itself put off waits for as long as it said.
	maxOpen = 10 * time.Minute
	// unresponsiveOpen is how long a host that does not answer is not called.
	unresponsiveOpen = time.Minute
	// halfOpenEvery is the interval between the rows that try such a host again.
	halfOpenEvery = 10 * time.Second
)

// breaker holds which of Webex's hosts are not called, since they asked for it or
// do not answer. It lives as long as the process, through many runs of the
// schedule.
type breaker struct {
	mu    sync.Mutex
	hosts map[string]hostState
}

type hostState struct {
	putOff, unanswered int    // calls in a row
	last               string // the organization that was counted last
	openUntil          time.Time
	// unresponsive: it did not answer. Once openUntil is past the breaker is
	// half-open: one row per interval may call, until a call is answered.
	unresponsive bool
	tried        time.Time // when a row was let through last
}

func newBreaker() *breaker { return &breaker{hosts: map[string]hostState{}} }

// allow returns how much longer the host is not to be called, 0 if it may be, and
// whether the breaker is half-open and the caller is the one to try.
func (b *breaker) allow(host string, now time.Time) (wait time.Duration, halfOpen bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	state := b.hosts[host]
	if wait = state.openUntil.Sub(now); wait > 0 {
		return wait, false
	}
	if !state.unresponsive {
		return 0, false
	}
	if wait = state.tried.Add(halfOpenEvery).Sub(now); wait > 0 {
		return wait, false
	}
	state.tried = now
	b.hosts[host] = state
	return 0, true
}

// record takes note of how a call to the host for an organization ended, and
// returns for how long the breaker is open if this call opened it.
func (b *breaker) record(host, org string, err error, now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	state := b.hosts[host]
	if now.Before(state.openUntil) && errors.Is(err, webex.ErrUnavailable) {
		return 0 // the call began before the breaker opened
	}
	open := state.count(org, err)
	if open > 0 {
		state.openUntil = now.Add(open)
	}
	b.hosts[host] = state
	return open
}

// count counts how a call ended and returns for how long that opens the breaker.
// Afterwards a host that asked for a pause must reach the threshold again; an
// unresponsive one stays so until it answers.
func (h *hostState) count(org string, err error) time.Duration {
	asked := min(webex.RetryAfter(err), maxOpen)
	switch {
	case !errors.Is(err, webex.ErrUnavailable):
		h.putOff, h.unanswered, h.last, h.unresponsive = 0, 0, "", false
	case asked > 0:
		h.unanswered, h.unresponsive = 0, false
		if h.putOff += h.another(org); h.putOff >= openAfterPutOff {
			h.putOff = 0
			return asked
		}
	default:
		h.putOff = 0
		if h.unanswered += h.another(org); h.unresponsive || h.unanswered >= openAfterUnanswered {
			h.unresponsive = true
			return unresponsiveOpen
		}
	}
	return 0
}

// another is 1 if the organization is another than the one that was counted last.
func (h *hostState) another(org string) int {
	if org == h.last {
		return 0
	}
	h.last = org
	return 1
}
