package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"time"

	"signpost/shared/installation"
	"signpost/shared/webex"
)

// resume returns the result of an activation that is already stored. The activation is
// complete once our actionsUrl is registered: until then resume waits for the worker
// that holds the row, and returns that worker's failure. Without such a worker it
// finishes the activation itself.
func (s *Service) resume(ctx context.Context, row installation.Installation) (Activated, error) {
	for {
		switch registered := row.RegisteredActionsURL != ""; {
		case registered && (row.State != installation.Active || settled(row)):
			return s.activated(row), nil
		case row.State == installation.TokenInvalid:
			return Activated{}, fmt.Errorf("activation of %s: %w", row.Key.Text(), webex.ErrInvalidGrant)
		}
		leased, owner, err := s.lease(ctx, row)
		if err == nil {
			return s.finish(ctx, leased, owner)
		}
		if !errors.Is(err, installation.ErrConflict) || !leased.Work.Held(s.now()) {
			return Activated{}, fmt.Errorf("resume the activation of %s: %w", row.Key.Text(), err)
		}
		if leased.RegisteredActionsURL != "" {
			return s.activated(leased), nil // the other worker does the rest
		}
		if err = s.wait(ctx, "work on "+row.Key.Text()); err == nil {
			row, err = s.reread(ctx, leased)
		}
		if err != nil {
			return Activated{}, err
		}
		if failure := row.Schedule.Failure; failure.Of(leased.Work) && row.RegisteredActionsURL == "" {
			return Activated{}, s.failedBefore(row.Key, failure)
		} else if failure.Of(leased.Work) {
			return s.activated(row), nil // registered, and the rest is due
		}
	}
}

// wait pauses before the next check whether another worker has finished. what names
// that worker's work, for the error.
func (s *Service) wait(ctx context.Context, what string) error {
	if err := s.pause(ctx, leasePoll); err != nil {
		return fmt.Errorf("wait for another worker's %s: %w", what, errors.Join(webex.ErrUnavailable, err))
	}
	return nil
}

// await waits for the worker that holds the same candidate, for example if Webex and an
// admin deliver one code at the same time, and returns its result.
func (s *Service) await(ctx context.Context, candidate installation.Candidate) (Activated, error) {
	row, err := s.awaitCandidate(ctx, candidate)
	if err != nil {
		return Activated{}, err
	}
	if answer, decided, err := s.decided(ctx, row, candidate); decided {
		return answer, err
	}
	return Activated{}, fmt.Errorf("activation of %s by another worker: %w", candidate.Key.Text(), webex.ErrUnavailable)
}

// awaitCandidate waits for the worker that holds the same candidate. It returns that
// worker's failure, or the organization's row if it did not fail.
func (s *Service) awaitCandidate(ctx context.Context, candidate installation.Candidate) (installation.Installation, error) {
	for waited := candidate; ; {
		if err := s.wait(ctx, "work on "+candidate.Key.Text()); err != nil {
			return installation.Installation{}, err
		}
		row, known, err := s.store.Find(ctx, candidate.Key, s.now())
		left, there := sameCandidate(candidate, known)
		switch {
		case err != nil:
			return row, err
		case !there && row.Generation != candidate.Generation():
			// The candidate's absence counts only with a row read after it.
			row, _, err = s.store.Find(ctx, candidate.Key, s.now())
			return row, err
		case !there:
			return row, nil
		case left.Work.Held(s.now()):
			waited = left
		case left.Schedule.Failure.Of(waited.Work):
			return row, s.failedBefore(left.Key, left.Schedule.Failure)
		default:
			return row, nil
		}
	}
}

// sameCandidate finds the candidate of the same token among known.
func sameCandidate(candidate installation.Candidate, known []installation.Candidate) (installation.Candidate, bool) {
	for _, other := range known {
		if other.Kind == candidate.Kind && other.ID == candidate.ID {
			return other, true
		}
	}
	return installation.Candidate{}, false
}

// failureOf returns the part of err to store for workers that wait for owner: Webex's
// response. A failure of ours is not stored: the others may succeed.
func failureOf(owner string, err error, now time.Time) installation.Failure {
	said, ok := errors.AsType[*webex.APIError](err)
	if !ok {
		return installation.Failure{}
	}
	failure := installation.Failure{Owner: owner, Code: said.Code}
	if !errors.Is(said, webex.ErrUnavailable) || said.Status >= 400 {
		failure.Status = said.Status
	}
	if said.RetryAfter > 0 {
		failure.RetryAt = now.Add(said.RetryAfter)
	}
	return failure
}

// failedBefore returns another worker's failure as an error.
func (s *Service) failedBefore(key installation.Key, failure installation.Failure) error {
	return fmt.Errorf("activation or move of %s: %w", key.Text(), &webex.APIError{
		Op: "another worker's call", Status: failure.Status, Code: failure.Code, RetryAfter: max(0, failure.RetryAt.Sub(s.now())),
	})
}
