// Command activation answers GET and POST /activation: a page to paste an
// activation code into, and the address that takes the code from the page, from
// Control Hub or from a program.
package main

import (
	"context"
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"signpost/shared/assembly"
	"signpost/shared/config"
	"signpost/shared/gateway"
	"signpost/shared/gateway/page"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	handler, err := wire(context.Background(), log, config.Environ(os.Environ()))
	if err != nil {
		config.Report(log, err)
		os.Exit(1)
	}
	lambda.Start(handler)
}

func wire(ctx context.Context, log *slog.Logger, environ map[string]string) (gateway.Handler, error) {
	parts, err := assembly.Assemble(ctx, environ, log)
	if err != nil {
		return nil, err
	}
	pages := page.New(parts.Settings.VendorName, parts.Settings.SupportURL)
	serve := activation{parts.Service, parts.Verifier, parts.Settings.PublicURL, pages}.serve
	return gateway.Handle(log, time.Now, serve, gateway.WithOriginKey(parts.OriginKey), gateway.WithProblemPages(pages.Problem)), nil
}
