// Package assembly builds what the functions with access to tokens need from a
// deployment's settings. It has no behaviour of its own.
package assembly

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"signpost/shared/channel"
	"signpost/shared/config"
	"signpost/shared/dynamo"
	"signpost/shared/installation"
	"signpost/shared/integration"
	"signpost/shared/lifecycle"
	"signpost/shared/secret"
	"signpost/shared/secret/awssecret"
	"signpost/shared/secret/document"
	"signpost/shared/secret/sealing"
	"signpost/shared/webex"
)

// Parts are what such a function needs.
type Parts struct {
	Services *Services
	// Store is what the service keeps its rows in.
	Store    *dynamo.Store
	Verifier *webex.Verifier
	Registry *integration.Registry
	Keys     lifecycle.Keys
	// AppID is that of the default integration, in lower case.
	AppID    string
	Settings config.Provider
	// OriginKey is for functions with routes; see gateway.WithOriginKey.
	OriginKey secret.String
}

// Assemble builds the parts from environ, and loads more groups of settings. Its error is a [*config.Error] with every
// wrong setting, or says what could not be built. It reads the secret, so that a
// function without access to it does not start.
func Assemble(ctx context.Context, environ map[string]string, log *slog.Logger, more ...config.Group) (Parts, error) {
	var (
		table    config.Table
		tokens   config.Tokens
		provider config.Provider
		origin   config.Origin
		secrets  = config.Secret{Needs: []document.Part{document.ClientSecret, document.TokenKeyset}}
	)
	groups := append([]config.Group{&table, &tokens, &provider, &origin, &secrets}, more...)
	if err := config.Load(environ, groups...); err != nil {
		return Parts{}, err
	}
	source, err := awssecret.Open(ctx, environ, document.Location(secrets), time.Now, log)
	if err != nil {
		return Parts{}, err
	}
	client, err := dynamo.Open(environ)
	if err != nil {
		return Parts{}, err
	}
	store := dynamo.New(client, table.Name)
	registry, err := integration.NewRegistry(tokens.AppID, store, time.Now)
	if err != nil {
		return Parts{}, err
	}
	held := &keys{source: source, registry: registry, clientID: provider.ClientID}
	if _, err := held.Sealer(ctx); err != nil {
		return Parts{}, err
	}
	verifier, err := webex.NewVerifier(registry, webex.NewKeySets(tokens.KeySetURLs, nil, time.Now), tokens.Hosts, time.Now)
	if err != nil {
		return Parts{}, err
	}
	services := &Services{
		Channels: channel.NewSource(store, environ, time.Now),
		settings: provider, store: store, client: webex.NewClient(nil), keys: held, log: log,
	}
	if _, err := services.With(channel.Channels{}); err != nil {
		return Parts{}, err
	}
	return Parts{
		Services: services, Store: store, Verifier: verifier, Registry: registry, Keys: held,
		AppID: tokens.AppID, Settings: provider, OriginKey: origin.Key,
	}, nil
}

// keys provides the current secrets of the document, and the OAuth clients of registered
// integrations. It parses the keyset only when that has changed.
type keys struct {
	source   *document.Source
	registry *integration.Registry
	clientID string // of the default integration

	mu     sync.Mutex
	parsed secret.String
	sealer *sealing.Keyset
}

// Client implements [lifecycle.Keys]. It returns [integration.ErrUnknown] for an
// integration that is no longer registered.
func (k *keys) Client(ctx context.Context, of installation.Key) (webex.Credentials, error) {
	registered, ok, err := k.registry.Find(ctx, of.AppID, of.OrgKey)
	switch {
	case err != nil:
		return webex.Credentials{}, err
	case !ok && k.registry.IsDefault(of.AppID):
		return webex.Credentials{ClientID: k.clientID, ClientSecret: k.source.Current(ctx).ClientSecret}, nil
	case !ok:
		return webex.Credentials{}, fmt.Errorf("OAuth client of %s: %w", of.Text(), integration.ErrUnknown)
	}
	return k.open(ctx, registered)
}

// open returns the OAuth client of a registered integration.
func (k *keys) open(ctx context.Context, registered integration.Integration) (webex.Credentials, error) {
	sealer, err := k.Sealer(ctx)
	if err != nil {
		return webex.Credentials{}, err
	}
	clientSecret, err := sealer.Open(registered.ClientSecret, registered.SecretPlace())
	return webex.Credentials{ClientID: registered.ClientID, ClientSecret: clientSecret}, err
}

// Prove implements [lifecycle.Keys].
func (k *keys) Prove(ctx context.Context, of installation.Key, client webex.Credentials) error {
	return k.registry.Prove(ctx, of.AppID, of.OrgKey, func(registered integration.Integration) (bool, error) {
		now, err := k.open(ctx, registered)
		return err == nil && now.ClientID == client.ClientID && now.ClientSecret.Equal(client.ClientSecret), err
	})
}

// Sealer implements [lifecycle.Keys].
func (k *keys) Sealer(ctx context.Context) (lifecycle.Sealer, error) {
	current := k.source.Current(ctx).TokenKeyset
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.sealer != nil && k.parsed.Equal(current) {
		return k.sealer, nil
	}
	sealer, err := sealing.Parse([]byte(current.Reveal()))
	if err != nil && k.sealer != nil {
		return k.sealer, nil // the last good keyset is better than none
	}
	if err != nil {
		return nil, err
	}
	k.parsed, k.sealer = current, sealer
	return sealer, nil
}
