// Package light wires the functions that hold no tokens, without linking Tink
// or the client of Secrets Manager.
package light

import (
	"log/slog"
	"time"

	"signpost/shared/config"
	"signpost/shared/dynamo"
	"signpost/shared/gateway"
	"signpost/shared/gateway/crosslaunch"
	"signpost/shared/launch"
	"signpost/shared/webex"
)

// CrossLaunch returns the handler of the cross-launch function for task, with
// the settings in environ. Its error is a [*config.Error] that holds every wrong
// setting, or says what could not be built.
func CrossLaunch(task webex.Task, log *slog.Logger, environ map[string]string) (gateway.Handler, error) {
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
