// Command launches handles POST /launches/{code}: the vendor's content server
// redeems a launch.
package main

import (
	"context"
	"log/slog"
	"os"
	"time"

	"signpost/shared/assembly/start"
	"signpost/shared/config"
	"signpost/shared/dynamo"
	"signpost/shared/gateway"
	"signpost/shared/secret/awssecret"
	"signpost/shared/secret/document"
)

func main() {
	start.Function(os.Environ(), os.Stdout, wire)
	os.Exit(1)
}

func wire(ctx context.Context, environ map[string]string, log *slog.Logger) (gateway.Handler, error) {
	var (
		table  config.Table
		origin config.Origin
	)
	secrets := config.Secret{Needs: []document.Part{document.ContentAPIKey}}
	if err := config.Load(environ, &table, &origin, &secrets); err != nil {
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
	return gateway.Handle(log, time.Now, redeem(source, dynamo.New(client, table.Name), time.Now), gateway.WithOriginKey(origin.Key)), nil
}
