// Package assembly builds what the functions with access to tokens need from a
// deployment's settings. It has no behaviour of its own.
package assembly

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"signpost/shared/config"
	"signpost/shared/dynamo"
	"signpost/shared/lifecycle"
	"signpost/shared/secret"
	"signpost/shared/secret/awssecret"
	"signpost/shared/secret/document"
	"signpost/shared/secret/sealing"
	"signpost/shared/webex"
)

// Parts are what such a function needs.
type Parts struct {
	Service *lifecycle.Service
	// Store is what the service keeps its rows in.
	Store    *dynamo.Store
	Verifier *webex.Verifier
	// AppID is that of the default integration, in lower case.
	AppID    string
	Settings config.Provider
	// OriginKey is for functions with routes; see gateway.WithOriginKey.
	OriginKey secret.String
}

// Assemble builds the parts from environ. Its error is a [*config.Error] with every
// wrong setting, or says what could not be built. It reads the secret, so that a
// function without access to it does not start.
func Assemble(ctx context.Context, environ map[string]string, log *slog.Logger) (Parts, error) {
	var (
		table    config.Table
		tokens   config.Tokens
		provider config.Provider
		origin   config.Origin
		secrets  = config.Secret{Needs: []document.Part{document.ClientSecret, document.TokenKeyset}}
	)
	if err := config.Load(environ, &table, &tokens, &provider, &origin, &secrets); err != nil {
		return Parts{}, err
	}
	source, err := awssecret.Open(ctx, environ, document.Location(secrets), time.Now, log)
	if err != nil {
		return Parts{}, err
	}
	held := &keys{source: source}
	if _, err := held.Sealer(ctx); err != nil {
		return Parts{}, err
	}
	client, err := dynamo.Open(environ)
	if err != nil {
		return Parts{}, err
	}
	verifier, err := webex.NewVerifier(tokens.AppID, webex.NewKeySets(tokens.KeySetURLs, nil, time.Now), tokens.Hosts, time.Now)
	if err != nil {
		return Parts{}, err
	}
	store := dynamo.New(client, table.Name)
	service, err := lifecycle.New(store, webex.NewClient(nil), held, Settings(provider), time.Now, log)
	return Parts{Service: service, Store: store, Verifier: verifier, AppID: tokens.AppID, Settings: provider, OriginKey: origin.Key}, err
}

// Settings converts the provider's settings for the use cases.
func Settings(provider config.Provider) lifecycle.Settings {
	settings := lifecycle.Settings{
		ClientID: provider.ClientID, PublicURL: provider.PublicURL, VerifyInterval: provider.VerifyInterval,
		Provided: map[webex.Feature]lifecycle.Content{},
	}
	for feature, url := range provider.DeviceURLs {
		content := lifecycle.Content{DeviceURL: url}
		if feature == webex.PersistentWebApp {
			content.XAPIAllowList = provider.XAPIAllowList
		}
		settings.Provided[feature] = content
	}
	return settings
}

// keys provides the current secrets of the document. It parses the keyset only when
// that has changed.
type keys struct {
	source *document.Source

	mu     sync.Mutex
	parsed secret.String
	sealer *sealing.Keyset
}

// ClientSecret implements [lifecycle.Keys].
func (k *keys) ClientSecret(ctx context.Context) (secret.String, error) {
	return k.source.Current(ctx).ClientSecret, nil
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
