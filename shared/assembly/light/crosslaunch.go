// Package light wires the functions that need no secret. It links neither Tink
// nor the client of Secrets Manager, so that these functions start fast.
package light

import (
	"context"
	"log/slog"
	"time"

	"signpost/shared/assembly/start"
	"signpost/shared/config"
	"signpost/shared/dynamo"
	"signpost/shared/gateway"
	"signpost/shared/gateway/crosslaunch"
	"signpost/shared/launch"
	"signpost/shared/webex"
)

// CrossLaunch builds the cross-launch function for task.
func CrossLaunch(task webex.Task) start.Build[gateway.Handler] {
	return func(_ context.Context, environ map[string]string, log *slog.Logger) (gateway.Handler, error) {
		var (
			table    config.Table
			tokens   config.Tokens
			settings config.Launch
			origin   config.Origin
		)
		if err := config.Load(environ, &table, &tokens, &settings, &origin); err != nil {
			return nil, err
		}
		client, err := dynamo.Open(environ)
		if err != nil {
			return nil, err
		}
		keys := webex.NewKeySets(tokens.KeySetURLs, nil, time.Now)
		verifier, err := webex.NewVerifier(tokens.AppID, keys, tokens.Hosts, time.Now)
		if err != nil {
			return nil, err
		}
		issuer, err := launch.NewIssuer(dynamo.New(client, table.Name), settings.Provides, settings.ContentURL)
		if err != nil {
			return nil, err
		}
		return gateway.Handle(log, time.Now, crosslaunch.Serve(verifier, issuer, task, time.Now), gateway.WithOriginKey(origin.Key)), nil
	}
}
