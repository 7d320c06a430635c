// Package schedule decides which row is worked on when: runs over what is due,
// how fast they call Webex in all, how many rows are at one of its hosts at a
// time, and which host is not called for a while. What one organization needs is
// decided by package lifecycle.
//
// This file holds the schedule and its two entries, VerifyDue and VerifyNow.
package schedule

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"runtime/debug"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"signpost/shared/installation"
	"signpost/shared/lifecycle"
	"signpost/shared/webex"
)

// Service carries out one organization's use cases; see [lifecycle.Service].
type Service interface {
	// Host and Calls say what the work will ask of Webex.
	Host(ctx context.Context, work installation.Work) string
	Calls(ctx context.Context, work installation.Work) int
	Work(ctx context.Context, work installation.Work, owner string, client lifecycle.Webex, answered func()) lifecycle.Result
	Verify(ctx context.Context, orgKey string) (lifecycle.Result, error)
	PutBack(ctx context.Context, work installation.Work, cause error)
}

// Schedule works on rows through a service. It is safe for concurrent use, and
// remembers between runs which hosts do not answer.
type Schedule struct {
	service Service
	store   lifecycle.Store
	webex   lifecycle.Webex
	now     func() time.Time
	log     *slog.Logger
	breaker *breaker
}

// New returns a schedule that works with the service, its store, client, clock
// and log.
func New(service *lifecycle.Service) *Schedule {
	store, client, now, log := service.Ports()
	return &Schedule{service: service, store: store, webex: client, now: now, log: log, breaker: newBreaker()}
}

// VerifyDue works on what is due until there is no more of it or the run's time
// is over. It fails only if the table could not be asked what is due; what goes
// wrong with one row is counted and never stops the others.
func (s *Schedule) VerifyDue(ctx context.Context, options Run) (Report, error) {
	run, err := s.begin(options)
	if err != nil {
		return Report{}, err
	}
	due, wait := run.workers(ctx)
	var errs []error
	for _, shard := range run.shards {
		errs = append(errs, run.listShard(ctx, shard, due))
	}
	close(due)
	wait()
	if run.over(ctx) {
		run.countLeft(ctx)
	}
	run.reportBacklog(ctx)
	return run.done.Report, errors.Join(errs...)
}

// begin checks the options of a run and spreads its shards: overlapping runs begin
// at different ends, and where there is more work than time none is always last.
func (s *Schedule) begin(options Run) (*run, error) {
	shards := slices.Clone(options.Shards)
	for _, shard := range shards {
		if shard < 0 || shard >= installation.Shards {
			return nil, fmt.Errorf("there is no shard %d: they are 0 to %d", shard, installation.Shards-1)
		}
	}
	if shards == nil {
		for shard := range installation.Shards {
			shards = append(shards, shard)
		}
	}
	mathrand.Shuffle(len(shards), func(i, j int) { shards[i], shards[j] = shards[j], shards[i] })
	return &run{Schedule: s, shards: shards, until: options.Until, began: s.now(), limits: newLimits(options, len(shards), s.now)}, nil
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
