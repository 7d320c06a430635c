// Package schedule decides when each row is looked at, and how fast Webex is called
// for that. What one organization needs is decided by package lifecycle.
//
// A run, each minute, does two things. It works on what is due: the rows that need a
// look of their own, since something failed or was left undone. And it moves passes
// on: of each shard one pass looks at every installation once per interval, a page at
// a time, under the lease of the shard's row. The pass finds, the claim decides: what
// a pass finds in order is not written at all, and anything else is claimed, which
// reads the row consistently, and looked at again. A run that dies repeats the page
// that it was at.
//
// A host of Webex that does not answer, or asks for a pause, is left out for the rest
// of the run. The shard's row says which installations that was, and the next runs
// try a few of them until the host answers; then they are made up for beside the
// pass.
//
// Passes read keys from an index and rows in batches, 0.51 read units for each of up
// to 4 KB. A scan in segments would read half as much of these rows, but all launches
// and used marks too; an index with whole rows would double the write units of
// everything else.
//
// This file holds the schedule and its two entries, VerifyDue and VerifyNow.
package schedule

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"golang.org/x/sync/errgroup"

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

// VerifyDue works on what is due and moves the passes on, until there is no more to
// do or the run's time is over. It fails only if the table could not be asked; what
// goes wrong with one row is counted and never stops the others.
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

// VerifyNow works on the installations of these organizations, named by `sub`
// or by its last segment, whether or not they are due; the kept refresh token of
// a token_invalid one is tried, whenever that was done last. Those that another
// worker has are left; an unknown one counts as failed. It returns an error only
// if ctx ended first.
func (s *Schedule) VerifyNow(ctx context.Context, orgs []string) (Report, error) {
	var done tally
	workers := new(errgroup.Group)
	workers.SetLimit(atOnce)
	for _, org := range orgs {
		workers.Go(func() error {
			if ctx.Err() == nil {
				s.verifyNamed(ctx, webex.OrganizationKey(org), &done)
			}
			return nil
		})
	}
	_ = workers.Wait()
	return done.Report, ctx.Err()
}

func (s *Schedule) verifyNamed(ctx context.Context, orgKey string, done *tally) {
	defer s.recover(ctx, orgKey, done)
	ctx, cancel := context.WithTimeout(ctx, lifecycle.WorkTimeout)
	defer cancel()
	result, err := s.service.Verify(ctx, orgKey)
	if err != nil {
		done.leave() // another worker has it
		return
	}
	done.add(result)
}

// recover is deferred around the work on one organization: what goes wrong with
// one never stops the others.
func (s *Schedule) recover(ctx context.Context, orgKey string, done *tally) {
	if cause := recover(); cause != nil {
		s.log.ErrorContext(ctx, msgPanic, "org", orgKey, "outcome", "failed", "cause", fmt.Sprint(cause), "stack", string(debug.Stack()))
		done.add(lifecycle.Result{Err: errors.New("panic")})
	}
}
