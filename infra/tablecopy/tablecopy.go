// Package tablecopy copies installations and registered integrations from one table
// into another: from the table in the previous region (purpose move), or from a backup
// that was restored beside the table in use (purpose restore). Package dynamo decides
// which of two rows wins. Both tables may be in use during the copy, and it can be
// repeated.
package tablecopy

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"signpost/infra/awsconfig"
	"signpost/infra/terminal"
	"signpost/shared/dynamo"
	"signpost/shared/webex"
)

// purposes are the values of Options.Purpose.
var purposes = []string{string(dynamo.Move), string(dynamo.Restore)}

// Options say what to copy.
type Options struct {
	// From and To are tables, as [region/]name.
	From, To string
	// Purpose is dynamo.Move or dynamo.Restore. For a move the newer row wins, and no change in
	// To is undone. For a restore, rows that a bad write changed are restored.
	Purpose string
	// Org limits the copy to one organization, named by its key or its orgId.
	Org string
	// DryRun counts the rows that would be written, and writes none.
	DryRun bool
}

// Run copies rows, and prints how many it wrote.
func Run(ctx context.Context, io *terminal.IO, o Options) error {
	if !slices.Contains(purposes, o.Purpose) {
		return terminal.Usagef("the purpose is %q: use --for %s", o.Purpose, strings.Join(purposes, " or --for "))
	}
	if o.From == o.To && o.From != "" { // refused without AWS, too
		return sameTable(o.From)
	}
	source, from, err := open(ctx, o.From)
	if err != nil {
		return err
	}
	target, to, err := open(ctx, o.To)
	if err != nil {
		return err
	}
	if from == to {
		return sameTable(from)
	}
	copied, err := dynamo.Copy{
		Source: source, Target: target, Purpose: dynamo.Purpose(o.Purpose),
		OrgKey: webex.OrganizationKey(o.Org), DryRun: o.DryRun, Now: time.Now,
	}.Run(ctx)
	if printErr := report(io, copied, o.DryRun); err == nil {
		err = printErr
	}
	return err
}

func sameTable(name string) error { return terminal.Usagef("FROM and TO are the same table, %s", name) }

// open opens a table, and returns its full name, region/name.
func open(ctx context.Context, text string) (*dynamo.Store, string, error) {
	region, name, found := strings.Cut(text, "/")
	if !found {
		region, name = "", text
	}
	if name == "" {
		return nil, "", terminal.Usagef("%q is not a table: write it as [region/]name", text)
	}
	settings, err := awsconfig.Load(ctx, region)
	if err != nil {
		return nil, "", err
	}
	return dynamo.New(dynamodb.NewFromConfig(settings), name), settings.Region + "/" + name, nil
}

func report(io *terminal.IO, copied dynamo.Copied, dryRun bool) error {
	var rows [][]string
	values := map[string]any{"dryRun": dryRun}
	for _, kind := range []struct {
		key, name string
		dynamo.Counts
	}{
		{"channels", "channels", copied.Channels}, {"integrations", "integrations", copied.Integrations},
		{"invitations", "invitations", copied.Invitations}, {"installations", "installations", copied.Installations},
		{"candidates", "candidates", copied.Candidates}, {"usedTokens", "used tokens", copied.UsedTokens},
	} {
		rows = append(rows, []string{kind.name, fmt.Sprint(kind.Added), fmt.Sprint(kind.Changed), fmt.Sprint(kind.Left)})
		values[kind.key] = map[string]int{"added": kind.Added, "changed": kind.Changed, "left": kind.Left}
	}
	if io.JSON {
		return io.Print(values)
	}
	io.Table([]string{"", "ADDED", "CHANGED", "LEFT"}, rows)
	if dryRun {
		io.Note("dry run: nothing was written")
	}
	return nil
}
