// Command updateapproved handles POST /actions, the installation's actionsUrl,
// to which Webex posts all management actions: updateApproved, update,
// healthCheck and deprovision.
package main

import (
	"context"
	"log/slog"
	"os"
	"time"

	"signpost/shared/assembly"
	"signpost/shared/assembly/start"
	"signpost/shared/gateway"
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
	return gateway.Handle(log, time.Now, actions{parts.Services, parts.Verifier}.serve, gateway.WithOriginKey(parts.OriginKey)), nil
}
