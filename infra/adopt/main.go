// Command adopt finds what an earlier stack of a stage left when it was deleted
// (its table, its secrets, their key) and writes it down in the form that
// `cdk import` reads, so that a new stack takes it over. `make deploy` runs it
// where the settings know of no deployment, and `make destroy` with -forget.
//
// `cdk deploy --import-existing-resources` would not do: it imports what has its
// id in the template, which is the table only. Those of a secret and of a key
// are given by AWS.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"strings"

	"signpost/infra/stage"
)

func main() {
	root := flag.String("root", ".", "the project's directory")
	name := flag.String("stage", "dev", "the stage")
	file := flag.String("mapping", "", "the file to write; none is there afterwards where nothing is left")
	forget := flag.Bool("forget", false, "only forget the API's address, since the stack was deleted")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := run(ctx, *root, *name, *file, *forget, openAccount)
	if err != nil {
		fmt.Fprintln(os.Stderr, "adopt:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, root, name, file string, forget bool, open func(context.Context) (account, error)) error {
	settings, found, err := stage.Read(root, name)
	if err != nil {
		return err
	}
	if forget {
		return forgetAddress(ctx, root, settings, found, open)
	}
	if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if settings.Deployed() {
		return nil
	}
	account, err := open(ctx)
	if err != nil {
		return err
	}
	resources, err := left(ctx, account, settings)
	if err != nil || len(resources) == 0 {
		return err
	}
	text, err := json.MarshalIndent(resources, "", "  ")
	if err != nil {
		return err
	}
	fmt.Printf("An earlier stack of %s left these, which the new one takes over:\n%s\n", name, text)
	return os.WriteFile(file, text, 0o600)
}

// forgetAddress forgets the API's address if it is of this region: after a move
// the stack that was deleted is the one of the region before.
func forgetAddress(ctx context.Context, root string, settings stage.Settings, found bool, open func(context.Context) (account, error)) error {
	if !found || !settings.Deployed() {
		return nil
	}
	account, err := open(ctx)
	if err != nil || !strings.Contains(settings.Deployment.APIURL, ".execute-api."+account.region()+".") {
		return err
	}
	settings.Deployment.APIURL = ""
	return settings.Write(root)
}
