// Package light wires the functions that need no secret. It links neither Tink
// nor the client of Secrets Manager, so that these functions start fast.
package light

import (
	"context"
	"log/slog"
	"time"

	"signpost/shared/assembly/start"
	"signpost/shared/channel"
	"signpost/shared/config"
	"signpost/shared/dynamo"
	"signpost/shared/gateway"
	"signpost/shared/gateway/crosslaunch"
	"signpost/shared/integration"
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
		store := dynamo.New(client, table.Name)
		registry, err := integration.NewRegistry(tokens.AppID, store, time.Now)
		if err != nil {
			return nil, err
		}
		verifier, err := webex.NewVerifier(registry, webex.NewKeySets(tokens.KeySetURLs, nil, time.Now), tokens.Hosts, time.Now)
		if err != nil {
			return nil, err
		}
		channels := channel.NewSource(store, environ, time.Now)
		issuer := func(ctx context.Context, token webex.Token) (*launch.Issuer, error) {
			current, err := channels.Cached(ctx)
			if err != nil {
				return nil, err
			}
			return launch.NewIssuer(store, current.Provides, current.ContentURL(token.KeyRegion))
		}
		return gateway.Handle(log, time.Now, crosslaunch.Serve(verifier, issuer, task, time.Now), gateway.WithOriginKey(origin.Key)), nil
	}
}
