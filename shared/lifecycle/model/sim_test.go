package model_test

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"sync"
	"time"

	"signpost/shared/installation"
)

// pace is how long a sequence's calls take.
type pace int

const (
	calm   pace = iota // some milliseconds
	uneven             // now and then seconds
	stormy             // now and then longer than a lease
	paces
)

// worker is one invocation of a function: all its calls to the store and to
// Webex take a time that follows from the sequence's seed, the worker, and
// which call of its kind it is, so that a sequence always gives the same
// interleaving. A killed one has no effect on anything any more, which is what
// being dead looks like from outside.
type worker struct {
	name      string
	seed      uint64
	pace      pace
	killAfter int // calls; 0: never
	trail     *trail

	mu     sync.Mutex
	calls  int
	counts map[string]int // by call
	// claimed is, by organization, the activation whose row it verifies; proves,
	// whether it has had a candidate in its hands.
	claimed map[string]installation.Generation
	proves  map[string]bool
}

func (w *world) newWorker(name string, pace pace, killAfter int) *worker {
	return &worker{
		name: name, seed: w.sequence.Seed, pace: pace, killAfter: killAfter, trail: &w.trail,
		counts: map[string]int{}, claimed: map[string]installation.Generation{}, proves: map[string]bool{},
	}
}

var errKilled = errors.New("worker was killed")

type workerKey struct{}

// workerOf returns whose call it is; nil is the test itself, which takes no
// time.
func workerOf(ctx context.Context) *worker {
	w, _ := ctx.Value(workerKey{}).(*worker)
	return w
}

func (w *worker) context(ctx context.Context) context.Context {
	return context.WithValue(ctx, workerKey{}, w)
}

// begin counts a call. It fails from when on the worker is dead.
func (w *worker) begin(call string) error {
	if w == nil {
		return nil
	}
	w.trail.note("  %s: %s", w.name, call)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls++
	if w.killAfter > 0 && w.calls > w.killAfter {
		return errKilled
	}
	return nil
}

// claim notes whose row the worker begins to verify, or that it has a candidate
// in its hands. A run works on several rows at once, and the work on a candidate
// looks at the installation anew whenever that is replaced: from then on none of
// the worker's writes to the organization tells which row it was for.
func (w *worker) claim(orgKey string, row *installation.Installation) {
	if w == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if row == nil {
		w.proves[orgKey] = true
		return
	}
	w.claimed[orgKey] = row.Generation
}

// strays reports whether the worker began to verify another activation's row
// than the one that it writes.
func (w *worker) strays(row installation.Installation) bool {
	if w == nil {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	began, verifies := w.claimed[row.OrgKey]
	return verifies && !w.proves[row.OrgKey] && began != row.Generation
}

// take passes the time that this call takes, or until ctx ends.
func (w *worker) take(ctx context.Context, call string) error {
	if w == nil {
		return ctx.Err()
	}
	w.mu.Lock()
	w.counts[call]++
	n := w.counts[call]
	w.mu.Unlock()
	timer := time.NewTimer(w.duration(call, n))
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// lag is how far behind the table the next page of a shard is that the worker reads.
func (w *worker) lag(shard int) time.Duration {
	if w == nil {
		return 0
	}
	w.mu.Lock()
	n := w.counts["Page of "+shardName(shard)]
	w.counts["Page of "+shardName(shard)]++
	w.mu.Unlock()
	if draw := w.draw("lag", n); draw>>32%4 == 0 {
		return time.Duration(draw % uint64(maxLag))
	}
	return 0
}

// duration is different for each call, so that no two workers go on at the
// same time.
func (w *worker) duration(call string, n int) time.Duration {
	draw := w.draw(call, n)
	d := time.Duration(draw % uint64(20*time.Millisecond))
	chance := draw >> 40 % 100
	switch {
	case w.pace == uneven && chance < 8:
		d *= 200 // up to 4 s
	case w.pace == stormy && chance < 4:
		d *= 2500 // up to 50 s
	case w.pace == stormy && chance < 15:
		d *= 200
	}
	return d
}

// draw is a number that follows from the sequence's seed, the worker and its call.
func (w *worker) draw(call string, n int) uint64 {
	hash := fnv.New64a()
	fmt.Fprintf(hash, "%d/%s/%s/%d", w.seed, w.name, call, n)
	draw := hash.Sum64()
	draw ^= draw >> 29
	draw *= 0xbf58476d1ce4e5b9
	return draw ^ draw>>32
}
