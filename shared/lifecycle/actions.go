package lifecycle

import (
	"context"
	"errors"
	"fmt"

	"signpost/shared/installation"
	"signpost/shared/webex"
)

// Act applies a management action other than healthCheck, whose token the caller has
// verified. It stores the change and marks the token as used in one write. Then it
// updates Webex as far as ctx allows; the rest is due.
//
// An action that something newer has superseded changes nothing and is no error. Act
// returns [installation.ErrNotFound] for an unknown organization,
// [installation.ErrWrongRegion] for a token that another region signed,
// [installation.ErrReplayed] for one that was applied before, [webex.ErrInvalidGrant]
// or [webex.ErrRejected] for a move that Webex does not confirm, and
// [webex.ErrWrongAction] for any other action.
func (s *Service) Act(ctx context.Context, token webex.Token) error {
	switch token.Action {
	case webex.UpdateApproved:
		return s.change(ctx, token)
	case webex.Update:
		return s.move(ctx, token)
	case webex.Deprovision:
		return s.remove(ctx, token)
	default:
		return fmt.Errorf("%w: %q", webex.ErrWrongAction, token.Action)
	}
}

// find returns the installation that token names, and its candidates.
func (s *Service) find(ctx context.Context, token webex.Token) (installation.Installation, []installation.Candidate, error) {
	key := installation.KeyOf(token)
	row, candidates, err := s.store.Find(ctx, key, s.now())
	if err == nil && !row.Exists() {
		err = fmt.Errorf("installation of %s: %w", key.Text(), installation.ErrNotFound)
	}
	return row, candidates, err
}

// change applies an updateApproved, or an update that the stored region signed.
func (s *Service) change(ctx context.Context, token webex.Token) error {
	change := installation.NewChange(token)
	var err error
	key := installation.KeyOf(token)
	if change.Refresh, err = s.seal(ctx, token.RefreshToken, installation.RefreshPlace(key)); err != nil {
		return err
	}
	for range saveAttempts {
		row, _, err := s.find(ctx, token)
		if err != nil {
			return err
		}
		if token.KeyRegion != row.Region {
			return s.wrongRegion(ctx, row, token)
		}
		next, err := row.Change(change)
		if errors.Is(err, installation.ErrStale) {
			return s.skipAction(ctx, token, err)
		}
		if err != nil {
			return err
		}
		err = s.commitAndSync(ctx, row, next, usedBy(token), nil)
		if !errors.Is(err, installation.ErrConflict) {
			return err
		}
	}
	return installation.ErrConflict
}

// commitAndSync stores next in place of row and, unless another worker holds it or it has
// no access, updates Webex at once. An error means that nothing was stored: a failure at
// Webex is logged where it occurs, and the row is due.
func (s *Service) commitAndSync(ctx context.Context, row, next installation.Installation, used installation.Used, done []installation.Candidate) error {
	now := s.now()
	owner := "" // of the lease under which Webex is updated, if it is
	switch {
	case row.Work.Held(now):
		next.Schedule.DueAt = row.Work.Until
	case next.State != installation.Active:
		next.Schedule.DueAt = now
	default:
		owner = newOwner()
		next.Work = installation.NewLease(owner, now)
		next.Schedule.DueAt = next.Work.Until
	}
	saveCtx, cancel := Detached(ctx)
	defer cancel()
	stored, err := s.store.Commit(saveCtx, next, used, done, now)
	if err != nil {
		return err
	}
	if owner != "" {
		_, _, _ = s.syncAndConclude(ctx, stored, owner)
	}
	return nil
}

func usedBy(token webex.Token) installation.Used {
	until := token.AcceptableUntil()
	if token.Action == webex.Update {
		// The same token may have become a candidate while the installation lived
		// in another region: see Candidate.Used.
		until = until.Add(installation.CandidateLife)
	}
	return installation.Used{Key: installation.KeyOf(token), ID: installation.Digest(token.ID), Until: until}
}

// skipAction logs an action that is not applied because of cause. That is no error.
func (s *Service) skipAction(ctx context.Context, token webex.Token, cause error) error {
	s.log.InfoContext(ctx, msgActionSkipped, "org", webex.OrganizationKey(token.Subject), "app", token.AppID, "action", string(token.Action), "outcome", "unneeded", "cause", cause)
	return nil
}

// remove deletes the installation and every candidate that is older than the removal.
// Webex is not called: it has already removed the integration.
func (s *Service) remove(ctx context.Context, token webex.Token) error {
	key := installation.KeyOf(token)
	lost := installation.ErrConflict
	for range saveAttempts {
		row, candidates, err := s.store.Find(ctx, key, s.now())
		if err != nil {
			return err
		}
		older := olderThan(token, candidates)
		if row.Version == 0 {
			if len(older) == 0 {
				return fmt.Errorf("installation of %s: %w", key.Text(), installation.ErrNotFound)
			}
			// A worker currently proving one of these must find a tombstone.
			row = installation.Installation{Key: key, Statement: installation.Statement{Subject: token.Subject, Region: token.KeyRegion}}
		}
		if token.KeyRegion != row.Region {
			return s.wrongRegion(ctx, row, token)
		}
		next, err := row.Remove(token.IssuedAt, token.AcceptableUntil())
		switch {
		case errors.Is(err, installation.ErrStale):
			if lost = s.dropCandidates(ctx, older); lost == nil {
				return s.skipAction(ctx, token, err)
			}
		case err != nil:
			return err
		default:
			if _, lost = s.store.Commit(ctx, next, usedBy(token), older, s.now()); lost == nil {
				s.log.InfoContext(ctx, MsgRemoved, "org", key.OrgKey, "app", key.AppID, "outcome", "removed")
				return nil
			}
		}
		// If the token is marked as used, it was applied after the row was read: a row
		// read now shows the removal.
		if !errors.Is(lost, installation.ErrConflict) && !errors.Is(lost, installation.ErrReplayed) {
			return lost
		}
	}
	return lost
}

// olderThan lists the candidates that a removal ends: those from earlier tokens of the
// same region.
func olderThan(token webex.Token, candidates []installation.Candidate) []installation.Candidate {
	const most = 20
	var older []installation.Candidate
	for _, candidate := range candidates {
		if candidate.IssuedAt.Before(token.IssuedAt) && candidate.Region == token.KeyRegion && len(older) < most {
			older = append(older, candidate)
		}
	}
	return older
}

func (s *Service) dropCandidates(ctx context.Context, candidates []installation.Candidate) error {
	var errs []error
	for _, candidate := range candidates {
		errs = append(errs, s.store.DeleteCandidate(ctx, candidate))
	}
	return errors.Join(errs...)
}
