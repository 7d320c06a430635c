// How a run finds out whether a skipped host responds again.

package schedule

import (
	"context"
	mathrand "math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"

	"signpost/shared/installation"
)

// probeRows is how many installations, of different customers, a run tries: the problem
// of one customer need not be the host's.
const probeRows = 3

// probe is the probe of a host: it succeeds if the host responds. A nil one, of a host
// that is not probed, never succeeds.
type probe struct {
	finished chan struct{}
	ok       atomic.Bool
}

// succeeded reports whether the host has responded.
func (p *probe) succeeded() bool { return p != nil && p.ok.Load() }

// over reports whether the probe has ended.
func (p *probe) over() bool {
	select {
	case <-p.finished:
		return true
	default:
		return false
	}
}

// startProbes probes every skipped host that may be called again.
func (r *run) startProbes(ctx context.Context, probing *sync.WaitGroup, report func(error)) {
	r.probes = map[string]*probe{}
	for _, host := range r.breaker.halfOpen(r.now()) {
		p := &probe{finished: make(chan struct{})}
		r.probes[host] = p
		probing.Go(func() {
			defer close(p.finished)
			report(r.probeHost(ctx, host, &p.ok))
			if p.ok.Load() {
				r.breaker.close(host)
			}
		})
	}
}

// probeHost looks at some of the host's skipped installations. If there are none left,
// the probe succeeds.
func (r *run) probeHost(ctx context.Context, host string, succeeded *atomic.Bool) error {
	rows, err := r.skippedInstallations(ctx, host)
	if err != nil {
		if ctx.Err() != nil {
			return nil // ctx ended: not the table's fault
		}
		return err
	}
	if len(rows) == 0 {
		succeeded.Store(true)
	}
	mathrand.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	var trying sync.WaitGroup
	for _, row := range rows[:min(len(rows), probeRows)] {
		trying.Go(func() {
			client := r.client(row.OrgKey)
			client.probedHost, client.probeSucceeded = host, succeeded
			_, _ = r.lookAt(ctx, row, client, r.began, true)
		})
	}
	trying.Wait()
	return nil
}

// skippedInstallations reads skipped installations of the host, from the first page that
// has any.
func (r *run) skippedInstallations(ctx context.Context, host string) ([]installation.Installation, error) {
	for _, pass := range r.known {
		skipped, found := pass.Skipped[host]
		if !found {
			continue
		}
		for place, end := skipped.Place, false; !end; {
			page, err := r.store.Page(ctx, pass.Shard, place, pageRows)
			if err != nil {
				return nil, err
			}
			rows := slices.DeleteFunc(page.Rows, func(row installation.Installation) bool {
				return row.State != installation.Active || !calls(row, host)
			})
			if len(rows) > 0 {
				return rows, nil
			}
			place, end = page.Last, page.End
		}
	}
	return nil, nil
}
