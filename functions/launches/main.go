// Command launches answers POST /launches/{code}: the vendor's content server
// redeems a launch.
package main

import (
	"context"
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"signpost/shared/config"
	"signpost/shared/dynamo"
	"signpost/shared/gateway"
	"signpost/shared/secret/awssecret"
	"signpost/shared/secret/document"
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
