// Command managecontent answers POST /crossLaunch/{feature}/manageContent: an admin
// launched the vendor's page from Control Hub to manage content.
package main

import (
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"signpost/shared/assembly/light"
	"signpost/shared/config"
	"signpost/shared/webex"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	handler, err := light.CrossLaunch(webex.ManageContent, log, config.Environ(os.Environ()))
	if err != nil {
		config.Report(log, err)
		os.Exit(1)
	}
	lambda.Start(handler)
}
