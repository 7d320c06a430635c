package setup

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"signpost/shared/dynamo"
	"signpost/shared/installation"
	"signpost/shared/lifecycle"
	"signpost/shared/secret"
	"signpost/shared/secret/sealing"
	"signpost/shared/webex"
)

const (
	// trials is how many refused refresh tokens end the trial: one may be revoked,
	// several in a row hardly.
	trials = 3
	// trialTimeout bounds one trial, including the wait for a worker's lease.
	trialTimeout = installation.LeaseLife + 10*time.Second
)

// client combines the client secret on trial with the current keyset.
type client struct {
	clientSecret secret.String
	keyset       *sealing.Keyset
}

// ClientSecret implements [lifecycle.Keys].
func (c client) ClientSecret(context.Context) (secret.String, error) { return c.clientSecret, nil }

// Sealer implements [lifecycle.Keys].
func (c client) Sealer(context.Context) (lifecycle.Sealer, error) { return c.keyset, nil }

// tryClientSecret checks a new client secret before any function uses it, by
// exchanging one customer's refresh token. The message says which, or that there is no
// customer to try it with.
func (s *session) tryClientSecret(ctx context.Context, value string, d parts) (message string, err error) {
	keyset, err := sealing.Parse(d["tokenKeyset"])
	if err != nil {
		return "", err
	}
	store, err := s.table(ctx, s.settings.Deployment.Table)
	if err != nil {
		return "", err
	}
	// An exchange uses only the client id.
	service, err := lifecycle.New(store, webex.NewClient(nil), client{secret.New(value), keyset}, lifecycle.Settings{
		ClientID: s.settings.Variables["WEBEX_CLIENT_ID"], VerifyInterval: time.Hour,
		Provided: map[webex.Feature]lifecycle.Content{webex.DigitalSignage: {}},
	}, s.now, slog.New(slog.DiscardHandler))
	if err != nil {
		return "", fmt.Errorf("try the client secret (is WEBEX_CLIENT_ID set?): %w", err)
	}
	return tryWithSome(ctx, service, store)
}

func tryWithSome(ctx context.Context, service *lifecycle.Service, store *dynamo.Store) (message string, err error) {
	var refused []error
	for row, err := range store.Installations(ctx) {
		if err != nil {
			return "", fmt.Errorf("find an installation to try the client secret with: %w", err)
		}
		if row.State != installation.Active || len(row.Tokens.Refresh) == 0 {
			continue
		}
		trial, cancel := context.WithTimeout(ctx, trialTimeout)
		err = service.TryClient(trial, row.Key)
		cancel()
		switch {
		case err == nil:
			return "Webex accepts it: tried with " + row.OrgKey + ".", nil
		case errors.Is(err, webex.ErrInvalidClient):
			return "", fmt.Errorf("nothing was changed: Webex does not accept this client secret for WEBEX_CLIENT_ID: %w", err)
		case errors.Is(err, installation.ErrNotFound):
			continue // removed in the meantime
		case !errors.Is(err, webex.ErrInvalidGrant) && !errors.Is(err, webex.ErrGrantRejected):
			return "", fmt.Errorf("nothing was changed: the client secret could not be tried, run this again later: %w", err)
		}
		if refused = append(refused, err); len(refused) == trials {
			break
		}
	}
	if len(refused) > 0 {
		return "", fmt.Errorf("nothing was changed: Webex refuses refresh tokens with it, WEBEX_CLIENT_ID may belong to another upload of the manifest: %w", errors.Join(refused...))
	}
	return "It could not be tried: there is no active installation yet.", nil
}
