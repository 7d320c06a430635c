// Package load drives a local stack of its own at saturation and checks every
// answer: `make load`. It returns an error if one is wrong, a launch is lost or a
// function logs an error.
package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"time"

	"signpost/infra/local/stack"
	"signpost/infra/tests/load/traffic"
)

// ErrWrong is a run in which an answer was wrong; the report says which.
var ErrWrong = errors.New("something was wrong: see above")

// Run drives a stack of the project in root.
func Run(ctx context.Context, root string, environment map[string]string, out io.Writer) error {
	options, err := readOptions(environment)
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "load")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	var log traffic.Log
	own, err := stack.Start(ctx, stack.Options{
		Root: root, EphemeralPorts: true, DataDir: folder, Out: &log,
		Unlimited: true, // so that the functions reach their limits
		// The schedule runs continuously and finds something due each time.
		ScheduleEvery: time.Second, Environment: map[string]string{"VERIFY_INTERVAL": "20s"},
	})
	if err != nil {
		return err
	}
	defer own.Stop()
	fmt.Fprintf(out, "Signpost under load: %d customers, %d requests at a time, for %v, on a stack of its own at %s\n",
		options.Customers, options.Workers, options.Duration, own.URL())
	report, err := traffic.Run(ctx, own, &log, options)
	if err != nil {
		return err
	}
	report.Print(out)
	if !report.OK() {
		if log.Late() {
			fmt.Fprintln(out, "\nFunctions waited for DynamoDB beyond their limits: the emulator did not keep up on this machine.\n"+
				"If nothing else is wrong, run it on a quieter one, or with fewer LOAD_WORKERS.")
		}
		return ErrWrong
	}
	fmt.Fprintln(out, "\nEvery answer was right, and no launch was lost.")
	return nil
}

// readOptions reads the settings: LOAD_SECONDS, LOAD_REQUESTS, LOAD_CUSTOMERS,
// LOAD_WORKERS. The error names all that are wrong.
func readOptions(environment map[string]string) (traffic.Options, error) {
	var problems []error
	number := func(name string, usual, most int) int {
		text := environment[name]
		if text == "" {
			return usual
		}
		value, err := strconv.Atoi(text)
		if err != nil || value < 1 || value > most {
			problems = append(problems, fmt.Errorf("%s must be a number from 1 to %d", name, most))
		}
		return value
	}
	// Two at a time for each CPU saturate a machine that runs all of it. Above
	// eight, the number of free processes of a function that the stack keeps, the
	// start of processes would dominate.
	options := traffic.Options{
		Duration:    time.Duration(number("LOAD_SECONDS", 60, 600)) * time.Second,
		MaxRequests: int64(number("LOAD_REQUESTS", 200_000, 2_000_000)),
		Customers:   number("LOAD_CUSTOMERS", 200, 2000),
		Workers:     number("LOAD_WORKERS", min(2*runtime.NumCPU(), 8), 48),
	}
	return options, errors.Join(problems...)
}
