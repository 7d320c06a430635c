package lifecycle

import (
	"context"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"signpost/shared/installation"
	"signpost/shared/webex"
)

const (
	// duePage is how many due rows are listed at once.
	duePage = 100
	// itemTimeout bounds the work on one row; it is shorter than the lease.
	itemTimeout = installation.LeaseLife - 5*time.Second
)

// Run says what one run of the schedule does.
type Run struct {
	// Shards to work on; nil means all of them.
	Shards []int
	// Concurrency is how many rows are worked on at a time, counted for each of
	// Webex's hosts by itself.
	Concurrency int
	// Rate is how many calls per second the runs of all shards together make to
	// Webex at most; a run of some shards takes its share. 0 means no limit.
	Rate float64
	// Until is when the run takes nothing new; what it is at may go on until
	// its context ends. The zero time means no end.
	Until time.Time
}

const (
	// settleAtEnd is kept at the end of a run's time for writing down what
	// happened, and drainAtEnd, or a quarter of what there is, before that for
	// what is begun: a run ends by finishing, not by breaking off.
	settleAtEnd = 5 * time.Second
	drainAtEnd  = 10 * time.Second
)

// Within returns the run as it fits into ctx's time, at now by the service's
// clock, and the context for it. Without a deadline nothing changes.
func (r Run) Within(ctx context.Context, now time.Time) (Run, context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return r, ctx, func() {}
	}
	left := time.Until(deadline)
	r.Until = now.Add(left - settleAtEnd - min(drainAtEnd, left/4))
	ctx, cancel := context.WithDeadline(ctx, deadline.Add(-settleAtEnd))
	return r, ctx, cancel
}

// share is the run's part of the rate.
func (r Run) share(shards int) float64 {
	return r.Rate * float64(shards) / installation.Shards
}

// over reports whether the run takes nothing new any more.
func (s *Service) over(ctx context.Context, run Run) bool {
	return ctx.Err() != nil || (!run.Until.IsZero() && !s.now().Before(run.Until))
}

// Report counts what a run did.
type Report struct {
	// Verified rows are in line with our settings now.
	Verified int `json:"verified"`
	// Pushed and Deleted count configurations.
	Pushed  int `json:"pushed"`
	Deleted int `json:"deleted"`
	// Failed rows are due again after a back-off.
	Failed int `json:"failed"`
	// Left rows were due when the run ended, or were put back since Webex's
	// host is slow, does not answer or asked to be left alone.
	Left int `json:"left"`
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
		if !ref.DueAt.IsZero() && (t.oldest.IsZero() || ref.DueAt.Before(t.oldest)) {
			t.oldest = ref.DueAt
		}
	}
}

func (t *tally) add(row synced, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.Pushed += row.pushed
	t.Deleted += row.deleted
	switch {
	case err != nil || row.err != nil:
		t.Failed++
	case !row.idle:
		t.Verified++
	}
}

func (t *tally) leave() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.Left++
}

// VerifyDue works on what is due until there is no more of it or the run's time
// is over. It fails only if the table could not be asked what is due; what goes
// wrong with one row is counted and never stops the others.
func (s *Service) VerifyDue(ctx context.Context, run Run) (Report, error) {
	shards := slices.Clone(run.Shards)
	for _, shard := range shards {
		if shard < 0 || shard >= installation.Shards {
			return Report{}, fmt.Errorf("there is no shard %d: they are 0 to %d", shard, installation.Shards-1)
		}
	}
	if shards == nil {
		shards = allShards()
	}
	// Overlapping runs begin at different ends, and where there is more work
	// than time none is always last.
	mathrand.Shuffle(len(shards), func(i, j int) { shards[i], shards[j] = shards[j], shards[i] })
	began, pace := s.now(), s.paceOf(run, len(shards))
	var done tally
	due, wait := s.workers(ctx, run, pace, &done)
	var errs []error
	for _, shard := range shards {
		errs = append(errs, s.listShard(ctx, run, shard, due, &done))
	}
	close(due)
	wait()
	if s.over(ctx, run) {
		s.countLeft(ctx, shards, &done)
	}
	s.reportBacklog(ctx, &done, began)
	return done.Report, errors.Join(errs...)
}

func allShards() []int {
	shards := make([]int, installation.Shards)
	for i := range shards {
		shards[i] = i
	}
	return shards
}

// workers starts what works on the rows that come through the channel, as many at
// a time as the pace allows, and returns how to wait for their end once it is
// closed. Each works on one row after the other: the stack that a request to the
// table takes is grown once.
func (s *Service) workers(ctx context.Context, run Run, pace *pace, done *tally) (due chan<- installation.Ref, wait func()) {
	rows := make(chan installation.Ref)
	var workers sync.WaitGroup
	for range pace.rows {
		workers.Go(func() {
			for ref := range rows {
				s.verifyOne(ctx, run, ref, pace, done)
			}
		})
	}
	return rows, workers.Wait
}

// listShard hands out what is due in the shard.
func (s *Service) listShard(ctx context.Context, run Run, shard int, rows chan<- installation.Ref, done *tally) error {
	cursor := ""
	for !s.over(ctx, run) {
		due, next, err := s.store.Due(ctx, shard, s.now(), cursor, duePage)
		if err != nil {
			if ctx.Err() != nil {
				return nil // our time is over, not the table's fault
			}
			return fmt.Errorf("list what is due in shard %d: %w", shard, err)
		}
		done.list(due)
		for _, ref := range due {
			if s.over(ctx, run) {
				return nil // the rest is still due
			}
			rows <- ref
		}
		if cursor = next; cursor == "" {
			return nil
		}
	}
	return nil
}

// reportBacklog logs how long the oldest row that this run listed had been due:
// about a minute if all is well, since each run lists what became due since the
// one before.
func (s *Service) reportBacklog(ctx context.Context, done *tally, began time.Time) {
	seconds := 0.0
	if !done.oldest.IsZero() {
		seconds = max(0, began.Sub(done.oldest).Seconds())
	}
	s.log.InfoContext(ctx, "backlog", "due", done.listed, "oldest_s", seconds)
}

// countLeft counts what a run that was over before its work leaves due. The run
// did what it did, whether or not that can be counted.
func (s *Service) countLeft(ctx context.Context, shards []int, done *tally) {
	settle, cancel := lasting(ctx)
	defer cancel()
	for _, shard := range shards {
		left, err := s.store.CountDue(settle, shard, s.now())
		if err != nil {
			s.log.WarnContext(ctx, "count left", "shard", shard, "outcome", "failed", "cause", err)
			return
		}
		done.Left += left
	}
}

// verifyOne claims a due row and works on it.
func (s *Service) verifyOne(ctx context.Context, run Run, ref installation.Ref, pace *pace, done *tally) {
	defer s.survive(ctx, ref.OrgKey, done)
	if s.over(ctx, run) {
		return // still due
	}
	lease := installation.NewLease(newOwner(), s.now())
	work, err := s.store.Claim(ctx, ref, lease, s.now())
	if errors.Is(err, installation.ErrConflict) || (err != nil && ctx.Err() != nil) {
		return // another worker has it, or it is still due
	}
	if err != nil {
		s.log.ErrorContext(ctx, "claim", "org", ref.OrgKey, "outcome", "failed", "cause", err)
		done.add(synced{}, err)
		return
	}
	ctx, cancel := context.WithTimeout(ctx, itemTimeout)
	defer cancel()
	host := s.hostOfWork(ctx, work)
	probe, err := s.admit(host)
	if err != nil {
		s.putBack(ctx, work, err, done)
		return
	}
	calls := s.callsOf(ctx, work, pace)
	if err := pace.enter(ctx, host, calls); err != nil {
		s.putBack(ctx, work, err, done)
		return
	}
	row := s.at(pace, ref.OrgKey, host, probe, calls)
	defer row.called()
	done.add(row.workOn(ctx, work, lease.Owner))
}

// putBack gives back a row that was claimed, for which Webex is not called now:
// it is due again as after any other failure, so that an outage of hours is not
// met by ever more rows every minute, and spread, since many are put back
// together. If that cannot be written, it is due when the lease ends.
func (s *Service) putBack(ctx context.Context, work installation.Work, cause error, done *tally) {
	settle, cancel := lasting(ctx)
	defer cancel()
	var orgKey string
	var err error
	if row := work.Installation; row != nil {
		orgKey, row.Work, row.Schedule = row.OrgKey, installation.Lease{}, s.putOff(row.Schedule, cause)
		_, err = s.store.Save(settle, *row)
	} else {
		candidate := work.Candidate
		orgKey, candidate.Work, candidate.Schedule = candidate.OrgKey, installation.Lease{}, s.putOff(candidate.Schedule, cause)
		_, err = s.store.PutCandidate(settle, *candidate)
	}
	if err != nil && !errors.Is(err, installation.ErrConflict) {
		s.log.WarnContext(ctx, "put back", "org", orgKey, "outcome", "failed", "cause", err)
	}
	done.leave()
}

// putOff says when a row that is put back is due again: up to half as late again
// as a failed one.
func (s *Service) putOff(schedule installation.Schedule, cause error) installation.Schedule {
	now := s.now()
	schedule = s.scheduled(schedule, now, cause)
	wait := schedule.DueAt.Sub(now)
	schedule.DueAt = schedule.DueAt.Add(time.Duration(s.spread() * float64(wait/2)))
	return schedule
}

// survive is deferred around the work on one organization: what goes wrong with
// one never stops the others.
func (s *Service) survive(ctx context.Context, orgKey string, done *tally) {
	if cause := recover(); cause != nil {
		s.log.ErrorContext(ctx, "panic", "org", orgKey, "outcome", "failed", "cause", fmt.Sprint(cause), "stack", string(debug.Stack()))
		done.add(synced{}, errors.New("panic"))
	}
}

func (s *Service) workOn(ctx context.Context, work installation.Work, owner string) (synced, error) {
	switch {
	case work.Candidate != nil:
		return s.prove(ctx, *work.Candidate, owner)
	case work.Installation.State == installation.TokenInvalid:
		return s.lookAgain(ctx, *work.Installation, owner)
	default:
		_, result, err := s.syncAndConclude(ctx, *work.Installation, owner)
		return result, err
	}
}

// prove takes up a candidate that an earlier try left unproven.
func (s *Service) prove(ctx context.Context, candidate installation.Candidate, owner string) (synced, error) {
	result, err := s.proveKind(ctx, candidate, owner)
	if errors.Is(err, installation.ErrStale) || errors.Is(err, installation.ErrReplayed) {
		return result, nil // overtaken: there is nothing left to do
	}
	if err != nil {
		s.reportUnproven(ctx, candidate, err)
	}
	return result, err
}

// reportUnproven logs why a candidate is left to the schedule.
func (s *Service) reportUnproven(ctx context.Context, candidate installation.Candidate, cause error) {
	attributes := []any{"org", candidate.OrgKey, "kind", string(candidate.Kind), "outcome", "failed",
		"failing_hours", s.failingHours(candidate.Schedule), "cause", cause}
	s.log.WarnContext(ctx, "candidate", append(attributes, answerOf(cause)...)...)
}

func (s *Service) proveKind(ctx context.Context, candidate installation.Candidate, owner string) (synced, error) {
	if candidate.Kind == installation.Move {
		return synced{}, s.proveMove(ctx, candidate)
	}
	row, err := s.promote(ctx, candidate, owner)
	if err != nil || row.Work.Owner != owner {
		return synced{}, err
	}
	s.log.InfoContext(ctx, "activated", "org", row.OrgKey, "outcome", "activated")
	_, result, err := s.syncAndConclude(ctx, row, owner)
	result.err = errors.Join(result.err, err) // reported already
	return result, nil
}

// expire removes an installation whose refresh token has been dead for too
// long.
func (s *Service) expire(ctx context.Context, row installation.Installation) error {
	if _, err := s.store.Save(ctx, row.Expire(s.now())); errors.Is(err, installation.ErrConflict) {
		return nil // another worker has changed it
	} else if err != nil {
		s.log.ErrorContext(ctx, "expire", "org", row.OrgKey, "outcome", "failed", "cause", err)
		return err
	}
	s.log.InfoContext(ctx, "removed", "org", row.OrgKey, "outcome", "expired")
	return nil
}

// atOnce is how many organizations VerifyNow works on at a time.
const atOnce = 8

// VerifyNow works on the installations of these organizations, named by `sub`
// or by its last segment, whether or not they are due; the kept refresh token of
// a token_invalid one is tried, whenever that was done last. Those that another
// worker is at are left; an unknown one counts as failed. It returns an error
// only if ctx ended first.
func (s *Service) VerifyNow(ctx context.Context, orgs []string) (Report, error) {
	s = s.retrying(0)
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
	workers.Wait()
	return done.Report, ctx.Err()
}

func (s *Service) verifyNamed(ctx context.Context, orgKey string, done *tally) {
	defer s.survive(ctx, orgKey, done)
	ctx, cancel := context.WithTimeout(ctx, itemTimeout)
	defer cancel()
	row, _, err := s.store.Find(ctx, orgKey, s.now())
	if err == nil && !row.Exists() {
		err = installation.ErrNotFound
	}
	var owner string
	if err == nil {
		row, owner, err = s.lease(ctx, row)
	}
	switch {
	case errors.Is(err, installation.ErrConflict) || errors.Is(err, installation.ErrStale):
		done.leave() // another worker is at it, or has replaced it just now
	case err != nil:
		s.log.WarnContext(ctx, "verify", "org", orgKey, "outcome", "failed", "cause", err)
		done.add(synced{}, err)
	default:
		done.add(s.workOn(ctx, installation.Work{Installation: &row}, owner))
	}
}
