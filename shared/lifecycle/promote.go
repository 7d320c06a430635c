package lifecycle

import (
	"context"
	"errors"
	"fmt"

	"signpost/shared/installation"
	"signpost/shared/secret"
	"signpost/shared/webex"
)

// promote proves the activation by exchanging its refresh token with our client, and
// makes it the installation in one write that also marks its token as used. owner gets
// the row's work lease, unless another worker promoted the same code or still works on
// the installation that this one replaces.
func (s *Service) promote(ctx context.Context, candidate installation.Candidate, owner string) (row installation.Installation, err error) {
	// Read again now that we hold the candidate: another worker may have finished the
	// same activation, or a newer one, before it was stored.
	row, next, err := s.planPromotion(ctx, candidate)
	if err != nil || row.Version != 0 {
		return row, err
	}
	client, err := s.keys.Client(ctx, candidate.Key)
	var change func(*installation.Tokens)
	if err == nil {
		_, change, candidate, err = s.exchangeCandidate(ctx, client, candidate, candidate.URLs.OAuth)
	}
	saveCtx, cancel := Detached(ctx)
	defer cancel()
	if err != nil {
		return row, s.recordUnproven(saveCtx, candidate, err)
	}
	if err := s.keys.Prove(saveCtx, candidate.Key, client); err != nil {
		return row, s.recordUnproven(saveCtx, candidate, err)
	}
	next.replace(candidate)
	for range saveAttempts {
		next.installation.Tokens.Refresh = candidate.Refresh
		change(&next.installation.Tokens)
		if !next.installation.Work.Held(s.now()) {
			next.installation.Work = installation.NewLease(owner, s.now())
		}
		next.installation.Schedule.DueAt = next.installation.Work.Until
		stored, err := s.store.Commit(saveCtx, next.installation, candidate.Used(), next.done, s.now())
		replayed := errors.Is(err, installation.ErrReplayed) || errors.Is(err, installation.ErrInvited)
		if !replayed && !errors.Is(err, installation.ErrConflict) {
			return stored, err
		}
		// Another worker wrote during the exchange, maybe this very activation: the
		// mark of its token counts only with a row read after it.
		lost := err
		if row, next, err = s.planPromotion(saveCtx, candidate); err != nil || row.Version != 0 {
			return row, err
		}
		if replayed {
			// Otherwise it would be retried, and succeed once the mark of its token expired.
			return row, errors.Join(lost, s.drop(saveCtx, candidate))
		}
	}
	return row, installation.ErrConflict
}

// exchangeCandidate exchanges a candidate's refresh token, which proves it. A new
// refresh token is stored with the candidate before the access token is used: the next
// step may fail, and this is the only copy. change sets the tokens of an installation.
// The candidate is returned as stored, even with an error.
func (s *Service) exchangeCandidate(ctx context.Context, client webex.Credentials, candidate installation.Candidate, oauthURL string) (access secret.String, change func(*installation.Tokens), stored installation.Candidate, err error) {
	tokens, err := s.exchangeBy(ctx, client, candidate.Key, oauthURL, candidate.Refresh)
	if err != nil {
		return access, nil, candidate, err
	}
	saveCtx, cancel := Detached(ctx)
	defer cancel()
	if change, err = s.tokenChange(saveCtx, candidate.Key, tokens); err != nil {
		return access, nil, candidate, err
	}
	if !tokens.Refresh.IsZero() {
		renewed := installation.Tokens{}
		change(&renewed)
		candidate, err = s.keepRotated(saveCtx, candidate, renewed.Refresh)
	}
	return tokens.Access, change, candidate, err
}

// keepRotated stores a new refresh token with its candidate, even if another worker has
// taken that over: the token which that worker has is no longer valid. A candidate that
// was deleted needs none.
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
		_, known, err := s.store.Find(ctx, candidate.Key, s.now())
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

// drop deletes a candidate that is no longer needed. One that another worker has taken
// over is left to that worker, which will find the same.
func (s *Service) drop(ctx context.Context, candidate installation.Candidate) error {
	err := s.store.DeleteCandidate(ctx, candidate)
	if errors.Is(err, installation.ErrConflict) {
		return nil
	}
	return err
}

// promotion is what a candidate becomes, and the candidates that are deleted with it.
type promotion struct {
	installation installation.Installation
	done         []installation.Candidate
}

// replace replaces the candidate in p by its newer state.
func (p promotion) replace(candidate installation.Candidate) {
	for i, other := range p.done {
		if other.Kind == candidate.Kind && other.ID == candidate.ID {
			p.done[i] = candidate
		}
	}
}

// planPromotion returns what candidate would become in place of what is stored. If the same
// activation is already the installation, that is returned instead. A superseded
// candidate is deleted.
func (s *Service) planPromotion(ctx context.Context, candidate installation.Candidate) (installation.Installation, promotion, error) {
	current, known, err := s.store.Find(ctx, candidate.Key, s.now())
	if err != nil {
		return installation.Installation{}, promotion{}, err
	}
	next, err := candidate.Promote(current)
	if err == nil {
		if next.DeviceKey.IsZero() {
			next.DeviceKey = installation.NewDeviceKey()
		}
		return installation.Installation{}, promotion{next, outdated(candidate, known)}, nil
	}
	if dropErr := s.drop(ctx, candidate); dropErr != nil {
		return installation.Installation{}, promotion{}, errors.Join(err, dropErr)
	}
	if errors.Is(err, installation.ErrReplayed) && current.Exists() {
		return current, promotion{}, nil
	}
	return installation.Installation{}, promotion{}, err
}

// outdated lists the candidates that a promotion deletes: its own and all from earlier
// tokens.
func outdated(candidate installation.Candidate, known []installation.Candidate) []installation.Candidate {
	const most = 20 // a transaction is limited; the others expire
	var done []installation.Candidate
	for _, other := range known {
		own := other.Kind == candidate.Kind && other.ID == candidate.ID
		if own || (other.IssuedAt.Before(candidate.IssuedAt) && len(done) < most) {
			done = append(done, other)
		}
	}
	return done
}

// recordUnproven stores why a candidate could not be proven: a refused one is kept but
// not tried again; any other is due after a back-off, its token sealed with the current
// primary key.
func (s *Service) recordUnproven(ctx context.Context, candidate installation.Candidate, cause error) error {
	failure := failureOf(candidate.Work.Owner, cause, s.now())
	candidate.Work = installation.Lease{}
	if errors.Is(cause, webex.ErrInvalidGrant) {
		// Without that digest it is tried again when it is posted again.
		candidate.Refused = true
		candidate.RefusedWith, _ = s.triedWith(ctx, candidate.Key)
		candidate.Refresh = nil
		candidate.Schedule = installation.Schedule{LastResult: "refused"}
	} else {
		candidate.Schedule = s.scheduled(candidate.Schedule, s.now(), cause)
		candidate.Schedule.LastResult = "unproven"
		if sealer, err := s.keys.Sealer(ctx); err == nil {
			candidate.Refresh = reseal(sealer, candidate.Refresh, installation.RefreshPlace(candidate.Key))
		}
	}
	candidate.Schedule.Failure = failure
	_, err := s.store.PutCandidate(ctx, candidate)
	if errors.Is(err, installation.ErrConflict) {
		err = nil // another worker has taken it over
	}
	return errors.Join(fmt.Errorf("prove %s of %s: %w", candidate.Kind, candidate.Key.Text(), cause), err)
}
