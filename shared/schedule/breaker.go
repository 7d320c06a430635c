// The hosts of Webex that a run does not call.

package schedule

import (
	"errors"
	"slices"
	"sync"
	"time"

	"signpost/shared/installation"
	"signpost/shared/lifecycle"
	"signpost/shared/webex"
)

const (
	// The breaker of a host opens after so many calls in a row that got a Retry-After,
	// or no response, each for another organization than the one before: one that used up
	// its own quota, or has its own problem, must not stop the others.
	openAfterPauses     = 3
	openAfterUnanswered = 10
	// maxOpen bounds how long a host with a Retry-After is not called. The row that got
	// the Retry-After waits as long as it says.
	maxOpen = 10 * time.Minute
)

// breaker records the hosts of Webex that are not called for the rest of a run because
// they asked for a pause or do not respond. Between runs the passes record them.
type breaker struct {
	mu    sync.Mutex
	hosts map[string]hostState
}

type hostState struct {
	pausesAsked, unanswered int    // calls in a row
	last                    string // the last organization counted
	open                    bool
	// notBefore is when the host may be called again, zero if it named no time.
	notBefore time.Time
}

// newBreaker returns the breaker of a run, open for every host that a pass skipped.
func newBreaker(passes []installation.Pass) *breaker {
	b := &breaker{hosts: map[string]hostState{}}
	for _, pass := range passes {
		for host, skipped := range pass.Skipped {
			state := b.hosts[host]
			state.open = true
			if skipped.NotBefore.After(state.notBefore) {
				state.notBefore = skipped.NotBefore
			}
			b.hosts[host] = state
		}
	}
	return b
}

// opened lists the hosts that are not called.
func (b *breaker) opened() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var hosts []string
	for host, state := range b.hosts {
		if state.open {
			hosts = append(hosts, host)
		}
	}
	return hosts
}

// halfOpen lists the hosts that may be tried again at now.
func (b *breaker) halfOpen(now time.Time) []string {
	return slices.DeleteFunc(b.opened(), func(host string) bool { return b.notBefore(host).After(now) })
}

// allow returns a [lifecycle.NotCalledError] while the host's breaker is open.
func (b *breaker) allow(host string, now time.Time) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	state := b.hosts[host]
	if !state.open {
		return nil
	}
	return &lifecycle.NotCalledError{Reason: "the breaker of its host is open", Host: host, RetryAfter: max(0, state.notBefore.Sub(now))}
}

// notBefore is when the host may be called again, zero if it named no time.
func (b *breaker) notBefore(host string) time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.hosts[host].notBefore
}

// close lets the host be called again.
func (b *breaker) close(host string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.hosts, host)
}

// record records the result of a call to the host for an organization, and returns
// whether it opened the breaker. Calls that end while it is open began before, and do
// not count.
func (b *breaker) record(host, org string, err error, now time.Time) (opened bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	state := b.hosts[host]
	if state.open {
		return false
	}
	state.count(org, err, now)
	b.hosts[host] = state
	return state.open
}

// count counts the result of a call, and opens the breaker at its threshold.
func (h *hostState) count(org string, err error, now time.Time) {
	asked := min(webex.RetryAfter(err), maxOpen)
	switch {
	case !errors.Is(err, webex.ErrUnavailable):
		h.pausesAsked, h.unanswered, h.last = 0, 0, ""
	case asked > 0:
		h.pausesAsked, h.unanswered = h.pausesAsked+h.another(org), 0
		if h.open = h.pausesAsked >= openAfterPauses; h.open {
			h.notBefore = now.Add(asked)
		}
	default:
		h.unanswered, h.pausesAsked = h.unanswered+h.another(org), 0
		h.open = h.unanswered >= openAfterUnanswered
	}
}

// another is 1 if the organization differs from the last one counted, else 0.
func (h *hostState) another(org string) int {
	if org == h.last {
		return 0
	}
	h.last = org
	return 1
}
