// Which of Webex's hosts a run does not call.

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
	// The breaker of a host opens after so many calls in a row that were put off
	// with a Retry-After, or not answered, each for another organization than the
	// one before: one that has used up its own quota, or has trouble of its own, is
	// no reason to neglect its neighbours.
	openAfterPutOff     = 3
	openAfterUnanswered = 10
	// maxOpen bounds how long a host that named a time is not called. A row that
	// Webex itself put off waits for as long as it said.
	maxOpen = 10 * time.Minute
)

// breaker holds which of Webex's hosts are not called for the rest of a run, since
// they asked for it or do not answer. Between runs the passes hold it.
type breaker struct {
	mu    sync.Mutex
	hosts map[string]hostState
}

type hostState struct {
	putOff, unanswered int    // calls in a row
	last               string // the organization that was counted last
	open               bool
	// notBefore is until when the host asked not to be called, zero if it did not.
	notBefore time.Time
}

// newBreaker returns the breaker of a run: open for every host that a pass left out.
func newBreaker(passes []installation.Pass) *breaker {
	b := &breaker{hosts: map[string]hostState{}}
	for _, pass := range passes {
		for host, behind := range pass.Behind {
			state := b.hosts[host]
			state.open = true
			if behind.NotBefore.After(state.notBefore) {
				state.notBefore = behind.NotBefore
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

// notBefore is until when the host asked not to be called, zero if it did not.
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

// record takes note of how a call to the host for an organization ended, and returns
// whether that opened the breaker. What ends once it is open began before.
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

// count counts how a call ended, and opens the breaker if it was one too many.
func (h *hostState) count(org string, err error, now time.Time) {
	asked := min(webex.RetryAfter(err), maxOpen)
	switch {
	case !errors.Is(err, webex.ErrUnavailable):
		h.putOff, h.unanswered, h.last = 0, 0, ""
	case asked > 0:
		h.putOff, h.unanswered = h.putOff+h.another(org), 0
		if h.open = h.putOff >= openAfterPutOff; h.open {
			h.notBefore = now.Add(asked)
		}
	default:
		h.unanswered, h.putOff = h.unanswered+h.another(org), 0
		h.open = h.unanswered >= openAfterUnanswered
	}
}

// another is 1 if the organization is another than the one that was counted last.
func (h *hostState) another(org string) int {
	if org == h.last {
		return 0
	}
	h.last = org
	return 1
}
