// The work on one claimed row, for the schedule.

package lifecycle

import (
	"context"
	"errors"
	"net/url"
	"time"

	"signpost/shared/installation"
	"signpost/shared/webex"
)

// WorkTimeout bounds the work on one row; it is shorter than the lease.
const WorkTimeout = installation.LeaseLife - 5*time.Second

// Result is the result of the work on one organization. Its error is already logged
// and stored with the row.
type Result struct {
	// Pushed and Deleted count configurations.
	Pushed, Deleted int
	// Idle: nothing was verified; the row was only postponed.
	Idle bool
	// Err is why the row is not in sync, nil if it is.
	Err error
}

// NotCalledError is returned by a [Webex] that did not make a call because our own
// limits do not allow it.
type NotCalledError struct {
	Reason string
	// Host is the host of Webex that is not called.
	Host string
	// RetryAfter is how long the same call will be refused, 0 if unknown.
	RetryAfter time.Duration
}

func (e *NotCalledError) Error() string { return "webex not called: " + e.Reason }

// retryAfter is how long Webex, or our own limit, asked to wait.
func retryAfter(err error) time.Duration {
	if refused, ok := errors.AsType[*NotCalledError](err); ok {
		return max(refused.RetryAfter, webex.RetryAfter(err))
	}
	return webex.RetryAfter(err)
}

// terms are how one piece of work calls Webex. They travel in the context, so that one
// service works under all of them.
type terms struct {
	webex Webex
	// retryAfter is the shortest time between two attempts with the stored refresh
	// token of a token_invalid installation.
	retryAfter time.Duration
}

type termsKey struct{}

func (s *Service) terms(ctx context.Context) terms {
	if given, ok := ctx.Value(termsKey{}).(terms); ok {
		return given
	}
	return terms{webex: s.webex, retryAfter: installation.RetryInvalidAfter}
}

// withRetryAfter returns a context with this terms.retryAfter.
func (s *Service) withRetryAfter(ctx context.Context, after time.Duration) context.Context {
	given := s.terms(ctx)
	given.retryAfter = after
	return context.WithValue(ctx, termsKey{}, given)
}

// Work does what a claimed row needs; owner holds its work lease. Calls to Webex go
// through client.
func (s *Service) Work(ctx context.Context, work installation.Work, owner string, client Webex) Result {
	ctx = context.WithValue(ctx, termsKey{}, terms{webex: client, retryAfter: installation.RetryInvalidAfter})
	return s.workOn(ctx, work, owner)
}

// Verify works on one organization's installation, whether or not it is due; it always
// tries the stored refresh token of a token_invalid one. It returns
// [installation.ErrConflict] or [installation.ErrStale] if another worker holds the row
// or has just replaced it; any other failure is logged and in the result.
func (s *Service) Verify(ctx context.Context, key installation.Key) (Result, error) {
	ctx = s.withRetryAfter(ctx, 0)
	row, _, err := s.store.Find(ctx, key, s.now())
	if err == nil && !row.Exists() {
		err = installation.ErrNotFound
	}
	var owner string
	if err == nil {
		row, owner, err = s.lease(ctx, row)
	}
	switch {
	case errors.Is(err, installation.ErrConflict) || errors.Is(err, installation.ErrStale):
		return Result{}, err
	case err != nil:
		s.log.WarnContext(ctx, msgVerify, "org", key.OrgKey, "app", key.AppID, "outcome", "failed", "cause", err)
		return Result{Err: err}, nil
	}
	return s.workOn(ctx, installation.Work{Installation: &row}, owner), nil
}

func (s *Service) workOn(ctx context.Context, work installation.Work, owner string) Result {
	var result synced
	var err error
	switch {
	case work.Candidate != nil:
		result, err = s.prove(ctx, *work.Candidate, owner)
	case work.Installation.State == installation.TokenInvalid:
		result, err = s.workOnInvalid(ctx, *work.Installation, owner)
	default:
		_, result, err = s.syncAndConclude(ctx, *work.Installation, owner)
	}
	return Result{Pushed: result.pushed, Deleted: result.deleted, Idle: result.idle, Err: errors.Join(err, result.err)}
}

// prove retries a candidate that is still unproven.
func (s *Service) prove(ctx context.Context, candidate installation.Candidate, owner string) (synced, error) {
	result, err := s.proveKind(ctx, candidate, owner)
	if errors.Is(err, installation.ErrStale) || errors.Is(err, installation.ErrReplayed) || errors.Is(err, installation.ErrInvited) {
		return result, nil // superseded
	}
	if err != nil {
		s.reportUnproven(ctx, candidate, err)
	}
	return result, err
}

// reportUnproven logs why a candidate is left to the schedule.
func (s *Service) reportUnproven(ctx context.Context, candidate installation.Candidate, cause error) {
	attributes := []any{"org", candidate.OrgKey, "app", candidate.AppID, "kind", string(candidate.Kind), "outcome", "failed",
		"failing_hours", s.failingHours(candidate.Schedule), "cause", cause}
	s.log.WarnContext(ctx, msgCandidate, append(attributes, ResponseFields(cause)...)...)
}

func (s *Service) proveKind(ctx context.Context, candidate installation.Candidate, owner string) (synced, error) {
	if candidate.Kind == installation.Move {
		return synced{}, s.proveMove(ctx, candidate)
	}
	row, err := s.promote(ctx, candidate, owner)
	if err != nil || row.Work.Owner != owner {
		return synced{}, err
	}
	s.log.InfoContext(ctx, msgActivated, "org", row.OrgKey, "app", row.AppID, "outcome", "activated")
	_, result, err := s.syncAndConclude(ctx, row, owner)
	result.err = errors.Join(result.err, err) // logged already
	return result, nil
}

// expire removes an installation whose refresh token has been invalid for too long.
func (s *Service) expire(ctx context.Context, row installation.Installation) error {
	if _, err := s.store.Save(ctx, row.Expire(s.now())); errors.Is(err, installation.ErrConflict) {
		return nil // another worker has changed it
	} else if err != nil {
		s.log.ErrorContext(ctx, msgExpire, "org", row.OrgKey, "app", row.AppID, "outcome", "failed", "cause", err)
		return err
	}
	s.log.InfoContext(ctx, MsgRemoved, "org", row.OrgKey, "app", row.AppID, "outcome", "expired")
	return nil
}

// HostOf returns the host of one of Webex's addresses, "" if it has none.
func HostOf(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return parsed.Host
}

// MostCalls is how many calls the work on a row makes at most, barring errors: the
// token, the PATCH, and a GET and a PUT for each feature.
var MostCalls = 2 + 2*len(webex.Features)
