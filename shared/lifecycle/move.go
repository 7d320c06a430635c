package lifecycle

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"signpost/shared/installation"
	"signpost/shared/webex"
)

// move applies an update. The stored region's word is good as it is; that of
// the region which the token moves to needs proof, like an activation: it is a
// candidate until Webex has borne it out.
func (s *Service) move(ctx context.Context, token webex.Token) error {
	row, candidates, err := s.find(ctx, token)
	switch {
	case err != nil:
		return err
	case token.KeyRegion == row.Region:
		return s.change(ctx, token)
	case token.KeyRegion != token.Region:
		return fmt.Errorf("update of %s: %w", row.OrgKey, installation.ErrWrongRegion)
	case token.IssuedAt.Before(row.LastActionAt):
		return s.unneeded(ctx, token, installation.ErrStale)
	}
	candidate := installation.NewCandidate(installation.Move, token, row.BaseURL, s.now())
	candidate.Base = row.Generation
	used, err := s.store.Used(ctx, row.OrgKey, candidate.ID, s.now())
	if err != nil {
		return err
	}
	if used {
		return fmt.Errorf("update of %s: %w", row.OrgKey, installation.ErrReplayed)
	}
	candidate, _, begun, err := s.begin(ctx, candidate, token, candidates)
	if err != nil || !begun {
		return err // not begun: another worker is at it
	}
	err = s.proveMove(ctx, candidate)
	if errors.Is(err, webex.ErrUnavailable) {
		return nil // stored, and due
	}
	return err
}

// proveMove asks the new region for what only the true one has: an access token
// for the refresh token, and the installation at its new address. Only then is
// the installation touched.
func (s *Service) proveMove(ctx context.Context, candidate installation.Candidate) error {
	row, _, err := s.store.Find(ctx, candidate.OrgKey, s.now())
	if err != nil {
		return err
	}
	if _, err := candidate.Apply(row); err != nil {
		return s.dropStale(ctx, candidate, err)
	}
	if len(candidate.Refresh) == 0 {
		candidate.Refresh = row.Tokens.Refresh
	}
	tokens, err := s.exchangeSealed(ctx, candidate.OrgKey, cmp.Or(candidate.URLs.OAuth, row.URLs.OAuth), candidate.Refresh)
	settle, cancel := lasting(ctx)
	defer cancel()
	if err != nil {
		return s.unproven(settle, candidate, err)
	}
	change, err := s.renewal(settle, candidate.OrgKey, tokens)
	if err != nil {
		return err
	}
	renewed := installation.Tokens{Refresh: candidate.Refresh}
	change(&renewed)
	candidate.Refresh = renewed.Refresh
	if candidate, err = s.store.PutCandidate(settle, candidate); err != nil {
		return err
	}
	if _, err := s.webex.GetApp(ctx, cmp.Or(candidate.URLs.App, row.URLs.App), tokens.Access); err != nil {
		settle, cancel := lasting(ctx)
		defer cancel()
		return s.unproven(settle, candidate, err)
	}
	return s.applyMove(ctx, candidate, change)
}

func (s *Service) applyMove(ctx context.Context, candidate installation.Candidate, change func(*installation.Tokens)) error {
	used := installation.Used{OrgKey: candidate.OrgKey, ID: candidate.ID, Until: candidate.AcceptableUntil}
	for range saveAttempts {
		settle, cancel := lasting(ctx)
		row, _, err := s.store.Find(settle, candidate.OrgKey, s.now())
		cancel()
		if err != nil {
			return err
		}
		next, err := candidate.Apply(row)
		if err != nil {
			return s.dropStale(ctx, candidate, err)
		}
		change(&next.Tokens)
		err = s.commitAndSync(ctx, row, next, used, []installation.Candidate{candidate})
		if !errors.Is(err, installation.ErrConflict) {
			return err
		}
	}
	return installation.ErrConflict
}

// dropStale deletes a move that something newer has overtaken.
func (s *Service) dropStale(ctx context.Context, candidate installation.Candidate, cause error) error {
	s.log.InfoContext(ctx, "move not needed", "org", candidate.OrgKey, "outcome", "unneeded", "cause", cause)
	settle, cancel := lasting(ctx)
	defer cancel()
	return s.store.DeleteCandidate(settle, candidate)
}
