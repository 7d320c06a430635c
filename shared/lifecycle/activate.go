package lifecycle

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"signpost/shared/installation"
	"signpost/shared/webex"
)

// Activated is the result of an activation. Its JSON is the body of the response.
type Activated struct {
	OrgID    string                                       `json:"orgId"`
	AppID    string                                       `json:"appId"`
	State    installation.State                           `json:"state"`
	Features map[webex.Feature]installation.FeatureStatus `json:"features"`
}

// Activate takes an activation code, whose token the caller has verified, and
// stores it as a candidate before Webex is called. Once its refresh token has
// been exchanged, it is the installation; then our actionsUrl is registered at
// Webex and the configurations are pushed. baseURL is the public address under
// which the code arrived.
//
// A code that was completed before gets the same result again and changes nothing; an
// incomplete one is resumed. It returns [installation.ErrReplayed] and
// [installation.ErrStale] for a code that was superseded, [webex.ErrInvalidGrant] if
// the manifest is not ours, and other errors of package webex if Webex refused or the
// actionsUrl could not be registered; then the schedule retries what can be retried.
func (s *Service) Activate(ctx context.Context, token webex.Token, baseURL string) (Activated, error) {
	return s.ActivateInvited(ctx, token, baseURL, installation.Invited{})
}

// ActivateInvited is [Service.Activate] of a customer that was invited. The invitation is
// used up when the activation is proven, in the same write; it returns
// [installation.ErrInvited] if it can no longer be used then.
func (s *Service) ActivateInvited(ctx context.Context, token webex.Token, baseURL string, by installation.Invited) (Activated, error) {
	candidate := installation.NewCandidate(installation.Activation, token, baseURL, s.now())
	candidate.Invited = by
	current, candidates, used, err := s.history(ctx, candidate)
	if err != nil {
		return Activated{}, err
	}
	if answer, decided, err := s.decided(ctx, current, candidate); decided {
		return answer, err
	}
	if used {
		return Activated{}, fmt.Errorf("activation of %s: %w", candidate.Key.Text(), installation.ErrReplayed)
	}
	candidate, owner, begun, err := s.begin(ctx, candidate, token, candidates)
	if err != nil {
		return Activated{}, err
	}
	if !begun {
		return s.await(ctx, candidate)
	}
	row, err := s.promote(ctx, candidate, owner)
	if err != nil {
		return Activated{}, err
	}
	if row.Work.Owner != owner {
		return s.resume(ctx, row) // another worker holds it
	}
	return s.finish(ctx, row, owner)
}

// decided reports whether the row decides an activation, with the answer: its own is
// resumed, and one that it supersedes is refused.
func (s *Service) decided(ctx context.Context, row installation.Installation, candidate installation.Candidate) (answer Activated, decided bool, err error) {
	if row.Exists() && row.Generation == candidate.Generation() {
		answer, err = s.resume(ctx, row)
		return answer, true, err
	}
	err = installation.CheckActivation(row, candidate.Generation(), candidate.IssuedAt)
	return Activated{}, err != nil, err
}

// history reads what is stored of the candidate's organization and, in parallel,
// whether its token was applied before. Another worker may apply the token between
// the two reads, so its mark counts only with a row read after it: a row that does
// not show the activation is read again.
func (s *Service) history(ctx context.Context, candidate installation.Candidate) (current installation.Installation, known []installation.Candidate, used bool, err error) {
	reads, both := errgroup.WithContext(ctx)
	reads.Go(func() (err error) {
		current, known, err = s.store.Find(both, candidate.Key, s.now())
		return err
	})
	reads.Go(func() (err error) {
		used, err = s.store.Used(both, candidate.Key, candidate.ID, s.now())
		return err
	})
	err = reads.Wait()
	if err == nil && used && current.Generation != candidate.Generation() {
		current, known, err = s.store.Find(ctx, candidate.Key, s.now())
	}
	return current, known, used, err
}

// begin stores the candidate with its refresh token sealed, leased to this worker. A
// stored one from an earlier attempt is taken over, unless another worker holds it:
// then begun is false. A candidate is recoverable only once stored, so after a conflict
// the write is repeated.
func (s *Service) begin(ctx context.Context, candidate installation.Candidate, token webex.Token, known []installation.Candidate) (stored installation.Candidate, owner string, begun bool, err error) {
	owner = newOwner()
	if candidate.Refresh, err = s.seal(ctx, token.RefreshToken, installation.RefreshPlace(candidate.Key)); err != nil {
		return candidate, "", false, err
	}
	for range saveAttempts {
		next, held := s.takeOver(candidate, known)
		if held {
			return next, "", false, nil
		}
		if err := s.refusedBefore(ctx, next); err != nil {
			return next, "", false, err
		}
		next.Refused, next.RefusedWith = false, ""
		next.Work = installation.NewLease(owner, s.now())
		next.Schedule.DueAt = next.Work.Until
		stored, err = s.store.PutCandidate(ctx, next)
		if !errors.Is(err, installation.ErrConflict) {
			return stored, owner, err == nil, err
		}
		if _, known, err = s.store.Find(ctx, candidate.Key, s.now()); err != nil {
			return candidate, "", false, err
		}
	}
	return candidate, "", false, fmt.Errorf("%s of %s: %w", candidate.Kind, candidate.Key.Text(), installation.ErrConflict)
}

// takeOver returns the candidate of an earlier attempt, if there is one, else
// candidate; and whether another worker holds it.
func (s *Service) takeOver(candidate installation.Candidate, known []installation.Candidate) (installation.Candidate, bool) {
	earlier, there := sameCandidate(candidate, known)
	if !there {
		return candidate, false
	}
	// Its refresh token may be newer than the one in the activation code.
	if len(earlier.Refresh) == 0 {
		earlier.Refresh = candidate.Refresh
	}
	if earlier.Invited == (installation.Invited{}) { // the code was posted without the link before
		earlier.Invited = candidate.Invited
	}
	return earlier, earlier.Work.Held(s.now())
}

// refusedBefore returns [webex.ErrInvalidGrant] for a candidate that Webex refused
// with the same settings and credentials: it would refuse it again.
func (s *Service) refusedBefore(ctx context.Context, candidate installation.Candidate) error {
	if !candidate.Refused {
		return nil
	}
	with, err := s.triedWith(ctx, candidate.Key)
	if err == nil && with == candidate.RefusedWith {
		err = fmt.Errorf("%s of %s, as before: %w", candidate.Kind, candidate.Key.Text(), webex.ErrInvalidGrant)
	}
	return err
}

// finish registers our actionsUrl at Webex and pushes the configurations. Only a failed
// registration is an error of the activation: a configuration that is not stored yet is
// pending, and due.
func (s *Service) finish(ctx context.Context, row installation.Installation, owner string) (Activated, error) {
	row, result, err := s.conclude(ctx, row, owner)
	if err == nil && (row.RegisteredActionsURL != "" || result.registerErr == nil) {
		s.report(ctx, row, result, nil)
		return s.activated(row), nil
	}
	// The cause is logged once, with the request. A feature's error is not why the
	// registration failed, so callers must not find it with [errors.Is].
	s.log.InfoContext(ctx, msgSync, s.outcome(row, result)...)
	err = fmt.Errorf("activation of %s: %w", row.Key.Text(), errors.Join(err, result.registerErr))
	if result.featuresErr != nil {
		err = fmt.Errorf("%w (and %v)", err, result.featuresErr)
	}
	return Activated{}, err
}

// lease takes the row's work lease for this worker. It returns
// [installation.ErrConflict], and the row as it is, if another worker holds the lease,
// and [installation.ErrStale] if the row now belongs to another generation or is gone.
// If another worker only wrote the row, lease tries again.
func (s *Service) lease(ctx context.Context, row installation.Installation) (installation.Installation, string, error) {
	for range saveAttempts {
		if row.Work.Held(s.now()) {
			return row, "", installation.ErrConflict
		}
		owner, next := newOwner(), row
		next.Work = installation.NewLease(owner, s.now())
		next.Schedule.DueAt = next.Work.Until
		leased, err := s.store.Save(ctx, next)
		if !errors.Is(err, installation.ErrConflict) {
			return leased, owner, err
		}
		if row, err = s.reread(ctx, row); err != nil {
			return row, "", err
		}
	}
	return row, "", installation.ErrConflict
}

// settled reports whether no feature is pending.
func settled(row installation.Installation) bool {
	for _, feature := range row.Features {
		if feature.Status == installation.Pending {
			return false
		}
	}
	return true
}

// activated returns the result for row, with the features that we provide.
func (s *Service) activated(row installation.Installation) Activated {
	response := Activated{OrgID: row.Subject, AppID: row.AppID, State: row.State, Features: map[webex.Feature]installation.FeatureStatus{}}
	for name := range s.settings.provided(row) {
		feature := row.Features[name]
		switch {
		case feature.Endpoint == "":
			response.Features[name] = installation.NotOffered
		case feature.Status == installation.InSync:
			response.Features[name] = installation.InSync
		default:
			response.Features[name] = installation.Pending
		}
	}
	return response
}
