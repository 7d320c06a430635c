// How fast a run calls Webex.

package schedule

import (
	"context"
	"time"

	"golang.org/x/time/rate"

	"signpost/shared/installation"
	"signpost/shared/lifecycle"
	"signpost/shared/webex"
)

// queueTime bounds, where the rate allows for that at all, how long the calls of the
// rows in progress take: what is in progress when the run stops is to be finished in
// what is left of its time.
const queueTime = 5 * time.Second

// limits are how fast one run calls Webex: with so many rows at a time, and no more
// calls than its rate.
type limits struct {
	limiter *rate.Limiter // nil: no limit
	rows    int           // rows at a time
	now     func() time.Time
}

func newLimits(options Run, shards int, now func() time.Time) *limits {
	l := &limits{rows: max(1, options.Concurrency), now: now}
	if share := options.Rate * float64(shards) / installation.Shards; share > 0 {
		l.limiter = rate.NewLimiter(rate.Limit(share), len(webex.Features))
		l.rows = min(l.rows, max(1, int(share*queueTime.Seconds())/lifecycle.MostCalls))
	}
	return l
}

// wait waits until one more call fits into the run's rate.
func (l *limits) wait(ctx context.Context) error {
	if l.limiter == nil {
		return nil
	}
	now := l.now()
	if delay := l.limiter.ReserveN(now, 1).DelayFrom(now); delay > 0 {
		return lifecycle.Pause(ctx, delay)
	}
	return nil
}
