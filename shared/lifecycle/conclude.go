package lifecycle

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"time"

	"signpost/shared/installation"
	"signpost/shared/secret"
	"signpost/shared/webex"
)

// syncAndConclude is conclude, and logs the result. An installation that was replaced
// or removed meanwhile has not failed: the worker that did that continues with it.
func (s *Service) syncAndConclude(ctx context.Context, row installation.Installation, owner string) (installation.Installation, synced, error) {
	row, result, err := s.conclude(ctx, row, owner)
	if errors.Is(err, installation.ErrStale) {
		s.log.InfoContext(ctx, msgSync, "org", row.OrgKey, "app", row.AppID, "outcome", "superseded", "pushed", result.pushed, "deleted", result.deleted, "cause", result.err)
		return row, synced{pushed: result.pushed, deleted: result.deleted}, nil
	}
	s.report(ctx, row, result, err)
	return row, result, err
}

// conclude updates Webex, stores the result and releases the work lease of owner.
func (s *Service) conclude(ctx context.Context, row installation.Installation, owner string) (installation.Installation, synced, error) {
	began := row.Revision
	row, result := s.sync(ctx, row)
	saveCtx, cancel := Detached(ctx)
	defer cancel()
	concluded, err := s.update(saveCtx, s.resealed(saveCtx, row), func(row installation.Installation) installation.Installation {
		return s.concluded(row, owner, began, result)
	})
	if err == nil {
		row = concluded
	}
	if errors.Is(err, installation.ErrStale) {
		s.releaseInheritedLease(saveCtx, row.Key, owner)
	}
	return row, result, err
}

// releaseInheritedLease releases the work lease of owner if another activation has
// replaced the installation and taken over the lease: that activation waits for it.
func (s *Service) releaseInheritedLease(ctx context.Context, key installation.Key, owner string) {
	for range saveAttempts {
		row, _, err := s.store.Find(ctx, key, s.now())
		if err == nil && (!row.Exists() || row.Work.Owner != owner) {
			return
		}
		if err == nil {
			row.Work, row.Schedule.DueAt = installation.Lease{}, s.now()
			_, err = s.store.Save(ctx, row)
		}
		if err == nil {
			return
		}
		if !errors.Is(err, installation.ErrConflict) {
			s.log.WarnContext(ctx, msgWorkLeaseKept, "org", key.OrgKey, "app", key.AppID, "cause", err)
			return
		}
	}
}

// concluded returns the row with the result. If the row was changed since the work
// began, the result does not count, and the row is due at once.
func (s *Service) concluded(row installation.Installation, owner string, began int64, result synced) installation.Installation {
	if row.Work.Owner == owner {
		row.Work = installation.Lease{}
	}
	now := s.now()
	switch {
	case !row.Exists():
		return row
	case row.Revision != began:
		row.Schedule.DueAt = now
		return row
	case row.State == installation.TokenInvalid:
		row.Schedule = s.postponeInvalid(row, now, result.err)
		return row
	}
	row.RegisteredActionsURL = result.registered
	row.Features = maps.Clone(result.features)
	row.App, row.Notice = result.app, cmp.Or(newDifference(row.App, result.app), row.Notice)
	row.Schedule = s.scheduled(row.Schedule, now, result.err)
	if result.err == nil {
		row.Schedule.DueAt = s.nextAppComparison(row)
	}
	row.Schedule.LastResult = outcomeOf(result)
	row.Schedule.Failure = failureOf(owner, cmp.Or(result.registerErr, result.err), now)
	return row.Notify(now)
}

// newDifference returns the notice for the vendor if Webex's record newly differs.
func newDifference(before, now installation.AppCheck) installation.Notice {
	if before.Difference == "" && now.Difference != "" {
		return installation.NoticeUnavailable
	}
	return ""
}

// scheduled returns the schedule after a verification. After a success the row is not
// due, since the next pass looks at it; after a failure it is due after a back-off, which
// restarts when our settings change.
func (s *Service) scheduled(schedule installation.Schedule, now time.Time, failure error) installation.Schedule {
	if failure == nil || schedule.Settings != s.fingerprint {
		schedule.Failures = 0
	}
	schedule.Settings = s.fingerprint
	if failure == nil {
		schedule.VerifiedAt, schedule.FailingSince = now, time.Time{}
		schedule.DueAt = time.Time{}
		return schedule
	}
	if schedule.FailingSince.IsZero() {
		schedule.FailingSince = now
	}
	schedule.Failures++
	schedule.DueAt = now.Add(max(s.settings.backoff(schedule.Failures, now.Sub(schedule.FailingSince)), retryAfter(failure)))
	return schedule
}

// resealed seals the row's tokens with the current primary key if an older one sealed
// them, so that a rotated key is unused after one interval. That includes the access
// token: it may live for two weeks, and a keyset without the old key could not open it.
// While a worker renews the tokens they stay unchanged, since it recognizes them by
// their bytes.
func (s *Service) resealed(ctx context.Context, row installation.Installation) installation.Installation {
	sealer, err := s.keys.Sealer(ctx)
	if err != nil || row.Tokens.Renewal.Held(s.now()) {
		return row
	}
	row.Tokens.Refresh = reseal(sealer, row.Tokens.Refresh, installation.RefreshPlace(row.Key))
	row.Tokens.Access = reseal(sealer, row.Tokens.Access, installation.AccessPlace(row.Key))
	return row
}

// reseal returns the token sealed with the current primary key, or unchanged if that is
// not needed or fails.
func reseal(sealer Sealer, sealed secret.Sealed, associatedData string) secret.Sealed {
	if !stale(sealer, sealed) {
		return sealed
	}
	token, err := sealer.Open(sealed, associatedData)
	if err == nil {
		if resealed, err := sealer.Seal(token, associatedData); err == nil {
			return resealed
		}
	}
	return sealed
}

// stale reports whether there is a token, sealed by an older key.
func stale(sealer Sealer, sealed secret.Sealed) bool { return len(sealed) > 0 && sealer.Stale(sealed) }

// Results of a verification that neither failed nor changed anything.
const (
	// ResultInOrder: Webex stores what our settings want.
	ResultInOrder = "in_sync"
	// ResultDrifting: a difference was not pushed, since Webex keeps returning it.
	ResultDrifting = "drifting"
)

// outcomeOf names a result for logs and for the row.
func outcomeOf(result synced) string {
	switch {
	case errors.Is(result.err, ErrTokenInvalid):
		return "token_invalid"
	case result.err != nil:
		return "failed"
	case result.pushed > 0:
		return "pushed"
	case result.deleted > 0:
		return "deleted"
	}
	for _, feature := range result.features {
		if feature.Status == installation.Drifting {
			return ResultDrifting
		}
	}
	return ResultInOrder
}

// outcome returns the log fields of a result, without its cause.
func (s *Service) outcome(row installation.Installation, result synced) []any {
	return []any{
		"org", row.OrgKey, "app", row.AppID, "outcome", outcomeOf(result), "pushed", result.pushed, "deleted", result.deleted,
		"token_health", string(row.TokenHealth(s.now())),
	}
}

// failingHours is for how many whole hours every attempt has failed.
func (s *Service) failingHours(schedule installation.Schedule) int {
	if schedule.FailingSince.IsZero() {
		return 0
	}
	return int(s.now().Sub(schedule.FailingSince).Hours())
}

// report logs a result, once. If nothing changed and nothing failed the level is DEBUG,
// unless the refresh token expires soon.
func (s *Service) report(ctx context.Context, row installation.Installation, result synced, saveErr error) {
	outcome, attributes := outcomeOf(result), s.outcome(row, result)
	switch {
	case saveErr != nil:
		s.log.ErrorContext(ctx, msgSync, append(append(attributes, "cause", errors.Join(saveErr, result.err)), ResponseFields(result.err)...)...)
	case outcome == "failed":
		attributes = append(attributes, "failures", row.Schedule.Failures, "failing_hours", s.failingHours(row.Schedule), "cause", result.err)
		s.log.WarnContext(ctx, msgSync, append(attributes, ResponseFields(result.err)...)...)
	case row.TokenHealth(s.now()) == installation.TokensExpiring:
		s.log.WarnContext(ctx, msgSync, attributes...)
	case outcome == "in_sync" || outcome == "token_invalid":
		s.log.DebugContext(ctx, msgSync, attributes...)
	default:
		s.log.InfoContext(ctx, msgSync, attributes...)
	}
}

// reportFeature logs what happened to one feature's configuration if it was changed,
// found different, held back or failed.
func (s *Service) reportFeature(ctx context.Context, row installation.Installation, name webex.Feature, result syncedFeature) {
	var outcome string
	switch {
	case result.err != nil:
		outcome = "failed"
	case result.pushed > 0:
		outcome = "pushed"
	case result.deleted > 0:
		outcome = "deleted"
	case result.drift:
		outcome = "held"
	default:
		return
	}
	s.log.InfoContext(ctx, MsgFeature, "org", row.OrgKey, "app", row.AppID, "feature", string(name), "outcome", outcome, "drift", result.drift)
}
