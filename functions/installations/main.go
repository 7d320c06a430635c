// Command installations handles the vendor API: the vendor's own systems list and manage
// their customers' installations, invite customers, and see how far a rollout has come.
package main

import (
	"context"
	"log/slog"
	"os"
	"time"

	"signpost/shared/assembly/start"
	"signpost/shared/assembly/wanted"
	"signpost/shared/channel"
	"signpost/shared/config"
	"signpost/shared/dynamo"
	"signpost/shared/gateway"
	"signpost/shared/gateway/vendorapi"
	"signpost/shared/invitation"
	"signpost/shared/lifecycle"
	"signpost/shared/secret"
	"signpost/shared/secret/awssecret"
	"signpost/shared/secret/document"
)

func main() {
	start.Function(os.Environ(), os.Stdout, wire)
	os.Exit(1)
}

func wire(ctx context.Context, environ map[string]string, log *slog.Logger) (gateway.Handler, error) {
	var (
		table    config.Table
		tokens   config.Tokens
		provider config.Provider
		manifest config.Manifest
		origin   config.Origin
	)
	secrets := config.Secret{Needs: []document.Part{document.VendorAPIKeys}}
	if err := config.Load(environ, &table, &tokens, &provider, &manifest, &origin, &secrets); err != nil {
		return nil, err
	}
	client, err := dynamo.Open(environ)
	if err != nil {
		return nil, err
	}
	source, err := awssecret.Open(ctx, environ, document.Location(secrets), time.Now, log)
	if err != nil {
		return nil, err
	}
	store := dynamo.New(client, table.Name)
	vendor, err := lifecycle.NewVendor(store, time.Now, log)
	if err != nil {
		return nil, err
	}
	invitations, err := invitation.New(store, tokens.AppID, nil, time.Now)
	if err != nil {
		return nil, err
	}
	api := vendorapi.API{
		Keys:  func(ctx context.Context) map[string][]secret.String { return source.Current(ctx).VendorAPIKeys },
		Store: store, Channels: channel.NewSource(store, environ, time.Now), Vendor: vendor, Invitations: invitations,
		Settings: func(channels channel.Channels) lifecycle.Settings { return wanted.Settings(provider, channels) },
		AppID:    tokens.AppID, PrivateOffered: manifest.JSON != "", Address: provider.Address, Now: time.Now,
	}
	return gateway.Handle(log, time.Now, api.Serve, gateway.WithOriginKey(origin.Key)), nil
}
