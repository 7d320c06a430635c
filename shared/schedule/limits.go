// The rate at which a run calls Webex.

package schedule

import (
	"context"
	"time"

	"golang.org/x/time/rate"

	"signpost/shared/installation"
	"signpost/shared/lifecycle"
	"signpost/shared/webex"
)

// queueTime bounds how long the calls of the rows in progress wait for the rate, if the
// rate is high enough: rows in progress when the run stops must finish in its remaining
// time.
const queueTime = 4 * time.Second

// limits bound how fast one run calls Webex: rows at a time, and calls per second.
type limits struct {
	limiter *rate.Limiter // nil: no limit
	rows    int           // rows at a time
	now     func() time.Time
}

// newLimits returns the limits of a run that was given so many shards. One that was given
// none still takes over stalled ones, at the rate of one.
func newLimits(options Run, shards int, now func() time.Time) *limits {
	l := &limits{rows: max(1, options.Concurrency), now: now}
	if share := options.Rate * float64(max(1, shards)) / installation.Shards; share > 0 {
		l.limiter = rate.NewLimiter(rate.Limit(share), len(webex.Features))
		l.rows = min(l.rows, max(1, int(share*queueTime.Seconds())/lifecycle.MostCalls))
	}
	return l
}

// wait waits until the run's rate allows one more call.
func (l *limits) wait(ctx context.Context) error { return wait(ctx, l.limiter, l.now()) }

// wait waits until the limiter, if there is one, allows one more call.
func wait(ctx context.Context, limiter *rate.Limiter, now time.Time) error {
	if limiter == nil {
		return nil
	}
	if delay := limiter.ReserveN(now, 1).DelayFrom(now); delay > 0 {
		return lifecycle.Pause(ctx, delay)
	}
	return nil
}
