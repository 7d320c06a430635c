package model_test

import (
	"context"
	"time"

	"signpost/shared/installation"
	"signpost/shared/lifecycle"
	"signpost/shared/schedule"
)

// skipping does not show the last row of a page.
type skipping struct{ schedule.Store }

func (s skipping) Page(ctx context.Context, shard int, place string, limit int) (installation.Page, error) {
	page, err := s.Store.Page(ctx, shard, place, limit)
	if len(page.Rows) > 1 {
		page.Rows = page.Rows[:len(page.Rows)-1]
	}
	return page, err
}

// hurried takes every page for the last.
type hurried struct{ schedule.Store }

func (s hurried) Page(ctx context.Context, shard int, place string, limit int) (installation.Page, error) {
	page, err := s.Store.Page(ctx, shard, place, limit)
	page.End = true
	return page, err
}

// leavingOut forgets which hosts a pass left out.
type leavingOut struct{ schedule.Store }

func (s leavingOut) SavePass(ctx context.Context, p installation.Pass) (installation.Pass, error) {
	p.Skipped = nil
	return s.Store.SavePass(ctx, p)
}

// waiting takes a lease that somebody has for one that is held, though it is over.
type waiting struct{ schedule.Store }

func (s waiting) Passes(ctx context.Context) ([]installation.Pass, error) {
	passes, err := s.Store.Passes(ctx)
	for n := range passes {
		if lease := &passes[n].Lease; lease.Owner != "" {
			lease.Until = lease.Until.AddDate(1, 0, 0)
		}
	}
	return passes, err
}

// untold shows every row of a page as one whose address Webex does not know.
type untold struct{ schedule.Store }

func (s untold) Page(ctx context.Context, shard int, place string, limit int) (installation.Page, error) {
	page, err := s.Store.Page(ctx, shard, place, limit)
	for n := range page.Rows {
		page.Rows[n].RegisteredActionsURL = ""
	}
	return page, err
}

// unqueued writes what failed without a time at which it is due.
type unqueued struct{ lifecycle.Store }

func (s unqueued) Save(ctx context.Context, i installation.Installation) (installation.Installation, error) {
	if i.State == installation.Active && i.Schedule.Failures > 0 && i.Work.Owner == "" {
		i.Schedule.DueAt = installation.Schedule{}.DueAt
	}
	return s.Store.Save(ctx, i)
}

// everywhere gives each row that it claims the revision of the rollout, whatever its stage.
type everywhere struct {
	schedule.Store
	channels *channels
}

func (s everywhere) Claim(ctx context.Context, ref installation.Ref, lease installation.Lease, now time.Time) (installation.Work, error) {
	if current := s.channels.now(); current.Active() {
		ref.ChannelRevision = current.Rollout.Revision
	}
	return s.Store.Claim(ctx, ref, lease, now)
}
