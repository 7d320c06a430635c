// Package oauthclient finds the installations that use an OAuth client, and tries a new
// secret of it at Webex before any function uses it.
package oauthclient

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"time"

	"signpost/shared/dynamo"
	"signpost/shared/installation"
	"signpost/shared/integration"
	"signpost/shared/lifecycle"
	"signpost/shared/webex"
)

const (
	// trials is how many refused refresh tokens end the trial: one may be revoked,
	// several in a row hardly.
	trials = 3
	// timeout bounds one exchange, including the wait for a worker's lease.
	timeout = installation.LeaseLife + 10*time.Second
)

// Users reads the installations that use the client of an integration: a registered one,
// or the default one, which has its app id and no version. It reads the whole table unless
// the integration is for one organization.
func Users(ctx context.Context, store *dynamo.Store, registry *integration.Registry, of integration.Integration) iter.Seq2[installation.Installation, error] {
	rows := store.Installations(ctx)
	if of.OrgKey != "" {
		rows = one(ctx, store, installation.Key{OrgKey: of.OrgKey, AppID: of.AppID})
	}
	return func(yield func(installation.Installation, error) bool) {
		for row, err := range rows {
			uses := false
			if err == nil && row.Exists() && row.AppID == of.AppID {
				var used integration.Integration
				used, _, err = registry.Find(ctx, row.AppID, row.OrgKey)
				uses = used.OrgKey == of.OrgKey && (used.Version == 0) == (of.Version == 0)
			}
			if (err != nil || uses) && !yield(row, err) {
				return
			}
		}
	}
}

func one(ctx context.Context, store *dynamo.Store, key installation.Key) iter.Seq2[installation.Installation, error] {
	return func(yield func(installation.Installation, error) bool) {
		row, _, err := store.Find(ctx, key, time.Now())
		yield(row, err)
	}
}

// Trial is an OAuth client to try, with the keyset that stored tokens are sealed with.
type Trial struct {
	Store  *dynamo.Store
	Client webex.Credentials
	Sealer lifecycle.Sealer
	Now    func() time.Time
}

// keys has the client on trial for every installation.
type keys struct{ Trial }

// Client implements [lifecycle.Keys].
func (k keys) Client(context.Context, installation.Key) (webex.Credentials, error) {
	return k.Trial.Client, nil
}

// Prove implements [lifecycle.Keys].
func (keys) Prove(context.Context, installation.Key, webex.Credentials) error { return nil }

// Sealer implements [lifecycle.Keys].
func (k keys) Sealer(context.Context) (lifecycle.Sealer, error) { return k.Trial.Sealer, nil }

// Run exchanges the refresh token of one of the client's users. The message says which,
// or that there is none to try it with. The error says that Webex refuses the client, or
// that it could not be tried.
func (t Trial) Run(ctx context.Context, users iter.Seq2[installation.Installation, error]) (message string, err error) {
	// An exchange uses only the client.
	service, err := lifecycle.New(t.Store, webex.NewClient(nil), keys{t}, lifecycle.Settings{
		ClientID: t.Client.ClientID, VerifyInterval: time.Hour,
		Provided: map[webex.Feature]lifecycle.Content{webex.DigitalSignage: {}},
	}, t.Now, slog.New(slog.DiscardHandler))
	if err != nil {
		return "", fmt.Errorf("try the client secret: %w", err)
	}
	var refused, unreadable []error
	for row, err := range users {
		if err != nil {
			unreadable = append(unreadable, err)
			continue
		}
		if row.State != installation.Active || len(row.Tokens.Refresh) == 0 {
			continue
		}
		err = try(ctx, service, row.Key)
		switch {
		case err == nil:
			return "Webex accepts it: tried with " + row.OrgKey + ".", nil
		case errors.Is(err, webex.ErrInvalidClient):
			return "", fmt.Errorf("nothing was changed: Webex does not accept this client secret for client %s: %w", t.Client.ClientID, err)
		case errors.Is(err, webex.ErrInvalidGrant) || errors.Is(err, webex.ErrGrantRejected):
			refused = append(refused, err)
		case !errors.Is(err, installation.ErrNotFound): // removed in the meantime
			return "", fmt.Errorf("nothing was changed: the client secret could not be tried, run this again later: %w", err)
		}
		if len(refused) == trials {
			break
		}
	}
	return t.untried(refused, unreadable)
}

func try(ctx context.Context, service *lifecycle.Service, key installation.Key) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return service.TryClient(ctx, key)
}

// untried is the result if Webex accepted no token.
func (t Trial) untried(refused, unreadable []error) (message string, err error) {
	switch {
	case len(refused) > 0:
		return "", fmt.Errorf("nothing was changed: Webex refuses refresh tokens with it, client %s may belong to another upload of the manifest: %w", t.Client.ClientID, errors.Join(refused...))
	case len(unreadable) > 0:
		return "", fmt.Errorf("nothing was changed: look for an installation to try the client secret with: %w", errors.Join(unreadable...))
	}
	return "It could not be tried: there is no active installation yet.", nil
}
