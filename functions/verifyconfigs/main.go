// Command verifyconfigs is run by the schedule: it verifies the installations
// that are due and puts back what was lost or changed.
package main

import (
	"context"
	"log/slog"
	"os"
	"runtime/debug"

	"github.com/aws/aws-lambda-go/lambda"

	"signpost/shared/assembly"
	"signpost/shared/config"
	"signpost/shared/schedule"
)

// A run holds little and makes much that is short-lived: collected at Go's own
// pace, that takes a third of its processor time, including regrowing stacks that
// the collector has shrunk. So the heap may grow to five times what is held,
// in all to about memory bytes, a sixth of what the template gives the function.
const (
	heapGrowth = 400
	memory     = 80 << 20
)

func main() {
	debug.SetGCPercent(heapGrowth)
	debug.SetMemoryLimit(memory)
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	parts, err := assembly.Assemble(context.Background(), config.Environ(os.Environ()), log)
	if err != nil {
		config.Report(log, err)
		os.Exit(1)
	}
	lambda.Start(verification{schedule.New(parts.Service), parts.Settings.VerifyRate, log}.run)
}
