// Command updateapproved answers POST /actions, the installation's actionsUrl,
// to which Webex posts all management actions: updateApproved, update,
// healthCheck and deprovision.
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
	return gateway.Handle(log, time.Now, actions{parts.Service, parts.Verifier}.serve, gateway.WithOriginKey(parts.OriginKey)), nil
}
