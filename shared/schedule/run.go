// One run: its options, its time, and the workers that take what is due.

package schedule

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	"signpost/shared/installation"
	"signpost/shared/lifecycle"
)

// Run says what one run of the schedule does.
type Run struct {
	// Shards to work on; nil means all of them.
	Shards []int
	// Concurrency is how many rows are worked on at a time, counted for each of
	// Webex's hosts by itself.
	Concurrency int
	// Rate is how many calls per second the runs of all shards together make to
	// Webex at most; a run of some shards takes its share. 0 means no limit.
	Rate float64
	// Until is when the run stops claiming rows; rows in progress may go on until
	// its context ends. The zero time means no end.
	Until time.Time
}

const (
	// settleAtEnd is kept at the end of a run's time for writing down what
	// happened, and drainAtEnd, or a quarter of what there is, before that for
	// rows in progress: a run ends by finishing, not by breaking off.
	settleAtEnd = 5 * time.Second
	drainAtEnd  = 10 * time.Second
	// duePage is how many due rows are listed at once.
	duePage = 100
	// countTimeout bounds counting what a run leaves due.
	countTimeout = 4 * time.Second
)

// Within returns the run as it fits into ctx's time, at now by the service's
// clock, and the context for it. Without a deadline nothing changes.
func (r Run) Within(ctx context.Context, now time.Time) (Run, context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return r, ctx, func() {}
	}
	left := time.Until(deadline)
	r.Until = now.Add(left - settleAtEnd - min(drainAtEnd, left/4))
	ctx, cancel := context.WithDeadline(ctx, deadline.Add(-settleAtEnd))
	return r, ctx, cancel
}

// run is one run in progress.
type run struct {
	*Schedule
	shards []int
	until  time.Time
	began  time.Time
	limits *limits
	done   tally
}

// over reports whether the run has stopped claiming rows.
func (r *run) over(ctx context.Context) bool {
	return ctx.Err() != nil || (!r.until.IsZero() && !r.now().Before(r.until))
}

// workers starts as many workers as the limits allow, which take rows from the
// channel, and returns how to wait for their end once it is closed. Each works on
// one row after the other: the stack that a request to the table takes is grown
// once.
func (r *run) workers(ctx context.Context) (due chan<- installation.Ref, wait func()) {
	rows := make(chan installation.Ref)
	var workers sync.WaitGroup
	for range r.limits.rows {
		workers.Go(func() {
			for ref := range rows {
				r.verify(ctx, ref)
			}
		})
	}
	return rows, workers.Wait
}

// listShard hands out what is due in the shard.
func (r *run) listShard(ctx context.Context, shard int, rows chan<- installation.Ref) error {
	cursor := ""
	for !r.over(ctx) {
		due, next, err := r.store.Due(ctx, shard, r.now(), cursor, duePage)
		if err != nil {
			if ctx.Err() != nil {
				return nil // our time is over, not the table's fault
			}
			return fmt.Errorf("list what is due in shard %d: %w", shard, err)
		}
		r.done.list(due)
		for _, ref := range due {
			if r.over(ctx) {
				return nil // the rest is still due
			}
			rows <- ref
		}
		if cursor = next; cursor == "" {
			return nil
		}
	}
	return nil
}

// verify claims a due row and works on it.
func (r *run) verify(ctx context.Context, ref installation.Ref) {
	defer r.recover(ctx, ref.OrgKey, &r.done)
	if r.over(ctx) {
		return // still due
	}
	lease := installation.NewLease(rand.Text(), r.now())
	work, err := r.store.Claim(ctx, ref, lease, r.now())
	if errors.Is(err, installation.ErrConflict) || (err != nil && ctx.Err() != nil) {
		return // another worker has it, or it is still due
	}
	if err != nil {
		r.log.ErrorContext(ctx, msgClaim, "org", ref.OrgKey, "outcome", "failed", "cause", err)
		r.done.add(lifecycle.Result{Err: err})
		return
	}
	ctx, cancel := context.WithTimeout(ctx, lifecycle.WorkTimeout)
	defer cancel()
	client, release, err := r.admit(ctx, ref.OrgKey, work)
	if err != nil {
		r.service.PutBack(ctx, work, err)
		r.done.leave()
		return
	}
	r.done.add(r.service.Work(ctx, work, lease.Owner, client, release))
}

// admit waits until the rate and the slots of the host allow the work, and returns
// the client for it and how to release its slot, which may be called repeatedly.
func (r *run) admit(ctx context.Context, orgKey string, work installation.Work) (*limitedClient, func(), error) {
	host := r.service.Host(ctx, work)
	halfOpen, err := r.allow(host)
	if err != nil {
		return nil, nil, err
	}
	calls := 0
	if r.limits.limiter != nil {
		calls = r.service.Calls(ctx, work)
	}
	if err := r.limits.acquire(ctx, host, calls); err != nil {
		return nil, nil, err
	}
	client := &limitedClient{Webex: r.webex, run: r, org: orgKey}
	if halfOpen {
		client.halfOpen = host
	}
	client.prepaid.Store(int64(calls))
	return client, sync.OnceFunc(func() { r.limits.release(host) }), nil
}

// reportBacklog logs how long the oldest row that this run listed had been due:
// about a minute if all is well, since each run lists what became due since the
// one before.
func (r *run) reportBacklog(ctx context.Context) {
	seconds := 0.0
	if !r.done.oldest.IsZero() {
		seconds = max(0, r.began.Sub(r.done.oldest).Seconds())
	}
	r.log.InfoContext(ctx, MsgBacklog, "due", r.done.listed, "oldest_s", seconds)
}

// countLeft counts what a run leaves due that ended before its work. Failing to
// count does not fail the run.
func (r *run) countLeft(ctx context.Context) {
	counting, cancel := context.WithTimeout(context.WithoutCancel(ctx), countTimeout)
	defer cancel()
	for _, shard := range r.shards {
		left, err := r.store.CountDue(counting, shard, r.now())
		if err != nil {
			r.log.WarnContext(ctx, msgCountLeft, "shard", shard, "outcome", "failed", "cause", err)
			return
		}
		r.done.Left += left
	}
}
