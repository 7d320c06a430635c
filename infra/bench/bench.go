// Package bench measures the project's speed and size against targets
// (`make bench`). It prints a table, and writes it with plots to
// infra/bench/results. A missed target is reported, and is not an error.
package bench

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"signpost/infra/bench/coldstart"
	"signpost/infra/bench/crosslaunch"
	"signpost/infra/bench/firstactivation"
	"signpost/infra/bench/peer"
	"signpost/infra/bench/report"
	"signpost/infra/bench/testbed"
	"signpost/infra/bench/verification"
	"signpost/infra/terminal"
)

type part struct {
	name    string
	measure func(context.Context, *testbed.Testbed, *report.Report) error
}

var parts = []part{
	{"cold", coldstart.Measure},
	{"launch-cold", crosslaunch.Cold},
	{"launch-warm", crosslaunch.Warm},
	{"peer", peer.Measure},
	{"rate", verification.Rates},
	{"scale", verification.Scale},
	{"activation", firstactivation.Measure},
}

// Names returns the names of the parts, in order.
func Names() []string {
	var names []string
	for _, part := range parts {
		names = append(names, part.name)
	}
	return names
}

// Run measures the project in root. If only names a part, it measures that part, and
// prints the results without writing them.
func Run(ctx context.Context, root, only string, out io.Writer) error {
	if only != "" && !slices.Contains(Names(), only) {
		return terminal.Usagef("there is no part %q: it is %s", only, strings.Join(Names(), ", "))
	}
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

func measured(ctx context.Context, root string, part part, results *report.Report) error {
	t, err := testbed.Prepare(ctx, root)
	if err != nil {
		return err
	}
	defer t.Close()
	if err := part.measure(ctx, t, results); err != nil {
		return fmt.Errorf("%w\n%s", err, t.Output())
	}
	return nil
}
