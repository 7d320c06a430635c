// How fast a run calls Webex, and how many rows are at one host at a time.

package schedule

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
	"golang.org/x/time/rate"

	"signpost/shared/installation"
	"signpost/shared/lifecycle"
	"signpost/shared/webex"
)

const (
	// hostsAtOnce is how many rows are begun at a time, in multiples of one host's
	// slots: where two of the three commercial regions hang, the third is still
	// served.
	hostsAtOnce = 3
	// queueTime bounds, where the rate allows for that at all, how long the calls
	// of the rows that are begun take: what is begun when the run stops claiming
	// is to be finished in what is left of its time.
	queueTime = 5 * time.Second
	// slotTimeout is how long a row that was begun waits for a slot at its host.
	slotTimeout = 2 * time.Second
)

// limits are how fast one run calls Webex: no faster in all than its rate, and
// with no more than so many rows at one host.
type limits struct {
	limiter *rate.Limiter // nil: no limit
	slots   int           // rows at one host
	rows    int           // rows at a time
	now     func() time.Time

	mu    sync.Mutex
	hosts map[string]*semaphore.Weighted
}

func newLimits(options Run, shards int, now func() time.Time) *limits {
	l := &limits{slots: max(1, options.Concurrency), now: now, hosts: map[string]*semaphore.Weighted{}}
	l.rows = hostsAtOnce * l.slots
	if share := options.Rate * float64(shards) / installation.Shards; share > 0 {
		l.limiter = rate.NewLimiter(rate.Limit(share), len(webex.Features))
		l.rows = min(l.rows, max(hostsAtOnce, int(share*queueTime.Seconds())/lifecycle.MostCalls))
		l.slots = min(l.slots, l.rows/hostsAtOnce)
	}
	return l
}

// take takes so many calls from the run's rate, and waits until they fit into it.
func (l *limits) take(ctx context.Context, calls int) error {
	delay := l.charge(calls)
	if delay <= 0 {
		return nil
	}
	return lifecycle.Pause(ctx, delay)
}

// charge takes so many calls from the run's rate and returns how long they are to
// wait. Callers that skip the wait delay later calls.
func (l *limits) charge(calls int) (delay time.Duration) {
	if l.limiter == nil {
		return 0
	}
	now := l.now()
	for range calls { // one by one: the limiter refuses more than its burst at once
		delay = l.limiter.ReserveN(now, 1).DelayFrom(now)
	}
	return delay
}

// acquire waits until the calls of a row fit into the run's rate, then a little for
// a slot at the host; release gives it back. Rows waiting on the rate hold no slot,
// except those that had to wait for one: they are charged once more, so that they
// do not all call at once.
func (l *limits) acquire(ctx context.Context, host string, calls int) error {
	if err := l.take(ctx, calls); err != nil {
		return err
	}
	slots := l.slotsOf(host)
	if slots.TryAcquire(1) {
		return nil
	}
	waiting, cancel := context.WithTimeout(ctx, slotTimeout)
	defer cancel()
	if slots.Acquire(waiting, 1) != nil {
		return &lifecycle.NotCalledError{Reason: "no free slot at its host"}
	}
	if err := l.take(ctx, calls); err != nil {
		slots.Release(1)
		return err
	}
	return nil
}

func (l *limits) release(host string) { l.slotsOf(host).Release(1) }

func (l *limits) slotsOf(host string) *semaphore.Weighted {
	l.mu.Lock()
	defer l.mu.Unlock()
	slots, ok := l.hosts[host]
	if !ok {
		slots = semaphore.NewWeighted(int64(l.slots))
		l.hosts[host] = slots
	}
	return slots
}
