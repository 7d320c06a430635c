package lifecycle

import (
	"context"
	"errors"
	"fmt"

	"signpost/shared/installation"
)

// TryClient exchanges the refresh token of one active installation, once, with this
// service's OAuth client: operators test a new client secret with it. It takes the
// renewal lease as any worker does, waits for it as long as ctx allows, and stores a
// new refresh token. A refusal does not change the installation: the secret under test
// may be wrong.
//
// It returns [installation.ErrNotFound] if the installation is not active, and
// the errors of package webex.
func (s *Service) TryClient(ctx context.Context, key installation.Key) error {
	owner := newOwner()
	for {
		row, _, err := s.store.Find(ctx, key, s.now())
		if err != nil {
			return err
		}
		if row.State != installation.Active || len(row.Tokens.Refresh) == 0 {
			return fmt.Errorf("try the client with %s: %w", key.Text(), installation.ErrNotFound)
		}
		if !row.Tokens.Renewal.Held(s.now()) {
			row.Tokens.Renewal = installation.NewLease(owner, s.now())
			leased, err := s.store.Save(ctx, row)
			if !errors.Is(err, installation.ErrConflict) {
				if err == nil {
					err = s.tryClient(ctx, leased, owner)
				}
				return err
			}
		}
		if err := s.wait(ctx, "token renewal of "+key.Text()); err != nil {
			return err
		}
	}
}

func (s *Service) tryClient(ctx context.Context, row installation.Installation, owner string) error {
	used := row.Tokens.Refresh
	tokens, err := s.exchangeSealed(ctx, row.Key, row.URLs.OAuth, used)
	saveCtx, cancel := Detached(ctx)
	defer cancel()
	if err != nil {
		s.release(saveCtx, row, owner)
		return fmt.Errorf("try the client with %s: %w", row.Key.Text(), err)
	}
	_, err = s.storeRenewed(saveCtx, row, owner, used, tokens)
	return err
}
