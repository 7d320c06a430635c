// Command copy copies installations from one table into another: from the
// region that is moved out of (-purpose move), or from a backup that was
// restored beside the table in use (-purpose restore). Which of two rows counts
// is said by package dynamo; both tables may be in use meanwhile, and a copy may
// be repeated.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"signpost/shared/dynamo"
	"signpost/shared/webex"
)

// flags are what the command was called with.
type flags struct {
	from, to, purpose, org string
	dryRun                 bool
}

func main() {
	var f flags
	flag.StringVar(&f.from, "from", "", "the table to read, as `[region/]name`")
	flag.StringVar(&f.to, "to", "", "the table to write, as `[region/]name`")
	flag.StringVar(&f.purpose, "purpose", "", "move: what is newer counts, nothing in the written table is undone; restore: put back what a bad write has changed")
	flag.StringVar(&f.org, "org", "", "copy this organization only, named as in the logs or by its orgId")
	flag.BoolVar(&f.dryRun, "dry-run", false, "count what would be written, and write nothing")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout, f); err != nil {
		fmt.Fprintln(os.Stderr, "copy:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, f flags) error {
	switch {
	case f.from == "" || f.to == "":
		return errors.New("give both tables: FROM=[region/]table TO=[region/]table")
	case f.from == f.to:
		return errors.New("FROM and TO are the same table")
	case f.purpose != string(dynamo.Move) && f.purpose != string(dynamo.Restore):
		return fmt.Errorf("give a purpose: FOR=%s or FOR=%s", dynamo.Move, dynamo.Restore)
	}
	source, err := open(ctx, f.from)
	if err != nil {
		return err
	}
	target, err := open(ctx, f.to)
	if err != nil {
		return err
	}
	copied, err := dynamo.Copy{
		Source: source, Target: target, Purpose: dynamo.Purpose(f.purpose),
		OrgKey: webex.OrganizationKey(f.org), DryRun: f.dryRun, Now: time.Now,
	}.Run(ctx)
	report(out, copied, f.dryRun)
	return err
}

func open(ctx context.Context, text string) (*dynamo.Store, error) {
	region, name, found := strings.Cut(text, "/")
	if !found {
		region, name = "", text
	}
	settings, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("AWS: %w", err)
	}
	return dynamo.New(dynamodb.NewFromConfig(settings, func(o *dynamodb.Options) {
		if region != "" {
			o.Region = region
		}
	}), name), nil
}

func report(out io.Writer, copied dynamo.Copied, dryRun bool) {
	if dryRun {
		fmt.Fprintln(out, "dry run: nothing is written")
	}
	for _, kind := range []struct {
		name string
		dynamo.Counts
	}{{"installations", copied.Installations}, {"candidates", copied.Candidates}, {"used tokens", copied.Marks}} {
		fmt.Fprintf(out, "%-14s %d added, %d changed, %d left as they are\n", kind.name, kind.Added, kind.Changed, kind.Left)
	}
}
