package lifecycle

import (
	"context"
	"errors"
	"fmt"

	"signpost/shared/installation"
	"signpost/shared/secret"
	"signpost/shared/webex"
)

// promote proves the activation by exchanging its refresh token with our
// client, and makes it the installation in one write that also marks its token
// as used. The row's work lease is owner's, unless another worker promoted the
// same code or is still at work on the installation that this one replaces.
func (s *Service) promote(ctx context.Context, candidate installation.Candidate, owner string) (row installation.Installation, err error) {
	// Look again now that the candidate is ours: another worker may have
	// finished the same activation, or a newer one, before we stored it.
	row, next, err := s.successor(ctx, candidate)
	if err != nil || row.Version != 0 {
		return row, err
	}
	_, change, candidate, err := s.exchangeCandidate(ctx, candidate, candidate.URLs.OAuth)
	settle, cancel := detached(ctx)
	defer cancel()
	if err != nil {
		return row, s.unproven(settle, candidate, err)
	}
	next.renew(candidate)
	for range saveAttempts {
		next.installation.Tokens.Refresh = candidate.Refresh
		change(&next.installation.Tokens)
		if !next.installation.Work.Held(s.now()) {
			next.installation.Work = installation.NewLease(owner, s.now())
		}
		next.installation.Schedule.DueAt = next.installation.Work.Until
		stored, err := s.store.Commit(settle, next.installation, candidate.Used(), next.done, s.now())
		replayed := errors.Is(err, installation.ErrReplayed)
		if !replayed && !errors.Is(err, installation.ErrConflict) {
			return stored, err
		}
		// Another worker wrote while Webex answered, maybe this very activation:
		// the mark of its token is evidence only with a row read after it.
		lost := err
		if row, next, err = s.successor(settle, candidate); err != nil || row.Version != 0 {
			return row, err
		}
		if replayed {
			return row, s.spent(settle, candidate, lost)
		}
	}
	return row, installation.ErrConflict
}

// exchangeCandidate exchanges a candidate's refresh token, which proves it. One
// that Webex gives in its place is stored with the candidate before anything else
// comes of the answer: what comes next may fail, and this is the only copy. change
// puts the tokens into an installation. The candidate comes back as it is then,
// with an error too.
func (s *Service) exchangeCandidate(ctx context.Context, candidate installation.Candidate, oauthURL string) (access secret.String, change func(*installation.Tokens), stored installation.Candidate, err error) {
	tokens, err := s.exchangeSealed(ctx, candidate.OrgKey, oauthURL, candidate.Refresh)
	if err != nil {
		return access, nil, candidate, err
	}
	settle, cancel := detached(ctx)
	defer cancel()
	if change, err = s.renewal(settle, candidate.OrgKey, tokens); err != nil {
		return access, nil, candidate, err
	}
	if !tokens.Refresh.IsZero() {
		renewed := installation.Tokens{}
		change(&renewed)
		candidate, err = s.keepRotated(settle, candidate, renewed.Refresh)
	}
	return tokens.Access, change, candidate, err
}

// keepRotated stores a refresh token with its candidate, also where another
// worker has taken that over: what it holds is no longer good. A candidate that
// is gone needs none.
func (s *Service) keepRotated(ctx context.Context, candidate installation.Candidate, refresh secret.Sealed) (installation.Candidate, error) {
	for range saveAttempts {
		candidate.Refresh = refresh
		stored, err := s.store.PutCandidate(ctx, candidate)
		if err == nil {
			return stored, nil
		}
		if !errors.Is(err, installation.ErrConflict) {
			return candidate, err
		}
		_, known, err := s.store.Find(ctx, candidate.OrgKey, s.now())
		if err != nil {
			return candidate, err
		}
		latest, there := sameCandidate(candidate, known)
		if !there {
			return candidate, nil
		}
		candidate = latest
	}
	return candidate, installation.ErrConflict
}

// spent deletes a candidate whose token was applied before: it was stored
// beside the worker that applied it. Left, it would be tried over and over, and
// with success once the mark of its token is gone.
func (s *Service) spent(ctx context.Context, candidate installation.Candidate, cause error) error {
	return errors.Join(cause, s.drop(ctx, candidate))
}

// drop deletes a candidate that is not needed any more. One that another worker
// has taken over is left to that worker, who will find the same.
func (s *Service) drop(ctx context.Context, candidate installation.Candidate) error {
	err := s.store.DeleteCandidate(ctx, candidate)
	if errors.Is(err, installation.ErrConflict) {
		return nil
	}
	return err
}

// succession is what a candidate becomes and which candidates go with that.
type succession struct {
	installation installation.Installation
	done         []installation.Candidate
}

// renew puts the candidate as it is stored now in the place of itself.
func (s succession) renew(candidate installation.Candidate) {
	for i, other := range s.done {
		if other.Kind == candidate.Kind && other.ID == candidate.ID {
			s.done[i] = candidate
		}
	}
}

// successor returns what candidate would become in place of what is stored. If
// the same activation is the installation already, that is returned instead. A
// candidate whose time is over is deleted.
func (s *Service) successor(ctx context.Context, candidate installation.Candidate) (installation.Installation, succession, error) {
	current, known, err := s.store.Find(ctx, candidate.OrgKey, s.now())
	if err != nil {
		return installation.Installation{}, succession{}, err
	}
	next, err := candidate.Promote(current)
	if err == nil {
		return installation.Installation{}, succession{next, outdated(candidate, known)}, nil
	}
	if dropErr := s.drop(ctx, candidate); dropErr != nil {
		return installation.Installation{}, succession{}, errors.Join(err, dropErr)
	}
	if errors.Is(err, installation.ErrReplayed) && current.Exists() {
		return current, succession{}, nil
	}
	return installation.Installation{}, succession{}, err
}

// outdated lists what goes with a promotion: the candidate itself and all that
// was asked for before it.
func outdated(candidate installation.Candidate, known []installation.Candidate) []installation.Candidate {
	const most = 20 // a transaction has its limits; what is left expires
	var done []installation.Candidate
	for _, other := range known {
		own := other.Kind == candidate.Kind && other.ID == candidate.ID
		if own || (other.IssuedAt.Before(candidate.IssuedAt) && len(done) < most) {
			done = append(done, other)
		}
	}
	return done
}

// unproven writes down why a candidate could not be proven: a refused one
// stays without being tried again, any other is due after a back-off, sealed by
// today's key.
func (s *Service) unproven(ctx context.Context, candidate installation.Candidate, cause error) error {
	failure := failureOf(candidate.Work.Owner, cause, s.now())
	candidate.Work = installation.Lease{}
	if errors.Is(cause, webex.ErrInvalidGrant) {
		// Without a name for what it was refused with, it is worth another try.
		candidate.Refused = true
		candidate.RefusedWith, _ = s.triedWith(ctx)
		candidate.Refresh = nil
		candidate.Schedule = installation.Schedule{LastResult: "refused"}
	} else {
		candidate.Schedule = s.scheduled(candidate.Schedule, s.now(), cause)
		candidate.Schedule.LastResult = "unproven"
		if sealer, err := s.sealer(ctx); err == nil {
			candidate.Refresh = reseal(sealer, candidate.Refresh, installation.RefreshPlace(candidate.OrgKey))
		}
	}
	candidate.Schedule.Failure = failure
	_, err := s.store.PutCandidate(ctx, candidate)
	if errors.Is(err, installation.ErrConflict) {
		err = nil // another worker has taken it over
	}
	return errors.Join(fmt.Errorf("prove %s of %s: %w", candidate.Kind, candidate.OrgKey, cause), err)
}
