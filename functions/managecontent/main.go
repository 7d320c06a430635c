// Command managecontent answers POST /crossLaunch/{feature}/manageContent: an admin
// launched the vendor's page from Control Hub to manage content.
package main

import (
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"signpost/shared/config"
	"signpost/shared/dynamo"
	"signpost/shared/gateway"
	"signpost/shared/gateway/crosslaunch"
	"signpost/shared/launch"
	"signpost/shared/webex"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	handler, err := wire(log, config.Environ(os.Environ()))
	if err != nil {
		config.Report(log, err)
		os.Exit(1)
	}
	lambda.Start(handler)
}

func wire(log *slog.Logger, environ map[string]string) (gateway.Handler, error) {
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
	return gateway.Handle(log, time.Now, crosslaunch.Serve(verifier, issuer, webex.ManageContent, time.Now), gateway.WithOriginKey(origin.Key)), nil
}
