package lifecycle

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"signpost/shared/installation"
	"signpost/shared/secret"
	"signpost/shared/webex"
)

const (
	// accessMargin is how much life an access token must have left to be used.
	accessMargin = time.Minute
	// The refresh token is renewed by using it in the last third of its life of 90
	// days. Webex extends it only 24 hours after the last use [demo].
	renewWithin = 30 * 24 * time.Hour
	renewAtMost = 24 * time.Hour
	// leasePoll is how often a worker checks whether another one has finished.
	leasePoll = 100 * time.Millisecond
)

// access returns a usable access token, renewing it where needed, and the row
// as it then is. It returns [ErrTokenInvalid] if Webex refuses the refresh token.
func (s *Service) access(ctx context.Context, row installation.Installation) (secret.String, installation.Installation, error) {
	now := s.now()
	if !usable(row, now) {
		return s.renew(ctx, row, nil, row.URLs.OAuth)
	}
	if ageing(row, now) {
		token, renewed, err := s.renew(ctx, row, row.Tokens.Access, row.URLs.OAuth)
		if err == nil || errors.Is(err, ErrTokenInvalid) {
			return token, renewed, err
		}
		s.log.WarnContext(ctx, msgRenewalFailed, append([]any{"org", row.OrgKey, "app", row.AppID, "cause", err}, ResponseFields(err)...)...)
	}
	token, err := s.open(ctx, row.Tokens.Access, installation.AccessPlace(row.Key))
	return token, row, err
}

// usable reports whether the row has an access token with at least accessMargin left.
func usable(row installation.Installation, now time.Time) bool {
	return len(row.Tokens.Access) > 0 && row.Tokens.AccessExpiresAt.After(now.Add(accessMargin))
}

// ageing reports whether the refresh token must be used now to extend its life.
func ageing(row installation.Installation, now time.Time) bool {
	expires := row.Tokens.RefreshExpiresAt
	return !expires.IsZero() && expires.Sub(now) < renewWithin && now.Sub(row.Tokens.RenewedAt) >= renewAtMost
}

// renew exchanges the refresh token for an access token other than stale. Of any number
// of workers that need one at the same time, one holds the renewal lease and calls
// oauthURL; the others wait for its result as long as ctx allows. After too many
// conflicts it returns [installation.ErrConflict].
func (s *Service) renew(ctx context.Context, row installation.Installation, stale secret.Sealed, oauthURL string) (secret.String, installation.Installation, error) {
	owner := newOwner()
	for lost := 0; lost < saveAttempts; {
		now := s.now()
		if row.State == installation.TokenInvalid && !s.retryDue(ctx, row) {
			return secret.String{}, row, fmt.Errorf("%s: %w", row.Key.Text(), ErrTokenInvalid)
		}
		if usable(row, now) && !bytes.Equal(row.Tokens.Access, stale) {
			token, err := s.open(ctx, row.Tokens.Access, installation.AccessPlace(row.Key))
			return token, row, err
		}
		if held := row.Tokens.Renewal; held.Held(now) && held.Owner != owner {
			if err := s.wait(ctx, "token renewal of "+row.Key.Text()); err != nil {
				return secret.String{}, row, err
			}
		} else {
			token, renewed, err := s.renewAlone(ctx, row, owner, oauthURL)
			if !errors.Is(err, errRaceLost) {
				return token, renewed, err
			}
			lost++
		}
		current, err := s.reread(ctx, row)
		if err != nil {
			return secret.String{}, row, err
		}
		row = current
	}
	return secret.String{}, row, fmt.Errorf("renew the token of %s: %w", row.Key.Text(), installation.ErrConflict)
}

// renewAlone takes the renewal lease and exchanges the refresh token. It
// returns [errRaceLost] if another worker was faster with either.
func (s *Service) renewAlone(ctx context.Context, row installation.Installation, owner, oauthURL string) (secret.String, installation.Installation, error) {
	row.Tokens.Renewal = installation.NewLease(owner, s.now())
	leased, err := s.store.Save(ctx, row)
	if errors.Is(err, installation.ErrConflict) {
		err = errRaceLost
	}
	if err != nil {
		return secret.String{}, row, err
	}
	return s.exchange(ctx, leased, owner, oauthURL)
}

// errRaceLost: another worker took the renewal lease, or the refresh token that Webex
// refused is no longer the stored one.
var errRaceLost = errors.New("another worker is renewing or has renewed the token")

// exchange exchanges the refresh token under the renewal lease, and stores the new
// tokens before anything uses them. A refusal counts only from the installation's own
// token endpoint.
func (s *Service) exchange(ctx context.Context, row installation.Installation, owner, oauthURL string) (secret.String, installation.Installation, error) {
	used := row.Tokens.Refresh
	tokens, err := s.exchangeSealed(ctx, row.Key, oauthURL, used)
	saveCtx, cancel := Detached(ctx)
	defer cancel()
	switch {
	case oauthURL == row.URLs.OAuth && isRefusal(row, err):
		return s.recordRefusal(saveCtx, row, owner, used, err)
	case err != nil:
		row = s.release(saveCtx, row, owner)
		return secret.String{}, row, err
	}
	acceptedAt := s.now()
	renewed, err := s.storeRenewed(saveCtx, row, owner, used, tokens)
	if err != nil {
		return secret.String{}, row, err
	}
	s.clearRefusals(ctx, row.Key, acceptedAt)
	return tokens.Access, renewed, nil
}

// storeRenewed stores the tokens that Webex issued for the refresh token used, and
// releases the renewal lease.
func (s *Service) storeRenewed(ctx context.Context, row installation.Installation, owner string, used secret.Sealed, tokens webex.Tokens) (installation.Installation, error) {
	now := s.now()
	change, err := s.tokenChange(ctx, row.Key, tokens)
	if err != nil {
		return row, err
	}
	renewed, err := s.update(ctx, row, func(row installation.Installation) installation.Installation {
		if row.Tokens.Renewal.Owner == owner {
			row.Tokens.Renewal = installation.Lease{}
		}
		// A token that an action brought meanwhile is newer than ours.
		if bytes.Equal(row.Tokens.Refresh, used) {
			change(&row.Tokens)
			row = row.Accepted(now)
		}
		return row
	})
	if err != nil {
		return row, err
	}
	if row.State == installation.TokenInvalid {
		s.log.InfoContext(ctx, msgReactivated, "org", row.OrgKey, "app", row.AppID, "outcome", "reactivated")
	}
	return renewed, nil
}

// exchangeSealed exchanges a sealed refresh token at oauthURL.
func (s *Service) exchangeSealed(ctx context.Context, key installation.Key, oauthURL string, refresh secret.Sealed) (webex.Tokens, error) {
	client, err := s.keys.Client(ctx, key)
	if err != nil {
		return webex.Tokens{}, err
	}
	return s.exchangeBy(ctx, client, key, oauthURL, refresh)
}

// exchangeBy is [Service.exchangeSealed] with the client that the caller has.
func (s *Service) exchangeBy(ctx context.Context, client webex.Credentials, key installation.Key, oauthURL string, refresh secret.Sealed) (webex.Tokens, error) {
	token, err := s.open(ctx, refresh, installation.RefreshPlace(key))
	if err != nil {
		return webex.Tokens{}, err
	}
	return s.terms(ctx).webex.Exchange(ctx, oauthURL, client, token)
}

// tokenChange seals the tokens of an exchange and returns the change that stores them.
// Fields that the response lacks stay unchanged.
func (s *Service) tokenChange(ctx context.Context, key installation.Key, tokens webex.Tokens) (func(*installation.Tokens), error) {
	access, err := s.seal(ctx, tokens.Access, installation.AccessPlace(key))
	if err != nil {
		return nil, err
	}
	refresh, err := s.seal(ctx, tokens.Refresh, installation.RefreshPlace(key))
	if err != nil {
		return nil, err
	}
	now := s.now()
	return func(stored *installation.Tokens) {
		stored.RenewedAt = now
		if len(refresh) > 0 {
			stored.Refresh = refresh
		}
		if tokens.RefreshLife > 0 {
			stored.RefreshExpiresAt = now.Add(tokens.RefreshLife)
		}
		if tokens.AccessLife > 0 {
			stored.Access, stored.AccessExpiresAt = access, now.Add(tokens.AccessLife)
		}
	}, nil
}

// release releases the lease after a failure; if that fails too, the lease expires.
func (s *Service) release(ctx context.Context, row installation.Installation, owner string) installation.Installation {
	released, err := s.update(ctx, row, func(row installation.Installation) installation.Installation {
		if row.Tokens.Renewal.Owner == owner {
			row.Tokens.Renewal = installation.Lease{}
		}
		return row
	})
	if err != nil {
		s.log.WarnContext(ctx, msgRenewalLeaseKept, "org", row.OrgKey, "app", row.AppID, "cause", err)
		return row
	}
	return released
}
