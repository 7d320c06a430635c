package lifecycle

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"signpost/shared/installation"
	"signpost/shared/secret"
	"signpost/shared/webex"
)

// move applies an update. One signed by the stored region is applied directly; one
// signed by the region that it moves to needs proof, like an activation: it is a
// candidate until Webex has confirmed it.
func (s *Service) move(ctx context.Context, token webex.Token) error {
	row, candidates, err := s.find(ctx, token)
	switch {
	case err != nil:
		return err
	case token.KeyRegion == row.Region:
		return s.change(ctx, token)
	case token.KeyRegion != token.Region:
		return s.wrongRegion(ctx, row, token)
	case token.AppURL == "" || token.AppURL == row.URLs.App:
		// A response from the old address does not prove a move.
		return fmt.Errorf("update of %s names no new appUrl: %w", row.Key.Text(), webex.ErrRejected)
	case token.IssuedAt.Before(row.LastActionAt):
		return s.skipAction(ctx, token, installation.ErrStale)
	}
	candidate := installation.NewCandidate(installation.Move, token, row.BaseURL, s.now())
	used, err := s.store.Used(ctx, row.Key, candidate.ID, s.now())
	if err != nil {
		return err
	}
	if used {
		return fmt.Errorf("update of %s: %w", row.Key.Text(), installation.ErrReplayed)
	}
	candidate, _, begun, err := s.begin(ctx, candidate, token, candidates)
	if err != nil {
		return err
	}
	if begun {
		if err = s.proveMove(ctx, candidate); errors.Is(err, webex.ErrUnavailable) {
			s.reportUnproven(ctx, candidate, err)
		}
	} else {
		_, err = s.awaitCandidate(ctx, candidate) // which logs its own failure
	}
	if errors.Is(err, webex.ErrUnavailable) {
		return nil // stored, and due
	}
	return err
}

// proveMove asks the new region for what only the real one has: an access token for
// the refresh token, and the installation at its new address. Only then is the
// installation changed. If it was activated again meanwhile, with other tokens, the
// proof is repeated.
func (s *Service) proveMove(ctx context.Context, candidate installation.Candidate) error {
	for range saveAttempts {
		err := s.proveMoveOnce(ctx, candidate)
		if !errors.Is(err, installation.ErrStale) {
			return err
		}
	}
	return installation.ErrConflict
}

// proveMoveOnce returns [installation.ErrStale] if the installation whose tokens
// it used was replaced meanwhile.
func (s *Service) proveMoveOnce(ctx context.Context, candidate installation.Candidate) error {
	row, _, err := s.store.Find(ctx, candidate.Key, s.now())
	if err != nil {
		return err
	}
	if _, err := candidate.Apply(row); err != nil {
		return s.dropStale(ctx, candidate, err)
	}
	var token secret.String
	var change func(*installation.Tokens)
	if len(candidate.Refresh) > 0 {
		var client webex.Credentials
		if client, err = s.keys.Client(ctx, candidate.Key); err == nil {
			token, change, candidate, err = s.exchangeCandidate(ctx, client, candidate, cmp.Or(candidate.URLs.OAuth, row.URLs.OAuth))
		}
	} else {
		token, change, err = s.renewForMove(ctx, candidate, row)
	}
	if err == nil {
		_, err = s.terms(ctx).webex.GetApp(ctx, candidate.URLs.App, token)
	}
	if errors.Is(err, installation.ErrStale) {
		return err
	}
	if err != nil {
		saveCtx, cancel := Detached(ctx)
		defer cancel()
		return s.recordUnproven(saveCtx, candidate, err)
	}
	return s.applyMove(ctx, candidate, row.Generation, change)
}

// renewForMove renews the installation's own tokens at the new region's token endpoint,
// for a move that brought none. As with any renewal, one worker at a time does it, and
// the new tokens are stored at once, whether or not the move is confirmed.
func (s *Service) renewForMove(ctx context.Context, candidate installation.Candidate, row installation.Installation) (secret.String, func(*installation.Tokens), error) {
	access, renewed, err := s.renew(ctx, row, row.Tokens.Access, cmp.Or(candidate.URLs.OAuth, row.URLs.OAuth))
	if errors.Is(err, ErrTokenInvalid) {
		err = errors.Join(err, webex.ErrInvalidGrant)
	}
	return access, func(tokens *installation.Tokens) {
		tokens.Access, tokens.AccessExpiresAt = renewed.Tokens.Access, renewed.Tokens.AccessExpiresAt
	}, err
}

// applyMove stores the proven move. base is the generation whose tokens proved it.
func (s *Service) applyMove(ctx context.Context, candidate installation.Candidate, base installation.Generation, change func(*installation.Tokens)) error {
	for range saveAttempts {
		saveCtx, cancel := Detached(ctx)
		row, _, err := s.store.Find(saveCtx, candidate.Key, s.now())
		cancel()
		if err != nil {
			return err
		}
		next, err := candidate.Apply(row)
		if err != nil {
			return s.dropStale(ctx, candidate, err)
		}
		if len(candidate.Refresh) == 0 && row.Generation != base {
			return fmt.Errorf("move of %s: %w", candidate.Key.Text(), installation.ErrStale)
		}
		change(&next.Tokens)
		err = s.commitAndSync(ctx, row, next, candidate.Used(), []installation.Candidate{candidate})
		if errors.Is(err, installation.ErrReplayed) {
			saveCtx, cancel := Detached(ctx)
			defer cancel()
			return errors.Join(err, s.drop(saveCtx, candidate))
		}
		if !errors.Is(err, installation.ErrConflict) {
			return err
		}
	}
	return installation.ErrConflict
}

// dropStale deletes a move that something newer has superseded.
func (s *Service) dropStale(ctx context.Context, candidate installation.Candidate, cause error) error {
	s.log.InfoContext(ctx, msgMoveSkipped, "org", candidate.OrgKey, "app", candidate.AppID, "outcome", "unneeded", "cause", cause)
	saveCtx, cancel := Detached(ctx)
	defer cancel()
	return s.drop(saveCtx, candidate)
}
