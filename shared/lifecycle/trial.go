package lifecycle

import (
	"context"
	"errors"
	"fmt"

	"signpost/shared/installation"
	"signpost/shared/webex"
)

// TryClient exchanges the refresh token of one active installation, once, with
// this service's OAuth client: what an operator does before its secret is put
// into use. It takes the renewal lease as any worker does, waiting for one that
// has it for as long as ctx allows, and stores a refresh token that Webex gives
// in the place of the old one. A refusal changes nothing of the installation: the
// client on trial may be what is wrong.
//
// It returns [installation.ErrNotFound] if the installation is not active, and
// the errors of package webex.
func (s *Service) TryClient(ctx context.Context, orgKey string) error {
	owner := newOwner()
	for {
		row, _, err := s.store.Find(ctx, orgKey, s.now())
		if err != nil {
			return err
		}
		if row.State != installation.Active || len(row.Tokens.Refresh) == 0 {
			return fmt.Errorf("try the client with %s: %w", orgKey, installation.ErrNotFound)
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
		if err := s.pause(ctx, leasePoll); err != nil {
			return fmt.Errorf("wait for another worker's token renewal of %s: %w", orgKey, errors.Join(webex.ErrUnavailable, err))
		}
	}
}

func (s *Service) tryClient(ctx context.Context, row installation.Installation, owner string) error {
	used := row.Tokens.Refresh
	tokens, err := s.exchangeSealed(ctx, row.OrgKey, row.URLs.OAuth, used)
	settle, cancel := detached(ctx)
	defer cancel()
	if err != nil {
		s.release(settle, row, owner)
		return fmt.Errorf("try the client with %s: %w", row.OrgKey, err)
	}
	_, err = s.accepted(settle, row, owner, used, tokens)
	return err
}
