// Command verifyconfigs is run by the schedule: it verifies the installations
// that are due and puts back what was lost or changed.
package main

import (
	"context"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"signpost/shared/assembly"
	"signpost/shared/config"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	parts, err := assembly.Assemble(context.Background(), config.Environ(os.Environ()), log)
	if err != nil {
		config.Report(log, err)
		os.Exit(1)
	}
	lambda.Start(verification{parts.Service, parts.Settings.VerifyRate, log}.run)
}
