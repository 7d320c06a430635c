// How a run moves the passes of its shards on.

package schedule

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"signpost/shared/installation"
	"signpost/shared/lifecycle"
)

const (
	// pageRows is how many rows are read at a time: a pass's row is written once for
	// each page.
	pageRows = 100
	// sweepLease is how long a run that dies keeps a shard from others, at most.
	sweepLease = time.Minute
)

// sweep moves the passes on for as long as pages of them are due, and makes up for what
// they left out. They take turns, a page each, so that none waits for all that another
// has to make up for. It returns at once, and reports the error of each pass.
func (r *run) sweep(ctx context.Context, feeders *sync.WaitGroup, report func(error)) {
	turns := make(chan int, len(r.passes)) // by their place in r.passes
	var open sync.WaitGroup
	for n := range r.passes {
		open.Add(1)
		turns <- n
	}
	feeders.Go(func() {
		open.Wait()
		close(turns)
	})
	// Enough pages at a time for all workers while some wait for their last rows.
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

// turn looks at the next page of a pass, or gives the shard's lease back if there is
// none; again says which. Without the lease it does nothing.
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

// wanted reports whether there is something to do for the pass now.
func (r *run) wanted(pass installation.Pass) bool {
	now := r.now()
	return !r.due(pass, now).After(now) || slices.ContainsFunc(r.hostsBehind(pass), r.makesUp)
}

// makesUp reports whether what was left out of the host is to be made up for now.
func (r *run) makesUp(host string) bool {
	return r.probes[host].answered() && r.breaker.allow(host, r.now()) == nil
}

// awaits returns what is closed at the end of the try of a host that the pass left
// out, if there is nothing else to do for it; otherwise nil.
func (r *run) awaits(pass installation.Pass) <-chan struct{} {
	if r.wanted(pass) {
		return nil
	}
	for _, host := range r.hostsBehind(pass) {
		if p := r.probes[host]; p != nil && !p.over() {
			return p.finished
		}
	}
	return nil
}

// step begins the next pass, if that is due. One that a run comes to a little late
// counts from when it was due: else each would be as much later than the last.
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

// hold takes or keeps the lease of the shard, and writes down where its pass is; the
// zero Pass if another run has it.
func (r *run) hold(ctx context.Context, pass installation.Pass) (installation.Pass, error) {
	pass.Lease = installation.Lease{Owner: r.owner, Until: r.now().Add(sweepLease)}
	return r.save(ctx, pass)
}

// release writes down where the pass is and gives the lease of its shard back; its end
// stays, to show when a run was at it.
func (r *run) release(ctx context.Context, pass installation.Pass) error {
	settle, cancel := context.WithTimeout(context.WithoutCancel(ctx), countTimeout)
	defer cancel()
	pass.Lease = installation.Lease{Until: r.now()}
	_, err := r.save(settle, pass)
	return err
}

func (r *run) save(ctx context.Context, pass installation.Pass) (installation.Pass, error) {
	saved, err := r.store.SavePass(ctx, pass)
	if errors.Is(err, installation.ErrConflict) || (err != nil && ctx.Err() != nil) {
		return installation.Pass{}, nil // another run has the shard, or our time is over
	}
	return saved, err
}

// pages looks at the next page of each host that is to be made up for, and at the
// pass's own.
func (r *run) pages(ctx context.Context, pass installation.Pass) (installation.Pass, error) {
	for _, host := range r.hostsBehind(pass) {
		if !r.makesUp(host) {
			continue
		}
		look, err := r.look(ctx, pass, pass.Behind[host].Place, host)
		if look.left[host] {
			pass = pass.LeaveOut(host, pass.Place, r.breaker.notBefore(host))
		} else {
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
	for host := range look.left {
		pass = pass.LeaveOut(host, pass.Place, r.breaker.notBefore(host))
	}
	return pass.Advance(look.place, look.seen, look.ended), err
}

// hostsBehind lists the hosts that the pass left out, in a fixed order.
func (r *run) hostsBehind(pass installation.Pass) []string {
	hosts := make([]string, 0, len(pass.Behind))
	for host := range pass.Behind {
		hosts = append(hosts, host)
	}
	slices.Sort(hosts)
	return hosts
}

// looked is what came of a page: how far it was looked at, without a gap.
type looked struct {
	place string
	seen  int
	ended bool
	left  map[string]bool // hosts that were left out
}

// look reads the page after place and looks at its installations; host, if it is
// named, limits it to those that call it, including those that failed before.
func (r *run) look(ctx context.Context, pass installation.Pass, place, host string) (looked, error) {
	result := looked{place: place, left: map[string]bool{}}
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
	// Only an urgent pass passes over what was verified before this run: any other would
	// leave that unlooked at until the next one comes to it.
	since := pass.Began
	if host != "" || !pass.Urgent {
		since = latest(since, r.began)
	}
	done := make([]bool, len(page.Rows))
	for n, row := range page.Rows {
		if host != "" && !slices.Contains(lifecycle.Hosts(row), host) {
			done[n] = true
			continue
		}
		if r.over(ctx) {
			break
		}
		looking.Add(1)
		r.rows <- func() {
			defer looking.Done()
			left, err := r.lookAt(ctx, row, &limitedClient{Webex: r.webex, run: r, org: row.OrgKey}, since, host != "")
			mu.Lock()
			defer mu.Unlock()
			if done[n] = err == nil; left != "" {
				result.left[left] = true
			}
			if err != nil && !errors.Is(err, errOver) && ctx.Err() == nil {
				failed = err
			}
		}
	}
	looking.Wait()
	// What failed since its host does not answer, before that was known, is left out too.
	for _, host := range r.breaker.opened() {
		if slices.ContainsFunc(page.Rows, func(row installation.Installation) bool { return slices.Contains(lifecycle.Hosts(row), host) }) {
			result.left[host] = true
		}
	}
	for result.seen < len(done) && done[result.seen] {
		result.place = page.Rows[result.seen].OrgKey
		result.seen++
	}
	if result.seen == len(done) {
		result.place, result.ended = page.Last, page.End
	}
	return result, failed
}

// errOver: the run's time was over before an installation was looked at.
var errOver = errors.New("the run is over")

// lookAt looks at one installation, and works on it if it is not in order. It returns
// the host that was left out for it, if any. It returns [errOver], or an error of the
// table, if it is to be looked at again.
func (r *run) lookAt(ctx context.Context, row installation.Installation, client *limitedClient, began time.Time, again bool) (left string, err error) {
	if r.over(ctx) {
		return "", errOver
	}
	defer r.recover(ctx, row.OrgKey, &r.done)
	looking, cancel := context.WithTimeout(ctx, lifecycle.WorkTimeout)
	defer cancel()
	finding, err := r.service.Look(looking, row, client, began, again)
	if refused, ok := errors.AsType[*lifecycle.NotCalledError](err); ok {
		r.done.leave()
		return refused.Host, nil
	}
	switch {
	case finding == lifecycle.InOrder:
		r.done.add(lifecycle.Result{})
	case finding == lifecycle.Differs && ctx.Err() != nil:
		return "", errOver
	case finding == lifecycle.Differs:
		return "", r.work(ctx, installation.Ref{OrgKey: row.OrgKey}, client)
	}
	return "", nil
}
