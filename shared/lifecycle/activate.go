package lifecycle

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"signpost/shared/installation"
	"signpost/shared/webex"
)

// Activated is what an activation came to.
type Activated struct {
	OrgID    string
	AppID    string
	State    installation.State
	Features map[webex.Feature]installation.FeatureStatus
}

// Activate takes an activation code, whose token the caller has verified, and
// stores it as a candidate before Webex is called. Once its refresh token has
// been exchanged, it is the installation; then Webex is told of us and gets the
// configurations. baseURL is the public address under which the code arrived.
//
// A code that was completed before is answered as the first time and does
// nothing; one that was left half-done is resumed. It returns
// [installation.ErrReplayed] and [installation.ErrStale] for a code whose time
// is over, [webex.ErrInvalidGrant] if the manifest is not ours, and other
// errors of package webex when Webex refused or could not be told. In each of
// the last cases what can be retried is due.
func (s *Service) Activate(ctx context.Context, token webex.Token, baseURL string) (Activated, error) {
	candidate := installation.NewCandidate(installation.Activation, token, baseURL, s.now())
	current, candidates, used, err := s.history(ctx, candidate)
	if err != nil {
		return Activated{}, err
	}
	if current.Exists() && current.Generation == candidate.Generation() {
		return s.resume(ctx, current)
	}
	if err := installation.CheckActivation(current, candidate.Generation(), candidate.IssuedAt); err != nil {
		return Activated{}, err
	}
	if used {
		return Activated{}, fmt.Errorf("activation of %s: %w", candidate.OrgKey, installation.ErrReplayed)
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
		return s.resume(ctx, row) // another worker is at it
	}
	return s.finish(ctx, row, owner)
}

// history reads what is stored of the candidate's organization and, side by side,
// whether its token was applied before: somebody waits for the answer. The mark
// of a token is evidence only together with a row that was read after it, since
// another worker may have applied the token between the two reads: where the
// row does not show the activation, it is read again.
func (s *Service) history(ctx context.Context, candidate installation.Candidate) (current installation.Installation, known []installation.Candidate, used bool, err error) {
	reads, both := errgroup.WithContext(ctx)
	reads.Go(func() (err error) {
		current, known, err = s.store.Find(both, candidate.OrgKey, s.now())
		return err
	})
	reads.Go(func() (err error) {
		used, err = s.store.Used(both, candidate.OrgKey, candidate.ID, s.now())
		return err
	})
	err = reads.Wait()
	if err == nil && used && current.Generation != candidate.Generation() {
		current, known, err = s.store.Find(ctx, candidate.OrgKey, s.now())
	}
	return current, known, used, err
}

// begin stores the candidate with its refresh token sealed, leased to this
// worker. If the same candidate is there from an earlier try, it is taken over,
// unless another worker is at it, in which case begun is false. Only what is
// stored is in the hands of anybody: a write that fails because something else
// was in its way is run again.
func (s *Service) begin(ctx context.Context, candidate installation.Candidate, token webex.Token, known []installation.Candidate) (stored installation.Candidate, owner string, begun bool, err error) {
	owner = newOwner()
	if candidate.Refresh, err = s.seal(ctx, token.RefreshToken, installation.RefreshPlace(candidate.OrgKey)); err != nil {
		return candidate, "", false, err
	}
	for range saveAttempts {
		next, held := s.takenOver(candidate, known)
		if held {
			return next, "", false, nil
		}
		next.Work = installation.NewLease(owner, s.now())
		next.Schedule.DueAt = next.Work.Until
		stored, err = s.store.PutCandidate(ctx, next)
		if !errors.Is(err, installation.ErrConflict) {
			return stored, owner, err == nil, err
		}
		if _, known, err = s.store.Find(ctx, candidate.OrgKey, s.now()); err != nil {
			return candidate, "", false, err
		}
	}
	return candidate, "", false, fmt.Errorf("%s of %s: %w", candidate.Kind, candidate.OrgKey, installation.ErrConflict)
}

// takenOver is candidate as an earlier try may have left it, and whether
// another worker is at it.
func (s *Service) takenOver(candidate installation.Candidate, known []installation.Candidate) (installation.Candidate, bool) {
	for _, earlier := range known {
		if earlier.Kind != candidate.Kind || earlier.ID != candidate.ID {
			continue
		}
		if earlier.Work.Held(s.now()) {
			return earlier, true
		}
		// Its refresh token may be newer than the one in the activation code.
		if len(earlier.Refresh) == 0 {
			earlier.Refresh = candidate.Refresh
		}
		earlier.Refused = false
		return earlier, false
	}
	return candidate, false
}

// await waits for the worker that is at the same activation, as when Webex and
// an admin deliver one code at the same time, and answers what came of it.
func (s *Service) await(ctx context.Context, candidate installation.Candidate) (Activated, error) {
	for {
		if err := s.pause(ctx, leasePoll); err != nil {
			return Activated{}, fmt.Errorf("wait for another worker's activation of %s: %w", candidate.OrgKey, errors.Join(webex.ErrUnavailable, err))
		}
		current, candidates, err := s.store.Find(ctx, candidate.OrgKey, s.now())
		if err != nil {
			return Activated{}, err
		}
		if current.Exists() && current.Generation == candidate.Generation() {
			return s.resume(ctx, current)
		}
		waiting := false
		for _, other := range candidates {
			waiting = waiting || (other.ID == candidate.ID && other.Work.Held(s.now()))
		}
		if !waiting {
			return Activated{}, fmt.Errorf("activation of %s by another worker: %w", candidate.OrgKey, webex.ErrUnavailable)
		}
	}
}

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
	tokens, err := s.exchangeSealed(ctx, candidate.OrgKey, candidate.URLs.OAuth, candidate.Refresh)
	settle, cancel := lasting(ctx)
	defer cancel()
	if err != nil {
		return row, s.unproven(settle, candidate, err)
	}
	change, err := s.renewal(settle, candidate.OrgKey, tokens)
	if err != nil {
		return row, err
	}
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
// stays without being tried again, any other is due after a back-off.
func (s *Service) unproven(ctx context.Context, candidate installation.Candidate, cause error) error {
	candidate.Work = installation.Lease{}
	if errors.Is(cause, webex.ErrInvalidGrant) {
		candidate.Refused = true
		candidate.Refresh = nil
		candidate.Schedule = installation.Schedule{LastResult: "refused"}
	} else {
		candidate.Schedule = s.scheduled(candidate.Schedule, s.now(), cause)
		candidate.Schedule.LastResult = "unproven"
	}
	_, err := s.store.PutCandidate(ctx, candidate)
	if errors.Is(err, installation.ErrConflict) {
		err = nil // another worker has taken it over
	}
	return errors.Join(fmt.Errorf("prove %s of %s: %w", candidate.Kind, candidate.OrgKey, cause), err)
}

// finish tells Webex of us and pushes the configurations. It is an error of the
// activation only if Webex was not told: a configuration that is not stored yet
// is pending, and due.
func (s *Service) finish(ctx context.Context, row installation.Installation, owner string) (Activated, error) {
	row, result, err := s.conclude(ctx, row, owner)
	if err == nil && (row.ToldActionsURL != "" || result.untold == nil) {
		s.report(ctx, row, result, nil)
		return s.activated(row), nil
	}
	// The cause is logged with the answer, once.
	s.log.InfoContext(ctx, "sync", s.outcome(row, result)...)
	return Activated{}, fmt.Errorf("activation of %s: %w", row.OrgKey, errors.Join(err, result.err))
}

// resume answers for an activation that is stored already. What it left undone
// is done now, unless another worker is at it.
func (s *Service) resume(ctx context.Context, row installation.Installation) (Activated, error) {
	if row.State != installation.Active || (row.ToldActionsURL != "" && settled(row)) {
		return s.activated(row), nil
	}
	leased, owner, err := s.lease(ctx, row)
	if errors.Is(err, installation.ErrConflict) {
		return s.activated(row), nil
	}
	if err != nil {
		return Activated{}, err
	}
	return s.finish(ctx, leased, owner)
}

// lease takes the row's work lease for this worker. It returns
// [installation.ErrConflict], and the row as it is, if another worker has it,
// and [installation.ErrStale] if the row belongs to another generation by now or
// is gone. That another worker merely wrote the row is no reason to leave it.
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

func settled(row installation.Installation) bool {
	for _, feature := range row.Features {
		if feature.Status == installation.Pending {
			return false
		}
	}
	return true
}

// activated reports the features that we provide.
func (s *Service) activated(row installation.Installation) Activated {
	answer := Activated{OrgID: row.Subject, AppID: row.AppID, State: row.State, Features: map[webex.Feature]installation.FeatureStatus{}}
	for name := range s.settings.Provided {
		feature := row.Features[name]
		switch {
		case feature.Endpoint == "":
			answer.Features[name] = installation.NotOffered
		case feature.Status == installation.InSync:
			answer.Features[name] = installation.InSync
		default:
			answer.Features[name] = installation.Pending
		}
	}
	return answer
}
