// How a run finds out whether a host that was left out answers again.

package schedule

import (
	"context"
	mathrand "math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"

	"signpost/shared/installation"
	"signpost/shared/lifecycle"
)

// probeRows is how many installations, of different customers, are tried in a run: the
// trouble of one of them is not the host's.
const probeRows = 3

// probe tries a host. The zero probe of a host that is not tried never answers.
type probe struct {
	finished chan struct{}
	answer   atomic.Bool
}

// answered reports whether the host has answered by now.
func (p *probe) answered() bool { return p != nil && p.answer.Load() }

// over reports whether the try has ended.
func (p *probe) over() bool {
	select {
	case <-p.finished:
		return true
	default:
		return false
	}
}

// startProbes tries every host that was left out and may be called again.
func (r *run) startProbes(ctx context.Context, probing *sync.WaitGroup, report func(error)) {
	r.probes = map[string]*probe{}
	for _, host := range r.breaker.halfOpen(r.now()) {
		p := &probe{finished: make(chan struct{})}
		r.probes[host] = p
		probing.Go(func() {
			defer close(p.finished)
			report(r.try(ctx, host, &p.answer))
			if p.answer.Load() {
				r.breaker.close(host)
			}
		})
	}
}

// try looks at some of the installations that were left out. Where there are none any
// more, nothing speaks against the host.
func (r *run) try(ctx context.Context, host string, answered *atomic.Bool) error {
	rows, err := r.leftOut(ctx, host)
	if err != nil {
		if ctx.Err() != nil {
			return nil // our time is over, not the table's fault
		}
		return err
	}
	if len(rows) == 0 {
		answered.Store(true)
	}
	mathrand.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	var trying sync.WaitGroup
	for _, row := range rows[:min(len(rows), probeRows)] {
		trying.Go(func() {
			client := &limitedClient{Webex: r.webex, run: r, org: row.OrgKey, tries: host, answered: answered}
			_, _ = r.lookAt(ctx, row, client, r.began, true)
		})
	}
	trying.Wait()
	return nil
}

// leftOut reads installations that were left out with the host, from the first page
// that has any.
func (r *run) leftOut(ctx context.Context, host string) ([]installation.Installation, error) {
	for _, pass := range r.known {
		behind, left := pass.Behind[host]
		if !left {
			continue
		}
		for place, end := behind.Place, false; !end; {
			page, err := r.store.Page(ctx, pass.Shard, place, pageRows)
			if err != nil {
				return nil, err
			}
			rows := slices.DeleteFunc(page.Rows, func(row installation.Installation) bool {
				return row.State != installation.Active || !slices.Contains(lifecycle.Hosts(row), host)
			})
			if len(rows) > 0 {
				return rows, nil
			}
			place, end = page.Last, page.End
		}
	}
	return nil, nil
}
