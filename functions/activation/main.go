// Command activation handles GET and POST /activation: a page to paste an
// activation code into, and the address that takes the code from the page, from
// Control Hub or from a program.
package main

import (
	"context"
	"log/slog"
	"os"
	"time"

	"signpost/shared/assembly"
	"signpost/shared/assembly/start"
	"signpost/shared/gateway"
	"signpost/shared/gateway/page"
)

func main() {
	start.Function(os.Environ(), os.Stdout, wire)
	os.Exit(1)
}

func wire(ctx context.Context, environ map[string]string, log *slog.Logger) (gateway.Handler, error) {
	parts, err := assembly.Assemble(ctx, environ, log)
	if err != nil {
		return nil, err
	}
	pages := page.New(parts.Settings.VendorName, parts.Settings.SupportURL)
	serve := activation{parts.Service, parts.Verifier, parts.Settings.PublicURL, pages}.serve
	return gateway.Handle(log, time.Now, serve, gateway.WithOriginKey(parts.OriginKey), gateway.WithProblemPages(pages.Problem)), nil
}
