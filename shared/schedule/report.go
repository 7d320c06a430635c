// The counts of a run.

package schedule

import (
	"sync"
	"time"

	"signpost/shared/installation"
	"signpost/shared/lifecycle"
)

// Report counts what a run did.
type Report struct {
	// Verified rows match our settings now.
	Verified int `json:"verified"`
	// Pushed and Deleted count configurations.
	Pushed  int `json:"pushed"`
	Deleted int `json:"deleted"`
	// Failed rows are due again after a back-off.
	Failed int `json:"failed"`
	// Left rows were still due when the run ended, or were skipped because Webex's host
	// does not respond or asked for a pause.
	Left int `json:"left"`
}

// Add adds the counts of another run.
func (r *Report) Add(other Report) {
	r.Verified += other.Verified
	r.Pushed += other.Pushed
	r.Deleted += other.Deleted
	r.Failed += other.Failed
	r.Left += other.Left
}

// tally is a Report that many workers add to.
type tally struct {
	mu sync.Mutex
	Report
	// listed counts the due rows that were listed; oldest is since when the
	// oldest of them was due.
	listed int
	oldest time.Time
}

func (t *tally) list(due []installation.Ref) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.listed += len(due)
	for _, ref := range due {
		t.since(ref.DueAt)
	}
}

// due counts the installations that a pass is behind, since a time.
func (t *tally) due(since time.Time, late int, now time.Time) {
	t.listed += late
	if since.Before(now) {
		t.since(since)
	}
}

// since notes a time since when something is due, zero if unknown.
func (t *tally) since(due time.Time) {
	if !due.IsZero() && (t.oldest.IsZero() || due.Before(t.oldest)) {
		t.oldest = due
	}
}

func (t *tally) add(result lifecycle.Result) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.Pushed += result.Pushed
	t.Deleted += result.Deleted
	switch {
	case result.Err != nil:
		t.Failed++
	case !result.Idle:
		t.Verified++
	}
}

func (t *tally) skip() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.Left++
}
