// How a run carries on a rollout of the channels: one run at a time walks through all
// installations, shard by shard, and works on those of the stage that do not hold the new
// revision. The walk's place is stored after each page, so that the next run goes on there.

package schedule

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"signpost/shared/channel"
	"signpost/shared/installation"
	"signpost/shared/lifecycle"
	"signpost/shared/webex"
)

// Rollout is the rollout that a run carries on.
type Rollout struct {
	// Current is what the service's settings were made from.
	Current channel.Current
	Store   RolloutStore
}

// RolloutStore stores how far a rollout has come.
type RolloutStore interface {
	// SaveCurrentChannels writes c, on the condition that its Version is the one that was
	// read, and raises it by one. It returns [channel.ErrChanged].
	SaveCurrentChannels(ctx context.Context, c channel.Current) (channel.Current, error)
}

// walk is a run's part of a rollout.
type walk struct {
	*run
	store   RolloutStore
	current channel.Current
	limiter *rate.Limiter // nil: only that of the run
}

// carryOn walks on until the stage is done or the run's time ends. The next stage has
// other settings, and is left to the next run.
func (r *run) carryOn(ctx context.Context, of *Rollout) error {
	if of == nil || !workable(of.Current, r.now()) {
		return nil
	}
	w := &walk{run: r, store: of.Store, current: of.Current}
	if limit := of.Current.Rollout.Rate; limit > 0 {
		w.limiter = rate.NewLimiter(rate.Limit(limit), len(webex.Features))
	}
	if err := w.save(ctx, of.Current, w.owner); err != nil {
		return ignoreChanged(err)
	}
	began := *w.current.Rollout
	for !r.over(ctx) && w.current.Rollout.State == began.State && w.current.Rollout.Stage == began.Stage {
		if moved, err := w.page(ctx); err != nil || !moved {
			return errors.Join(ignoreChanged(err), w.release(ctx))
		}
	}
	return w.release(ctx)
}

// workable reports whether there is something to do for a rollout now, and no other run
// does it.
func workable(current channel.Current, now time.Time) bool {
	if !current.Active() || current.Rollout.Lease.Held(now) || now.Before(current.Rollout.NotBefore) {
		return false
	}
	state := current.Rollout.State
	return state == channel.Running || state == channel.Holding || state == channel.Aborting
}

// ignoreChanged returns nil for [channel.ErrChanged]: another run or a command changed the
// rollout.
func ignoreChanged(err error) error {
	if errors.Is(err, channel.ErrChanged) {
		return nil
	}
	return err
}

// save stores what is current, leased to owner.
func (w *walk) save(ctx context.Context, current channel.Current, owner string) error {
	rollout := *current.Rollout
	rollout.Lease = installation.Lease{}
	if owner != "" {
		rollout.Lease = installation.Lease{Owner: owner, Until: w.now().Add(sweepLease)}
	}
	current.Rollout = &rollout
	saved, err := w.store.SaveCurrentChannels(ctx, current)
	if err != nil {
		return fmt.Errorf("save the rollout: %w", err)
	}
	w.current = saved
	return nil
}

func (w *walk) release(ctx context.Context) error {
	settle, cancel := lifecycle.Detached(ctx)
	defer cancel()
	if w.current.Rollout.Lease.Owner != w.owner {
		return nil
	}
	return ignoreChanged(w.save(settle, w.current, ""))
}

// page works on the next page, and reports whether the walk moved.
func (w *walk) page(ctx context.Context) (moved bool, err error) {
	progress := w.current.Rollout.Progress
	page, err := w.run.store.Page(ctx, progress.Shard, progress.Place, pageRows)
	if err != nil {
		return false, fmt.Errorf("walk through shard %d: %w", progress.Shard, err)
	}
	outcomes := w.rows(ctx, page.Rows)
	seen := 0
	for ; seen < len(outcomes) && outcomes[seen] != notDone; seen++ {
		progress.Place = page.Rows[seen].Key.Text()
		switch outcomes[seen] {
		case holds:
			progress.Done++
		case failed:
			progress.Failed++
		}
	}
	ended := false
	if seen == len(outcomes) {
		progress.Place = page.Last
		if page.End {
			progress.Shard, progress.Place = progress.Shard+1, ""
		}
		ended = progress.Shard == installation.Shards
	}
	if progress == w.current.Rollout.Progress {
		return false, nil
	}
	next := w.current.Advance(progress, ended, w.now())
	w.report(ctx, next.Rollout)
	owner := w.owner
	if next.Rollout.State != w.current.Rollout.State {
		owner = ""
	}
	return true, w.save(ctx, next, owner)
}

// report logs a change of the rollout's state.
func (w *walk) report(ctx context.Context, next *channel.Rollout) {
	if next.State == w.current.Rollout.State && next.Stage == w.current.Rollout.Stage {
		return
	}
	attributes := []any{"revision", next.Revision, "stage", next.Stage + 1, "outcome", string(next.State), "done", next.Done, "failed", next.Failed}
	if next.State == channel.Halted {
		w.log.ErrorContext(ctx, MsgRollout, attributes...)
		return
	}
	w.log.InfoContext(ctx, MsgRollout, attributes...)
}

// outcome is what became of an installation.
type outcome int

const (
	notDone outcome = iota // to be looked at again
	outside                // not in the stage, or without access to Webex
	holds                  // what it is to hold
	failed
)

// rows works on the rows of a page, in parallel, and returns what became of each.
func (w *walk) rows(ctx context.Context, rows []installation.Installation) []outcome {
	outcomes := make([]outcome, len(rows))
	var working sync.WaitGroup
	for n, row := range rows {
		if outcomes[n] = w.look(row); outcomes[n] != notDone || w.over(ctx) {
			continue
		}
		working.Add(1)
		w.run.rows <- func() {
			defer working.Done()
			outcomes[n] = w.push(ctx, row)
		}
	}
	working.Wait()
	return outcomes
}

// look decides what can be decided without Webex.
func (w *walk) look(row installation.Installation) outcome {
	rollout := w.current.Rollout
	switch {
	case row.State != installation.Active || rollout.State != channel.Aborting && !rollout.Reaches(row):
		return outside
	case rollout.State == channel.Holding && unhealthy(row):
		return failed
	case rollout.State == channel.Holding || w.service.Holds(w.reached(row)):
		return holds
	case w.now().Before(row.Schedule.Failure.RetryAt):
		return failed // Webex asked to wait; the queue tries again
	}
	return notDone
}

// reached returns the row as it is once the rollout has reached it.
func (w *walk) reached(row installation.Installation) installation.Installation {
	row.ChannelRevision = w.current.Rollout.Revision
	return row
}

// unhealthy reports whether an installation failed since it was pushed.
func unhealthy(row installation.Installation) bool {
	for _, feature := range row.Features {
		if feature.Status == installation.Drifting || feature.Status == installation.Pending {
			return true
		}
	}
	return row.Schedule.Failures > 0
}

// push works on one installation.
func (w *walk) push(ctx context.Context, row installation.Installation) outcome {
	if w.over(ctx) {
		return notDone
	}
	client := w.client(row.OrgKey)
	client.limiter = w.limiter
	result, taken, err := w.attempt(ctx, installation.Ref{Key: row.Key, ChannelRevision: w.current.Rollout.Revision}, client)
	switch {
	case err != nil || !taken || ctx.Err() != nil:
		return notDone
	case result.Err != nil:
		return failed
	}
	return holds
}
