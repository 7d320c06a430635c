// Package schedule decides when each row is looked at, and at what rate Webex is called
// for that. Package lifecycle decides what an organization needs.
//
// A run, each minute, does two things. It works on due rows, where something failed or
// is unfinished. And it advances the passes: the pass of a shard looks at each of its
// installations once per interval, a page at a time, under the lease of the shard's
// row. An installation that the pass finds in order is not written; any other is
// claimed, which reads the row consistently, and checked again. If a run dies, the next
// one repeats its page.
//
// A host of Webex that does not respond, or asks for a pause, is skipped for the rest of
// the run. The shard's row records which installations that were, and the next runs try
// a few of them until the host responds; then they catch up beside the pass.
//
// Passes read keys from an index and rows in batches, 0.51 read units for each of up
// to 4 KB. A scan in segments would read half as much of these rows, but all launches
// and used marks too; an index with whole rows would double the write units of
// everything else.
//
// This file holds the schedule and its entry points, VerifyDue and VerifyNow.
package schedule

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"golang.org/x/sync/errgroup"

	"signpost/shared/installation"
	"signpost/shared/lifecycle"
	"signpost/shared/webex"
)

// Schedule works on rows through a service. It is safe for concurrent use.
type Schedule struct {
	service  Service
	store    Store
	webex    lifecycle.Webex
	now      func() time.Time
	log      *slog.Logger
	settings string
	interval time.Duration
}

// New returns a schedule that works with the service, its client, clock, log and
// settings, on the rows of the store.
func New(service *lifecycle.Service, store Store) *Schedule {
	parts := service.Parts()
	return &Schedule{
		service: service, store: store, webex: parts.Webex, now: parts.Now, log: parts.Log,
		settings: parts.Settings, interval: parts.Interval,
	}
}

// VerifyDue works on due rows and advances the passes, until nothing is left to do or the
// run's time ends. It fails only if the table fails; an error with one row is counted
// and never stops the others.
func (s *Schedule) VerifyDue(ctx context.Context, options Run) (Report, error) {
	run, err := s.begin(ctx, options)
	if err != nil {
		return Report{}, err
	}
	err = run.all(ctx)
	if run.over(ctx) {
		run.countLeft(ctx)
	}
	run.reportBacklog(ctx)
	return run.done.Report, err
}

// atOnce is how many organizations VerifyNow works on at a time.
const atOnce = 8

// VerifyNow works on all installations of these organizations, named by `sub` or by its
// last segment, whether or not they are due; it always tries the stored refresh token of a
// token_invalid one. Those that another worker holds count as left, unknown ones as
// failed. It returns an error only if the table failed, or ctx ended first.
func (s *Schedule) VerifyNow(ctx context.Context, orgs []string) (Report, error) {
	var done tally
	workers := new(errgroup.Group)
	workers.SetLimit(atOnce)
	for _, org := range orgs {
		workers.Go(func() error { return s.verifyOrganization(ctx, webex.OrganizationKey(org), &done) })
	}
	err := workers.Wait() // done is complete after it
	return done.Report, errors.Join(err, ctx.Err())
}

func (s *Schedule) verifyOrganization(ctx context.Context, orgKey string, done *tally) error {
	keys, err := s.store.Keys(ctx, orgKey)
	if err == nil && len(keys) == 0 {
		keys = []installation.Key{{OrgKey: orgKey}} // to be reported as unknown
	}
	for _, key := range keys {
		if ctx.Err() == nil {
			s.verifyOne(ctx, key, done)
		}
	}
	return err
}

// VerifyOne is [Schedule.VerifyNow] for one installation.
func (s *Schedule) VerifyOne(ctx context.Context, key installation.Key) Report {
	var done tally
	s.verifyOne(ctx, key, &done)
	return done.Report
}

func (s *Schedule) verifyOne(ctx context.Context, key installation.Key, done *tally) {
	defer s.recover(ctx, key, done)
	ctx, cancel := context.WithTimeout(ctx, lifecycle.WorkTimeout)
	defer cancel()
	result, err := s.service.Verify(ctx, key)
	if err != nil {
		done.skip() // another worker has it
		return
	}
	done.add(result)
}

// recover is deferred around the work on one organization, so that a panic there does not
// stop the others.
func (s *Schedule) recover(ctx context.Context, key installation.Key, done *tally) {
	if cause := recover(); cause != nil {
		s.log.ErrorContext(ctx, msgPanic, "org", key.OrgKey, "app", key.AppID, "outcome", "failed", "cause", fmt.Sprint(cause), "stack", string(debug.Stack()))
		done.add(lifecycle.Result{Err: errors.New("panic")})
	}
}
