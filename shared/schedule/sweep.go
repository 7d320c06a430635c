// How a run advances the passes of its shards.

package schedule

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"signpost/shared/installation"
	"signpost/shared/lifecycle"
)

const (
	// pageRows is how many rows a page has at most: a pass's row is written once per
	// page.
	pageRows = 100
	// sweepLease is how long a run that died blocks a shard at most.
	sweepLease = time.Minute
)

// sweep advances the passes while pages of them are due, and catches up on skipped
// installations. The passes take turns, a page each, so that none waits for another to
// catch up. It returns at once, and reports the error of each pass.
func (r *run) sweep(ctx context.Context, feeders *sync.WaitGroup, report func(error)) {
	turns := make(chan int, len(r.passes)) // indexes of r.passes
	var open sync.WaitGroup
	for n := range r.passes {
		open.Add(1)
		turns <- n
	}
	feeders.Go(func() {
		open.Wait()
		close(turns)
	})
	// Enough pages to keep all workers busy while some pages wait for their last rows.
	for range 1 + 2*r.limits.rows/pageRows {
		feeders.Go(func() {
			for n := range turns {
				if trying := r.awaits(r.passes[n]); trying != nil {
					feeders.Go(func() {
						<-trying
						turns <- n
					})
				} else if again, err := r.turn(ctx, &r.passes[n]); again {
					turns <- n
				} else {
					report(err)
					open.Done()
				}
			}
		})
	}
}

// turn looks at the next page of a pass and returns again, or releases the shard's lease
// if nothing is due. If another run holds the lease it does nothing.
func (r *run) turn(ctx context.Context, pass *installation.Pass) (again bool, err error) {
	mine := pass.Lease.Owner == r.owner
	switch {
	case !mine && pass.Lease.Held(r.now()):
		return false, nil
	case r.over(ctx) || !r.wanted(*pass):
		if mine {
			err = r.release(ctx, *pass)
		}
		return false, err
	}
	held, err := r.hold(ctx, r.step(*pass))
	if err != nil || held.Version == 0 {
		return false, err
	}
	*pass, err = r.pages(ctx, held)
	if errors.Is(err, errReported) {
		return false, r.release(ctx, *pass) // the next run looks at the page again
	}
	if err != nil {
		return false, errors.Join(err, r.release(ctx, *pass))
	}
	return true, nil
}

// wanted reports whether the pass has work now.
func (r *run) wanted(pass installation.Pass) bool {
	now := r.now()
	return !r.due(pass, now).After(now) || slices.ContainsFunc(skippedHosts(pass), r.catchesUp)
}

// catchesUp reports whether to catch up on the host's skipped installations now.
func (r *run) catchesUp(host string) bool {
	return r.probes[host].succeeded() && r.breaker.allow(host, r.now()) == nil
}

// awaits returns the channel that closes when the probe of a skipped host ends, if the
// pass has nothing else to do; otherwise nil.
func (r *run) awaits(pass installation.Pass) <-chan struct{} {
	if r.wanted(pass) {
		return nil
	}
	for _, host := range skippedHosts(pass) {
		if p := r.probes[host]; p != nil && !p.over() {
			return p.finished
		}
	}
	return nil
}

// step begins the next pass if it is due. A pass that begins a little late counts from
// its due time: otherwise the delays of all passes would add up.
func (r *run) step(pass installation.Pass) installation.Pass {
	now := r.now()
	due := r.due(pass, now)
	if due.After(now) || !pass.Ended && pass.Settings == r.settings {
		return pass
	}
	if now.Sub(due) > silentAfter {
		due = now
	}
	return pass.Begin(r.settings, due)
}

// hold takes or extends the lease of the shard and stores its pass. It returns the zero
// Pass if another run holds the lease.
func (r *run) hold(ctx context.Context, pass installation.Pass) (installation.Pass, error) {
	pass.Lease = installation.Lease{Owner: r.owner, Until: r.now().Add(sweepLease)}
	return r.save(ctx, pass)
}

// release stores the pass and releases the lease of its shard; the lease's end stays as
// the record of when a run last worked on it.
func (r *run) release(ctx context.Context, pass installation.Pass) error {
	settle, cancel := lifecycle.Detached(ctx)
	defer cancel()
	pass.Lease = installation.Lease{Until: r.now()}
	_, err := r.save(settle, pass)
	return err
}

func (r *run) save(ctx context.Context, pass installation.Pass) (installation.Pass, error) {
	saved, err := r.store.SavePass(ctx, pass)
	if errors.Is(err, installation.ErrConflict) || (err != nil && ctx.Err() != nil) {
		return installation.Pass{}, nil // another run has the shard, or ctx ended
	}
	return saved, err
}

// pages looks at the next page of each host to catch up on, and at the pass's own.
func (r *run) pages(ctx context.Context, pass installation.Pass) (installation.Pass, error) {
	for _, host := range skippedHosts(pass) {
		if !r.catchesUp(host) {
			continue
		}
		look, err := r.look(ctx, pass, pass.Skipped[host].Place, host)
		if look.skipped[host] {
			pass = pass.Skip(host, pass.Place, r.breaker.notBefore(host))
		} else {
			for other := range look.skipped {
				pass = pass.SkipAlso(host, other, r.breaker.notBefore(other))
			}
			pass = pass.CatchUp(host, look.place, look.ended)
		}
		if err != nil {
			return pass, err
		}
	}
	if now := r.now(); pass.Ended || r.due(pass, now).After(now) {
		return pass, nil
	}
	look, err := r.look(ctx, pass, pass.Place, "")
	for host := range look.skipped {
		pass = pass.Skip(host, pass.Place, r.breaker.notBefore(host))
	}
	return pass.Advance(look.place, look.seen, look.ended), err
}

// skippedHosts lists the hosts that the pass skipped, sorted.
func skippedHosts(pass installation.Pass) []string {
	return slices.Sorted(maps.Keys(pass.Skipped))
}

// calls reports whether the verification of an installation calls the host.
func calls(row installation.Installation, host string) bool {
	return slices.Contains(lifecycle.Hosts(row), host)
}

// looked is the result for a page: how far it was looked at without a gap.
type looked struct {
	place   string
	seen    int
	ended   bool
	skipped map[string]bool // skipped hosts
}

// look reads the page after place and looks at its installations. A host, if not "",
// limits it to the installations that call it, including those that failed before.
func (r *run) look(ctx context.Context, pass installation.Pass, place, host string) (looked, error) {
	result := looked{place: place, skipped: map[string]bool{}}
	limit := pageRows
	if host == "" {
		limit = rowsOfPage(pass)
	}
	page, err := r.store.Page(ctx, pass.Shard, place, limit)
	if err != nil {
		if ctx.Err() != nil {
			return result, nil
		}
		return result, err
	}
	if page.Unreadable != nil {
		r.log.ErrorContext(ctx, msgUnreadable, "shard", pass.Shard, "outcome", "failed", "cause", page.Unreadable)
	}
	var mu sync.Mutex
	var failed error
	var looking sync.WaitGroup
	// Only an urgent pass skips what was verified before this run: with any other pass,
	// such rows would wait for the next one.
	since := pass.Began
	if host != "" || !pass.Urgent {
		since = latest(since, r.began)
	}
	done := make([]bool, len(page.Rows))
	for n, row := range page.Rows {
		if host != "" && !calls(row, host) {
			done[n] = true
			continue
		}
		if r.over(ctx) {
			break
		}
		looking.Add(1)
		r.rows <- func() {
			defer looking.Done()
			skippedHost, err := r.lookAt(ctx, row, r.client(row.OrgKey), since, host != "")
			mu.Lock()
			defer mu.Unlock()
			if done[n] = err == nil; skippedHost != "" {
				result.skipped[skippedHost] = true
			}
			if err != nil && !errors.Is(err, errOver) && ctx.Err() == nil {
				failed = err
			}
		}
	}
	looking.Wait()
	// Rows that failed before the breaker of their host opened count as skipped too.
	for _, open := range r.breaker.opened() {
		if slices.ContainsFunc(page.Rows, func(row installation.Installation) bool { return calls(row, open) && (host == "" || calls(row, host)) }) {
			result.skipped[open] = true
		}
	}
	for result.seen < len(done) && done[result.seen] {
		result.place = page.Rows[result.seen].Key.Text()
		result.seen++
	}
	if result.seen == len(done) {
		result.place, result.ended = page.Last, page.End
	}
	return result, failed
}

// errOver: the run's time ended before an installation was looked at.
var errOver = errors.New("the run is over")

// lookAt looks at one installation, and works on it if it differs. It returns the
// skipped host, if any, and [errOver] or an error of the table if the installation must
// be looked at again.
func (r *run) lookAt(ctx context.Context, row installation.Installation, client *limitedClient, began time.Time, again bool) (skippedHost string, err error) {
	if r.over(ctx) {
		return "", errOver
	}
	defer r.recover(ctx, row.Key, &r.done)
	looking, cancel := context.WithTimeout(ctx, lifecycle.WorkTimeout)
	defer cancel()
	finding, err := r.service.Look(looking, row, client, began, again)
	if refused, ok := errors.AsType[*lifecycle.NotCalledError](err); ok {
		r.done.skip()
		return refused.Host, nil
	}
	switch {
	case finding == lifecycle.InOrder:
		r.done.add(lifecycle.Result{})
	case finding == lifecycle.Differs && ctx.Err() != nil:
		return "", errOver
	case finding == lifecycle.Differs:
		return "", r.work(ctx, installation.Ref{Key: row.Key}, client)
	}
	return "", nil
}
