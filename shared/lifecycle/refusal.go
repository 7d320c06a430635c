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

// ErrRefusalsSuspected: Webex refused the installation's refresh token, and
// those of other organizations, without having taken any since: that is taken
// for a fault of ours, and the installation fails but is not invalidated.
var ErrRefusalsSuspected = errors.New("several organizations' refresh tokens were refused in a row: is WEBEX_CLIENT_ID right?")

// suspectedError is [ErrRefusalsSuspected] with Webex's answer, which is not
// believed: it is no [webex.ErrInvalidGrant], but as good as no answer.
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

// inHealthCheck is how often a health check tries the kept refresh token of a
// token_invalid installation at most: how often Webex polls is Webex's to say.
const inHealthCheck = time.Minute

// retries reports whether the kept refresh token of a token_invalid
// installation is to be tried now.
func (s *Service) retries(ctx context.Context, row installation.Installation) bool {
	if row.State != installation.TokenInvalid {
		return false
	}
	with, err := s.triedWith(ctx)
	return err == nil && row.Retry(with, s.terms(ctx).retryAfter, s.now())
}

// refuses reports whether a token endpoint's answer is to be written down as one
// about the refresh token. Of a token_invalid installation any rejection is: it
// was a try.
func refuses(row installation.Installation, err error) bool {
	return errors.Is(err, webex.ErrInvalidGrant) || errors.Is(err, webex.ErrGrantRejected) ||
		row.State == installation.TokenInvalid && errors.Is(err, webex.ErrRejected)
}

// refused writes down that Webex refused the refresh token used. It looks again
// before that: a worker whose lease ran out may have been overtaken by one that
// got a new token.
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

// refusal is what follows from a refusal: the row as it is to be written, the
// error of the renewal, and how many organizations were refused in a row if that
// is suspected to be our own fault.
type refusal struct {
	row       installation.Installation
	err       error
	suspected int
}

// judgeRefusal says what follows from a refusal of the row's refresh token.
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

// countRefusal adds the organization to those that were refused in a row, and
// reports whether its refusal is to be believed.
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

// clearTimeout bounds how long a renewal waits for the table to say that nothing
// was refused.
const clearTimeout = time.Second

// clearRefusals records that Webex accepted a refresh token from our client at
// that time: refusals before it were not our client's fault. It costs a read where
// nothing was refused. No renewal fails because of it: the next one repeats it.
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
	// A caller whose time is over reports that itself.
	if err != nil && !errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		s.log.WarnContext(ctx, msgRefusalsKept, "outcome", "failed", "cause", err)
	}
}

// reportRefusal logs a refusal that needs attention. One more refusal of the same
// token is nothing new, and an answer that is not taken for a
// refusal yet is logged as any failure.
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

// lookAgain works on a token_invalid installation: one whose time is over is
// removed, one that was invalidated before its refusal was suspected to be our
// fault is active again, one whose token is to be tried is verified, and any
// other one is put off.
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

// takenBack is the row brought back if its organization is one of several that
// were refused in a row: the first of them were invalidated before there was
// anything to suspect. It is each row's own look that does so, half a minute to
// an interval later: who counts the refusals touches no other customer's row.
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

// putOffInvalid says when a token_invalid installation is looked at next: soon
// at first, each interval in the end, since our settings may change, and when it
// is to be removed.
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
