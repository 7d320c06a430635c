// Command verifyconfigs is run by the schedule: it verifies the installations
// that are due and puts back what was lost or changed.
package main

import (
	"context"
	"log/slog"
	"os"
	"runtime/debug"

	"signpost/shared/assembly"
	"signpost/shared/assembly/start"
	"signpost/shared/schedule"
)

// A run keeps little memory and allocates much that is short-lived. At Go's
// default pace, collecting it takes a third of the processor time, including
// regrowing stacks that the collector has shrunk. So the heap may grow to five
// times the live data, up to an eighth of the memory that the template sets.
const (
	heapGrowth = 400
	memory     = 60 << 20
)

func main() {
	debug.SetGCPercent(heapGrowth)
	debug.SetMemoryLimit(memory)
	start.Function(os.Environ(), os.Stdout, wire)
	os.Exit(1)
}

func wire(ctx context.Context, environ map[string]string, log *slog.Logger) (func(context.Context, event) (schedule.Report, error), error) {
	parts, err := assembly.Assemble(ctx, environ, log)
	if err != nil {
		return nil, err
	}
	return verification{parts.Services, parts.Store, parts.Settings.VerifyRate, log}.run, nil
}
