// A rollout: how a new revision reaches installations in stages. This file holds the
// states and which may follow which; package schedule carries a rollout out.

package channel

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"signpost/shared/installation"
)

// RolloutState is the state of a rollout.
type RolloutState string

// The states of a rollout. In all but the last two, the installations that it has reached
// are to hold the new revision.
const (
	// Running: the stage's installations are being pushed.
	Running RolloutState = "running"
	// Holding: all of them were, and the next stage waits.
	Holding RolloutState = "holding"
	// Paused by the operator; Halted by itself, since too much failed.
	Paused RolloutState = "paused"
	Halted RolloutState = "halted"
	// Aborting: everybody is rolled back to the previous revision.
	Aborting RolloutState = "aborting"
	// Finished: everybody holds the new revision, or after an abort the previous one.
	Finished RolloutState = "finished"
)

// ErrRollout: the rollout's state does not allow it.
var ErrRollout = errors.New("not possible in this state of the rollout")

const (
	// DefaultHaltAt is the share of failures above which a rollout halts.
	DefaultHaltAt = 0.05
	// haltFrom is how many installations must be done before a share counts within a
	// stage. At the end of a stage any number counts.
	haltFrom = 20
	// settleTime is how long after an abort a process may still push the new revision:
	// it has read the channels up to [CacheLife] before, and works on a row or a run.
	settleTime = CacheLife + time.Minute
)

// Plan is how a rollout is to be carried out.
type Plan struct {
	// Stages are cumulative; the last one is everybody.
	Stages []installation.Stage
	// Rate is the calls per second to Webex at most, 0 for VERIFY_RATE alone.
	Rate float64
	// Hold is the time between the end of a stage and the next one.
	Hold time.Duration
	// HaltAt is the share of failures, from 0 to 1, above which it halts.
	HaltAt float64
}

// Check returns all problems of the plan together.
func (p Plan) Check() error {
	var wrong []error
	share := 0.0 // the greatest of an earlier stage, which a later one includes
	for n, stage := range p.Stages {
		switch {
		case len(stage.Organizations) > 0 && stage.Share != 0 || len(stage.Organizations) == 0 && stage.Share == 0:
			wrong = append(wrong, fmt.Errorf("stage %d must have either organizations or a share", n+1))
		case !(stage.Share >= 0 && stage.Share <= 1):
			wrong = append(wrong, fmt.Errorf("stage %d: the share must be above 0, and 1 at most", n+1))
		case stage.Share != 0 && stage.Share < share:
			wrong = append(wrong, fmt.Errorf("stage %d: the share, %g, must not be below that of an earlier stage, %g", n+1, stage.Share, share))
		}
		share = max(share, stage.Share)
	}
	if len(p.Stages) == 0 || p.Stages[len(p.Stages)-1].Share != 1 {
		wrong = append(wrong, errors.New("the last stage must be everybody: a share of 1"))
	}
	if !(p.Rate >= 0) || p.Hold < 0 {
		wrong = append(wrong, errors.New("rate and hold must not be negative"))
	}
	if !(p.HaltAt >= 0 && p.HaltAt <= 1) {
		wrong = append(wrong, errors.New("the share of failures to halt at must be from 0 to 1"))
	}
	return errors.Join(wrong...)
}

// Rollout is a rollout and how far it has come.
type Rollout struct {
	Plan
	// Revision is the new one.
	Revision int
	State    RolloutState
	// Resumes is the state to which a paused or halted rollout returns.
	Resumes RolloutState
	// Stage is the index of the current stage.
	Stage int
	// StartedAt is when the rollout began, ChangedAt when its state last changed.
	StartedAt, ChangedAt time.Time
	// NotBefore is when the work of the state begins.
	NotBefore time.Time
	// Aborted is set once it was.
	Aborted bool
	Progress
	Lease installation.Lease
}

// Progress is how far the current state has come through all installations.
type Progress struct {
	// Shard and Place are the shard, and the key in it, up to which all installations are
	// done.
	Shard int
	Place string
	// Done counts the installations of the stage that hold what they are to hold, Failed
	// those that could not be given it.
	Done, Failed int
}

// Active reports whether there is a rollout that is not finished.
func (c Current) Active() bool { return c.Rollout != nil && c.Rollout.State != Finished }

// Includes reports whether an installation is to hold the new revision: the rollout has
// reached it and was not aborted. The record of that is in the installation's own row, so
// that a paused or halted rollout reaches nobody else, whichever process works on it.
func (r Rollout) Includes(i installation.Installation) bool {
	return r.State != Aborting && r.State != Finished && i.ChannelRevision == r.Revision
}

// Reaches reports whether the rollout, at its stage, is to reach an installation.
func (r Rollout) Reaches(i installation.Installation) bool { return i.InStages(r.Stages[:r.Stage+1]) }

// Apply returns what is current once the next revision is everybody's at once. It returns
// [ErrRollout] during a rollout.
func (c Current) Apply() (Current, error) {
	if c.Active() {
		return c, c.Rollout.refuse("another change")
	}
	c.Latest++
	c.Revision = c.Latest
	return c, nil
}

// Start returns what is current once a rollout of the next revision has begun. It returns
// [ErrRollout] during another one.
func (c Current) Start(plan Plan, now time.Time) (Current, error) {
	if c.Active() {
		return c, c.Rollout.refuse("another rollout")
	}
	c.Latest++
	c.Rollout = &Rollout{Plan: plan, Revision: c.Latest, State: Running, StartedAt: now, ChangedAt: now, NotBefore: now}
	return c, nil
}

func (r Rollout) refuse(what string) error {
	return fmt.Errorf("%s: %w: revision %d is %s, at stage %d of %d", what, ErrRollout, r.Revision, r.State, r.Stage+1, len(r.Stages))
}

// change returns c with a changed copy of its rollout, if that is in one of the states.
func (c Current) change(what string, now time.Time, from []RolloutState, change func(*Rollout)) (Current, error) {
	switch {
	case c.Rollout == nil:
		return c, fmt.Errorf("%s: %w: there is no rollout", what, ErrRollout)
	case !slices.Contains(from, c.Rollout.State):
		return c, c.Rollout.refuse(what)
	}
	next := *c.Rollout
	change(&next)
	next.ChangedAt = now
	c.Rollout = &next
	return c, nil
}

// Pause stops the rollout where it is.
func (c Current) Pause(now time.Time) (Current, error) {
	return c.change("pause", now, []RolloutState{Running, Holding}, func(r *Rollout) { r.Resumes, r.State = r.State, Paused })
}

// Resume continues a paused or halted rollout. The counts restart: the
// installations of the stage are checked again from the first one.
func (c Current) Resume(now time.Time) (Current, error) {
	return c.change("resume", now, []RolloutState{Paused, Halted}, func(r *Rollout) {
		r.State, r.Resumes, r.Progress = r.Resumes, "", Progress{}
		r.NotBefore = later(r.NotBefore, now)
	})
}

// Abort rolls everybody back to the previous revision.
func (c Current) Abort(now time.Time) (Current, error) {
	return c.change("abort", now, []RolloutState{Running, Holding, Paused, Halted}, func(r *Rollout) {
		r.State, r.Resumes, r.Progress, r.Aborted = Aborting, "", Progress{}, true
		r.NotBefore = now.Add(settleTime)
	})
}

// Advance returns what is current after more installations were looked at: up to the
// progress, and ended once they were all. Above the share of failures, the rollout halts.
func (c Current) Advance(progress Progress, ended bool, now time.Time) Current {
	next := *c.Rollout
	next.Progress = progress
	switch {
	case next.State != Aborting && next.fails(ended):
		next.Resumes, next.State, next.ChangedAt = next.State, Halted, now
		c.Notice = NoticeHalted
	case ended:
		c.Revision = next.end(c.Revision, now)
	}
	c.Rollout = &next
	return c
}

// fails reports whether too large a share has failed.
func (r Rollout) fails(ended bool) bool {
	all := r.Done + r.Failed
	return r.Failed > 0 && (ended || all >= haltFrom) && float64(r.Failed) > r.HaltAt*float64(all)
}

// end goes on after all installations were looked at, and returns the revision that is
// then everybody's.
func (r *Rollout) end(revision int, now time.Time) int {
	r.ChangedAt = now
	switch {
	case r.State == Running && r.Stage < len(r.Stages)-1:
		r.State, r.NotBefore, r.Progress = Holding, now.Add(r.Hold), Progress{}
	case r.State == Holding:
		r.State, r.NotBefore, r.Progress = Running, now, Progress{}
		r.Stage++
	case r.State == Running:
		r.State, revision = Finished, r.Revision
	default:
		r.State = Finished
	}
	return revision
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
