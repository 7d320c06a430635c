// One run: its options, its time, and its workers.

package schedule

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"slices"
	"sync"
	"time"

	"signpost/shared/installation"
	"signpost/shared/lifecycle"
)

// Run holds the options of one run of the schedule.
type Run struct {
	// Shards to work on; nil means all of them.
	Shards []int
	// Concurrency is how many rows are worked on at a time.
	Concurrency int
	// Rate is how many calls per second the runs of all shards together make to
	// Webex at most; a run of some shards takes its share. 0 means no limit.
	Rate float64
	// Until is when the run takes no more rows; rows in progress may go on until
	// its context ends. The zero time means no end.
	Until time.Time
	// Rollout is the rollout of the channels to carry on, nil for none.
	Rollout *Rollout
}

const (
	// settleAtEnd is reserved at the end of a run's time for storing results, and
	// drainAtEnd before that, or a quarter of the time if less, for rows in progress: a
	// run finishes them instead of breaking off.
	settleAtEnd = 5 * time.Second
	drainAtEnd  = queueTime + time.Second
	// silentAfter is how late a pass of another run's shard is before this run takes it
	// over.
	silentAfter = 3 * time.Minute
)

// Within returns the run limited to ctx's deadline, and the context for it; now is the
// service's time. Without a deadline nothing changes.
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
	known   []installation.Pass // of all shards, as the run began
	passes  []installation.Pass // of the shards to work on, as far as this run moved them
	shards  []int               // the shards of passes, which workers move meanwhile
	until   time.Time
	began   time.Time
	owner   string
	limits  *limits
	breaker *breaker
	probes  map[string]*probe // by host
	rows    chan func()
	rollout *Rollout
	done    tally
}

// begin checks the options of a run and finds its shards: the given ones, and those that
// no other run works on, the latest first.
func (s *Schedule) begin(ctx context.Context, options Run) (*run, error) {
	for _, shard := range options.Shards {
		if shard < 0 || shard >= installation.Shards {
			return nil, fmt.Errorf("there is no shard %d: they are 0 to %d", shard, installation.Shards-1)
		}
	}
	passes, err := s.store.Passes(ctx)
	if err != nil {
		return nil, fmt.Errorf("begin a run: %w", err)
	}
	now := s.now()
	r := &run{
		Schedule: s, until: options.Until, began: now, owner: rand.Text(), known: passes,
		breaker: newBreaker(passes), rows: make(chan func()), rollout: options.Rollout,
	}
	given := 0
	for _, pass := range passes {
		mine := options.Shards == nil || slices.Contains(options.Shards, pass.Shard)
		if mine {
			given++
			r.done.due(s.lateSince(pass, now), s.overdue(pass, now), now)
		}
		if mine || s.silent(pass, now) {
			r.passes = append(r.passes, pass)
		}
	}
	mathrand.Shuffle(len(r.passes), func(i, j int) { r.passes[i], r.passes[j] = r.passes[j], r.passes[i] })
	slices.SortStableFunc(r.passes, func(a, b installation.Pass) int { return s.lateSince(a, now).Compare(s.lateSince(b, now)) })
	for _, pass := range r.passes {
		r.shards = append(r.shards, pass.Shard)
	}
	r.limits = newLimits(options, given, s.now)
	return r, nil
}

// over reports whether the run takes no more rows.
func (r *run) over(ctx context.Context) bool {
	return ctx.Err() != nil || (!r.until.IsZero() && !r.now().Before(r.until))
}

// all works on due rows and on the passes in parallel, with as many workers as the
// limits allow. Workers are reused for many rows, so that the stack that a request to
// the table needs is grown once per worker.
func (r *run) all(ctx context.Context) error {
	var workers, feeders sync.WaitGroup
	for range r.limits.rows {
		workers.Go(func() {
			for work := range r.rows {
				work()
			}
		})
	}
	var mu sync.Mutex
	var all error
	report := func(err error) {
		mu.Lock()
		defer mu.Unlock()
		all = errors.Join(all, err)
	}
	r.startProbes(ctx, &feeders, report)
	feeders.Go(func() { report(r.takeDue(ctx)) })
	feeders.Go(func() { report(r.carryOn(ctx, r.rollout)) })
	r.sweep(ctx, &feeders, report)
	feeders.Wait()
	close(r.rows)
	workers.Wait()
	return all
}

// takeDue works on the due rows of the run's shards, once the probes are over: until
// then a row of a skipped host would fail again, although the host may respond.
func (r *run) takeDue(ctx context.Context) (errs error) {
	for _, p := range r.probes {
		select {
		case <-p.finished:
		case <-ctx.Done():
		}
	}
	for _, shard := range r.shards {
		errs = errors.Join(errs, r.takeDueOf(ctx, shard))
	}
	return errs
}

func (r *run) takeDueOf(ctx context.Context, shard int) error {
	cursor := ""
	for !r.over(ctx) {
		due, next, err := r.store.Due(ctx, shard, r.now(), cursor, pageRows)
		if err != nil {
			if ctx.Err() != nil {
				return nil // ctx ended: not the table's fault
			}
			return fmt.Errorf("list what is due in shard %d: %w", shard, err)
		}
		r.done.list(due)
		for _, ref := range due {
			if r.over(ctx) {
				return nil // the rest is still due
			}
			r.rows <- func() {
				if !r.over(ctx) { // else it is still due
					_ = r.work(ctx, ref, r.client(ref.OrgKey))
				}
			}
		}
		if cursor = next; cursor == "" {
			return nil
		}
	}
	return nil
}

// errReported: the table failed at one row. It is already logged and counted.
var errReported = errors.New("the row could not be claimed")

// errPanicked: the work on one row panicked. It is logged and counted by [run.recover].
var errPanicked = errors.New("the work panicked")

// work is attempt without its result.
func (r *run) work(ctx context.Context, ref installation.Ref, client *limitedClient) error {
	_, _, err := r.attempt(ctx, ref, client)
	return err
}

// attempt claims a row and works on it, unless another worker has it: then taken is
// false. It returns an error only if the table failed.
func (r *run) attempt(ctx context.Context, ref installation.Ref, client *limitedClient) (result lifecycle.Result, taken bool, err error) {
	defer r.recover(ctx, ref.Key, &r.done)
	lease := installation.NewLease(rand.Text(), r.now())
	work, err := r.store.Claim(ctx, ref, lease, r.now())
	if errors.Is(err, installation.ErrConflict) {
		return result, false, nil
	}
	if err != nil && ctx.Err() == nil {
		r.log.ErrorContext(ctx, msgClaim, "org", ref.OrgKey, "app", ref.AppID, "outcome", "failed", "cause", err)
		r.done.add(lifecycle.Result{Err: err})
	}
	if err != nil {
		return result, false, errReported
	}
	ctx, cancel := context.WithTimeout(ctx, lifecycle.WorkTimeout)
	defer cancel()
	taken, result.Err = true, errPanicked // unless Work returns
	result = r.service.Work(ctx, work, lease.Owner, client)
	r.done.add(result)
	return result, true, nil
}

// reportBacklog logs how long the oldest row or page had been due when the run began:
// about a minute in normal operation.
func (r *run) reportBacklog(ctx context.Context) {
	seconds := 0.0
	if !r.done.oldest.IsZero() {
		seconds = max(0, r.began.Sub(r.done.oldest).Seconds())
	}
	r.log.InfoContext(ctx, MsgBacklog, "due", r.done.listed, "oldest_s", seconds)
}

// countLeft counts the due rows that a run leaves when its time ends. A failure to count
// does not fail the run.
func (r *run) countLeft(ctx context.Context) {
	counting, cancel := lifecycle.Detached(ctx)
	defer cancel()
	for _, pass := range r.passes {
		left, err := r.store.CountDue(counting, pass.Shard, r.now())
		if err != nil {
			r.log.WarnContext(ctx, msgCountLeft, "shard", pass.Shard, "outcome", "failed", "cause", err)
			return
		}
		r.done.Left += left + r.overdue(pass, r.now())
	}
}
