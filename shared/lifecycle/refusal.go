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
// verification fails but the installation is not invalidated.
var ErrRefusalsSuspected = errors.New("several organizations' refresh tokens were refused in a row: is WEBEX_CLIENT_ID right?")

// suspectedError is [ErrRefusalsSuspected] with Webex's response, which is not trusted:
// it counts as [webex.ErrUnavailable], not as [webex.ErrInvalidGrant].
type suspectedError struct {
	key   installation.Key
	cause error
}

func (e suspectedError) Error() string {
	return fmt.Sprintf("%s: %v: %v", e.key.Text(), ErrRefusalsSuspected, e.cause)
}

func (e suspectedError) Is(target error) bool {
	return target == ErrRefusalsSuspected || target == webex.ErrUnavailable
}

// As finds Webex's response, for the log.
func (e suspectedError) As(target any) bool { return errors.As(e.cause, target) }

// healthRetryAfter is the shortest time between two attempts of health checks with a
// stored refresh token that was refused: Webex decides how often it polls.
const healthRetryAfter = time.Minute

// retryDue reports whether the stored refresh token of a token_invalid installation
// must be tried now.
func (s *Service) retryDue(ctx context.Context, row installation.Installation) bool {
	if row.State != installation.TokenInvalid {
		return false
	}
	with, err := s.triedWith(ctx, row.Key)
	return err == nil && row.RetryDue(with, s.terms(ctx).retryAfter, s.now())
}

// isRefusal reports whether a token endpoint's response is recorded as a refusal of the
// refresh token. For a token_invalid installation every rejection is, since the call
// was a retry.
func isRefusal(row installation.Installation, err error) bool {
	return errors.Is(err, webex.ErrInvalidGrant) || errors.Is(err, webex.ErrGrantRejected) ||
		row.State == installation.TokenInvalid && errors.Is(err, webex.ErrRejected)
}

// recordRefusal records that Webex refused the refresh token used. It reads the row
// first: after the end of this worker's lease another one may have got a new token.
func (s *Service) recordRefusal(ctx context.Context, row installation.Installation, owner string, used secret.Sealed, cause error) (secret.String, installation.Installation, error) {
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
// renewal, and, if our own fault is suspected, the organizations that were refused in a
// row.
type refusal struct {
	row       installation.Installation
	err       error
	suspected installation.Refusals
}

// judgeRefusal decides the consequence of a refusal of the row's refresh token.
func (s *Service) judgeRefusal(ctx context.Context, row installation.Installation, cause error) (refusal, error) {
	now := s.now()
	with, err := s.triedWith(ctx, row.Key)
	if err != nil {
		return refusal{}, err
	}
	invalid := fmt.Errorf("%s: %w: %w", row.Key.Text(), ErrTokenInvalid, cause)
	if row.State == installation.TokenInvalid {
		return refusal{row: row.RefusedAgain(with, now), err: invalid}, nil
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
	refusals, trusted, err := s.countRefusal(ctx, row, now)
	if err != nil {
		return refusal{}, err
	}
	if !trusted {
		return refusal{row: row.Suspect(now), err: suspectedError{row.Key, cause}, suspected: refusals}, nil
	}
	return refusal{row: row.Invalidate(with, now), err: invalid}, nil
}

// countRefusal adds the organization to those refused in a row, and reports whether its
// refusal is trusted: no fault of ours is suspected.
func (s *Service) countRefusal(ctx context.Context, row installation.Installation, now time.Time) (refusals installation.Refusals, trusted bool, err error) {
	for range saveAttempts {
		refusals, err = s.refusals(ctx, row.Key)
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

// refusals reads the refusals of the client that an installation's tokens are of.
func (s *Service) refusals(ctx context.Context, of installation.Key) (installation.Refusals, error) {
	client, err := s.keys.Client(ctx, of)
	if err != nil {
		return installation.Refusals{}, err
	}
	return s.store.Refusals(ctx, client.ClientID)
}

// clearTimeout bounds how long a renewal waits for the table in clearRefusals.
const clearTimeout = time.Second

// clearRefusals records that Webex accepted this installation's refresh token from our
// client at that time: earlier refusals were not our client's fault. It costs one read if nothing was
// refused. Its failure is logged only: the next renewal repeats it.
func (s *Service) clearRefusals(ctx context.Context, of installation.Key, at time.Time) {
	short, cancel := context.WithTimeout(ctx, clearTimeout)
	defer cancel()
	err := installation.ErrConflict
	for n := 0; n < saveAttempts && errors.Is(err, installation.ErrConflict); n++ {
		var refusals installation.Refusals
		refusals, err = s.refusals(short, of)
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
// does not, and a response that does not count as a refusal yet is logged like any
// failure.
func (s *Service) reportRefusal(ctx context.Context, before, after installation.Installation, verdict refusal) {
	switch {
	case verdict.suspected.Suspected():
		s.log.ErrorContext(ctx, MsgRefusalsSuspected, "org", after.OrgKey, "app", after.AppID, "outcome", "held",
			"organizations", len(verdict.suspected.Organizations), "client", verdict.suspected.ClientID)
	case before.State == installation.Active && after.State == installation.TokenInvalid:
		s.log.ErrorContext(ctx, MsgTokenInvalid, append([]any{"org", after.OrgKey, "app", after.AppID, "outcome", "token_invalid",
			"token_health", string(after.TokenHealth(s.now())), "cause", verdict.err}, ResponseFields(verdict.err)...)...)
	}
}

// workOnInvalid works on a token_invalid installation: after 90 days it is removed; if
// a fault of ours is suspected now, it is active again; if its token is to be tried, it
// is verified; otherwise it is postponed.
func (s *Service) workOnInvalid(ctx context.Context, row installation.Installation, owner string) (synced, error) {
	if row.Expired(s.now()) {
		return synced{}, s.expire(ctx, row)
	}
	row, err := s.reactivateSuspected(ctx, row)
	if err == nil && (row.State == installation.Active || s.retryDue(ctx, row)) {
		_, result, err := s.syncAndConclude(ctx, row, owner)
		return result, err
	}
	if err == nil {
		row.Work, row.Schedule = installation.Lease{}, s.postponeInvalid(row, s.now(), nil)
		_, err = s.store.Save(ctx, row)
	}
	if errors.Is(err, installation.ErrConflict) {
		err = nil // another worker has changed it, and set when it is due
	}
	if err != nil {
		s.log.ErrorContext(ctx, msgInvalidNotStored, "org", row.OrgKey, "app", row.AppID, "outcome", "failed", "cause", err)
	}
	return synced{idle: true}, err
}

// reactivateSuspected returns the row active again if its organization is one of
// several refused in a row: the first of them were invalidated before a fault of ours
// was suspected. That happens when each of these rows is due, 30 seconds to an interval
// later, so that no worker writes another customer's row.
func (s *Service) reactivateSuspected(ctx context.Context, row installation.Installation) (installation.Installation, error) {
	refusals, err := s.refusals(ctx, row.Key)
	if err != nil || !refusals.Suspected() || !refusals.Has(row.OrgKey) {
		return row, err
	}
	active, err := s.store.Save(ctx, row.Suspect(s.now()))
	if err != nil {
		return row, err
	}
	s.log.InfoContext(ctx, msgReactivated, "org", row.OrgKey, "app", row.AppID, "outcome", "suspected")
	return active, nil
}

// postponeInvalid returns the schedule of a token_invalid installation after it was
// worked on. It is due after 30 seconds at first, doubling up to the interval, since
// our settings may change, and at the latest when it is to be removed.
func (s *Service) postponeInvalid(row installation.Installation, now time.Time, failure error) installation.Schedule {
	schedule := row.Schedule
	schedule.Failures++
	wait := doubled(min(firstBackoff, s.settings.VerifyInterval), schedule.Failures-1, s.settings.VerifyInterval)
	schedule.DueAt = now.Add(max(wait, retryAfter(failure)))
	if end := row.Tokens.InvalidSince.Add(installation.TokenInvalidLife); schedule.DueAt.After(end) {
		schedule.DueAt = end
	}
	return schedule
}
