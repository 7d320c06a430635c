package lifecycle

import (
	"context"
	"errors"
	"fmt"

	"signpost/shared/installation"
	"signpost/shared/secret"
	"signpost/shared/webex"
)

// Withdraw removes an installation for the vendor: at Webex first, which deactivates
// the integration in that organization, then here. One that Webex no longer knows, or
// whose tokens are invalid, is removed here anyway. It returns
// [installation.ErrNotFound], and errors of package webex if nothing was removed.
func (s *Service) Withdraw(ctx context.Context, key installation.Key) error {
	row, _, err := s.store.Find(ctx, key, s.now())
	if err != nil {
		return err
	}
	if !row.Exists() {
		return fmt.Errorf("installation of %s: %w", key.Text(), installation.ErrNotFound)
	}
	session, err := s.openSession(ctx, row)
	if err == nil {
		err = session.call(ctx, func(token secret.String) error { return s.terms(ctx).webex.DeleteApp(ctx, row.URLs.App, token) })
	}
	if err != nil && !errors.Is(err, ErrTokenInvalid) && !errors.Is(err, webex.ErrNotFound) {
		return fmt.Errorf("deactivate %s at Webex: %w", key.Text(), err)
	}
	saveCtx, cancel := Detached(ctx)
	defer cancel()
	now := s.now()
	_, err = s.update(saveCtx, session.row, func(row installation.Installation) installation.Installation {
		if removed, err := row.Remove(now, now); err == nil {
			return removed
		}
		return row.Expire(now) // activated within this second, or Webex's clock is ahead
	})
	if errors.Is(err, installation.ErrStale) {
		return nil // removed meanwhile, as Webex's own deprovision does
	}
	if err == nil {
		s.log.InfoContext(ctx, MsgRemoved, "org", key.OrgKey, "app", key.AppID, "outcome", "withdrawn")
	}
	return err
}
