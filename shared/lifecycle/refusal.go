package lifecycle

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"signpost/shared/installation"
	"signpost/shared/secret"
	"signpost/shared/webex"
)

// ErrRefusalsSuspected: Webex refused the refresh tokens of this and other
// organizations, and accepted none in between. That points to a fault of ours, so the
// installation fails but is not invalidated.
var ErrRefusalsSuspected = errors.New("several organizations' refresh tokens were refused in a row: is WEBEX_CLIENT_ID right?")

// suspectedError is [ErrRefusalsSuspected] with Webex's answer, which is not believed:
// it counts as [webex.ErrUnavailable], not as [webex.ErrInvalidGrant].
type suspectedError struct {
	org   string
	cause error
}

func (e suspectedError) Error() string {
	return fmt.Sprintf("%s: %v: %v", e.org, ErrRefusalsSuspected, e.cause)
}

func (e suspectedError) Is(target error) bool {
	return target == ErrRefusalsSuspected || target == webex.ErrUnavailable
}

// As finds Webex's answer, for the log.
func (e suspectedError) As(target any) bool { return errors.As(e.cause, target) }

// inHealthCheck is the shortest time between two tries of a kept refresh token by
// health checks: Webex decides how often it polls.
const inHealthCheck = time.Minute

// retries reports whether the kept refresh token of a token_invalid installation must
// be tried now.
func (s *Service) retries(ctx context.Context, row installation.Installation) bool {
	if row.State != installation.TokenInvalid {
		return false
	}
	with, err := s.triedWith(ctx)
	return err == nil && row.Retry(with, s.terms(ctx).retryAfter, s.now())
}

// refuses reports whether a token endpoint's answer is recorded as one about the
// refresh token. For a token_invalid installation every rejection is, since it was a
// retry.
func refuses(row installation.Installation, err error) bool {
	return errors.Is(err, webex.ErrInvalidGrant) || errors.Is(err, webex.ErrGrantRejected) ||
		row.State == installation.TokenInvalid && errors.Is(err, webex.ErrRejected)
}

// refused records that Webex refused the refresh token used. It reads the row first: a
// worker whose lease ended may have been overtaken by one that got a new token.
func (s *Service) refused(ctx context.Context, row installation.Installation, owner string, used secret.Sealed, cause error) (secret.String, installation.Installation, error) {
	for range saveAttempts {
		current, err := s.reread(ctx, row)
		if err != nil {
			return secret.String{}, row, err
		}
		if !bytes.Equal(current.Tokens.Refresh, used) || current.Tokens.Renewal.Owner != owner {
			return secret.String{}, current, errRaceLost
		}
		verdict, err := s.judgeRefusal(ctx, current, cause)
		if err != nil {
			return secret.String{}, current, errors.Join(err, cause)
		}
		saved, err := s.store.Save(ctx, verdict.row)
		if errors.Is(err, installation.ErrConflict) {
			continue
		}
		if err != nil {
			return secret.String{}, current, errors.Join(err, cause)
		}
		s.reportRefusal(ctx, current, saved, verdict)
		return secret.String{}, saved, verdict.err
	}
	return secret.String{}, row, installation.ErrConflict
}

// refusal is the consequence of a refusal: the row to be written, the error of the
// renewal, and, if our own fault is suspected, how many organizations were refused in a
// row.
type refusal struct {
	row       installation.Installation
	err       error
	suspected int
}

// judgeRefusal decides the consequence of a refusal of the row's refresh token.
func (s *Service) judgeRefusal(ctx context.Context, row installation.Installation, cause error) (refusal, error) {
	now := s.now()
	with, err := s.triedWith(ctx)
	if err != nil {
		return refusal{}, err
	}
	dead := fmt.Errorf("%s: %w: %w", row.OrgKey, ErrTokenInvalid, cause)
	if row.State == installation.TokenInvalid {
		return refusal{row: row.RefusedAgain(with, now), err: dead}, nil
	}
	if !errors.Is(cause, webex.ErrInvalidGrant) {
		if row.Tokens.RejectedSince.IsZero() {
			row.Tokens.RejectedSince = now
		}
		if now.Sub(row.Tokens.RejectedSince) < installation.RejectedFor {
			row.Tokens.Renewal = installation.Lease{}
			return refusal{row: row, err: cause}, nil
		}
	}
	refusals, believed, err := s.countRefusal(ctx, row, now)
	if err != nil {
		return refusal{}, err
	}
	if !believed {
		return refusal{row: row.Suspect(now), err: suspectedError{row.OrgKey, cause}, suspected: len(refusals.Organizations)}, nil
	}
	return refusal{row: row.Invalidate(with, now), err: dead}, nil
}

// countRefusal adds the organization to those refused in a row, and reports whether its
// refusal is believed.
func (s *Service) countRefusal(ctx context.Context, row installation.Installation, now time.Time) (refusals installation.Refusals, believed bool, err error) {
	for range saveAttempts {
		refusals, err = s.store.Refusals(ctx, s.settings.ClientID)
		if err != nil || refusals.Confirms(row, now) {
			return refusals, err == nil, err
		}
		added, changed := refusals.Add(row.OrgKey)
		if changed {
			added, err = s.store.SaveRefusals(ctx, added)
		}
		if !errors.Is(err, installation.ErrConflict) {
			return added, !added.Suspected(), err
		}
	}
	return refusals, false, err
}

// clearTimeout bounds how long a renewal waits for the table in clearRefusals.
const clearTimeout = time.Second

// clearRefusals records that Webex accepted a refresh token from our client at that
// time: earlier refusals were not our client's fault. It costs one read if nothing was
// refused. Its failure is logged only: the next renewal repeats it.
func (s *Service) clearRefusals(ctx context.Context, at time.Time) {
	short, cancel := context.WithTimeout(ctx, clearTimeout)
	defer cancel()
	err := installation.ErrConflict
	for n := 0; n < saveAttempts && errors.Is(err, installation.ErrConflict); n++ {
		var refusals installation.Refusals
		refusals, err = s.store.Refusals(short, s.settings.ClientID)
		if err == nil && len(refusals.Organizations) > 0 {
			_, err = s.store.SaveRefusals(short, refusals.Clear(at))
		}
	}
	// A caller whose context has ended reports that itself.
	if err != nil && !errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		s.log.WarnContext(ctx, msgRefusalsKept, "outcome", "failed", "cause", err)
	}
}

// reportRefusal logs a refusal that needs attention. Another refusal of the same token
// does not, and an answer that does not count as a refusal yet is logged as any
// failure.
func (s *Service) reportRefusal(ctx context.Context, before, after installation.Installation, verdict refusal) {
	switch {
	case verdict.suspected > 0:
		s.log.ErrorContext(ctx, MsgRefusalsSuspected, "org", after.OrgKey, "outcome", "held",
			"organizations", verdict.suspected, "client", s.settings.ClientID)
	case before.State == installation.Active && after.State == installation.TokenInvalid:
		s.log.ErrorContext(ctx, MsgTokenInvalid, append([]any{"org", after.OrgKey, "outcome", "token_invalid",
			"token_health", string(after.TokenHealth(s.now())), "cause", verdict.err}, AnswerFields(verdict.err)...)...)
	}
}

// lookAgain works on a token_invalid installation: after its 90 days it is removed; if
// our own fault is suspected now, it is active again; if its token is to be tried, it
// is verified; otherwise it is postponed.
func (s *Service) lookAgain(ctx context.Context, row installation.Installation, owner string) (synced, error) {
	if row.Expired(s.now()) {
		return synced{}, s.expire(ctx, row)
	}
	row, err := s.takenBack(ctx, row)
	if err == nil && (row.State == installation.Active || s.retries(ctx, row)) {
		_, result, err := s.syncAndConclude(ctx, row, owner)
		return result, err
	}
	if err == nil {
		row.Work, row.Schedule = installation.Lease{}, s.putOffInvalid(row, s.now(), nil)
		_, err = s.store.Save(ctx, row)
	}
	if errors.Is(err, installation.ErrConflict) {
		err = nil // another worker has changed it, and says when it is due
	}
	if err != nil {
		s.log.ErrorContext(ctx, msgInvalidNotStored, "org", row.OrgKey, "outcome", "failed", "cause", err)
	}
	return synced{idle: true}, err
}

// takenBack returns the row active again if its organization is one of several refused
// in a row: the first of them were invalidated before there was a suspicion. Each row
// does this for itself, half a minute to an interval later, so that no worker writes
// another customer's row.
func (s *Service) takenBack(ctx context.Context, row installation.Installation) (installation.Installation, error) {
	refusals, err := s.store.Refusals(ctx, s.settings.ClientID)
	if err != nil || !refusals.Suspected() || !refusals.Has(row.OrgKey) {
		return row, err
	}
	active, err := s.store.Save(ctx, row.Suspect(s.now()))
	if err != nil {
		return row, err
	}
	s.log.InfoContext(ctx, msgReactivated, "org", row.OrgKey, "outcome", "suspected")
	return active, nil
}

// putOffInvalid returns the schedule of a token_invalid installation after a look at
// it: the next is soon at first, then each interval, since our settings may change, and
// at the latest when it is to be removed.
func (s *Service) putOffInvalid(row installation.Installation, now time.Time, failure error) installation.Schedule {
	schedule := row.Schedule
	schedule.Failures++
	wait := doubled(min(firstBackoff, s.settings.VerifyInterval), schedule.Failures-1, s.settings.VerifyInterval)
	schedule.DueAt = now.Add(max(wait, retryAfter(failure)))
	if end := row.Tokens.InvalidSince.Add(installation.TokenInvalidLife); schedule.DueAt.After(end) {
		schedule.DueAt = end
	}
	return schedule
}
