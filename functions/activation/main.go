// Command activation handles GET and POST /activation: a page to paste an activation
// code into, the page of an invitation, and the address that takes the code from the
// pages, from Control Hub or from a program; and GET /activation/manifest, the manifest
// of an invitation's private integration.
package main

import (
	"context"
	"log/slog"
	"os"
	"time"

	"signpost/shared/assembly"
	"signpost/shared/assembly/start"
	"signpost/shared/config"
	"signpost/shared/gateway"
	"signpost/shared/gateway/page"
	"signpost/shared/invitation"
	"signpost/shared/manifest"
)

func main() {
	start.Function(os.Environ(), os.Stdout, wire)
	os.Exit(1)
}

func wire(ctx context.Context, environ map[string]string, log *slog.Logger) (gateway.Handler, error) {
	described := config.Manifest{Check: func(text string) error { return manifest.CheckDescription(text, environ["VENDOR_NAME"]) }}
	parts, err := assembly.Assemble(ctx, environ, log, &described)
	if err != nil {
		return nil, err
	}
	sealer := func(ctx context.Context) (invitation.Sealer, error) { return parts.Keys.Sealer(ctx) }
	invitations, err := invitation.New(parts.Store, parts.AppID, sealer, time.Now)
	if err != nil {
		return nil, err
	}
	serve := activation{
		services: parts.Services, verifier: parts.Verifier, registry: parts.Registry, invitations: invitations,
		private: private(described, parts.Settings), settings: parts.Settings, welcomes: parts.Store,
		pages: page.New(parts.Settings.VendorName, parts.Settings.SupportURL), now: time.Now,
	}
	return gateway.Handle(log, time.Now, serve.serve, gateway.WithOriginKey(parts.OriginKey), gateway.WithProblemPages(serve.pages.Problem)), nil
}

// private returns what the manifests of private integrations say, without features; zero if
// they are not offered.
func private(described config.Manifest, settings config.Provider) manifest.Private {
	if described.JSON == "" {
		return manifest.Private{}
	}
	d, _ := manifest.ParseDescription(described.JSON) // checked already
	return manifest.Private{Description: d, Vendor: settings.VendorName}
}
