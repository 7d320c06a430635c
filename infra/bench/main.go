// Command bench measures how fast and how big the project is, against its
// targets: `make bench`. It prints a table and writes it, with plots, below
// infra/bench/results. A target that was missed is said to be missed and is no
// error.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"signpost/infra/bench/coldstart"
	"signpost/infra/bench/crosslaunch"
	"signpost/infra/bench/firstactivation"
	"signpost/infra/bench/ground"
	"signpost/infra/bench/peer"
	"signpost/infra/bench/report"
	"signpost/infra/bench/verification"
)

func main() {
	only := flag.String("only", "", "measure only this `part` ("+names()+"), and write no results")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends at once
	err := run(ctx, ".", *only, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// part measures some rows and adds them to the report.
type part struct {
	name    string
	measure func(context.Context, *ground.Ground, *report.Report) error
}

var parts = []part{
	{"cold", cold},
	{"launch-cold", rowsOf(crosslaunch.Cold)},
	{"launch-warm", rowsOf(crosslaunch.Warm)},
	{"peer", rowsOf(peer.Measure)},
	{"rate", rowsOf(verification.Rates)},
	{"scale", scale},
	{"growth", rowsOf(verification.Growth)},
	{"activation", rowsOf(firstactivation.Measure)},
}

func names() string {
	var names []string
	for _, part := range parts {
		names = append(names, part.name)
	}
	return strings.Join(names, ", ")
}

// run measures on the project in root.
func run(ctx context.Context, root, only string, out io.Writer) error {
	node, err := exec.CommandContext(ctx, "node", "--version").Output()
	if err != nil {
		return fmt.Errorf("node: %w", err)
	}
	began := time.Now()
	results := report.Report{Machine: report.ThisMachine(began, string(node))}
	for _, part := range parts {
		if only != "" && part.name != only {
			continue
		}
		fmt.Fprintf(out, "%5.0f s  %s\n", time.Since(began).Seconds(), part.name)
		if err := measured(ctx, root, part, &results); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	fmt.Fprintf(out, "%5.0f s  done\n\n", time.Since(began).Seconds())
	if err := results.Print(out); err != nil {
		return err
	}
	if only != "" {
		results.PrintNotes(out)
		return nil
	}
	folder := filepath.Join(root, "infra", "bench", "results")
	fmt.Fprintln(out, "Written to", folder)
	return results.Save(folder)
}

// measured measures one part on a ground of its own.
func measured(ctx context.Context, root string, part part, results *report.Report) error {
	g, err := ground.Prepare(ctx, root)
	if err != nil {
		return err
	}
	defer g.Close()
	if err := part.measure(ctx, g, results); err != nil {
		return fmt.Errorf("%w\n%s", err, g.Printed())
	}
	return nil
}

// rowsOf is for a part that has nothing but rows.
func rowsOf(measure func(context.Context, *ground.Ground) ([]report.Row, error)) func(context.Context, *ground.Ground, *report.Report) error {
	return func(ctx context.Context, g *ground.Ground, results *report.Report) error {
		rows, err := measure(ctx, g)
		results.Rows = append(results.Rows, rows...)
		return err
	}
}

func cold(ctx context.Context, g *ground.Ground, results *report.Report) error {
	rows, bars, err := coldstart.Measure(ctx, g)
	if err != nil {
		return err
	}
	sizes, err := coldstart.Sizes(g)
	results.Rows = append(append(results.Rows, rows...), sizes...)
	results.Cold = bars
	return err
}

func scale(ctx context.Context, g *ground.Ground, results *report.Report) error {
	rows, points, err := verification.Scale(ctx, g)
	results.Rows, results.Scale = append(results.Rows, rows...), points
	return err
}
