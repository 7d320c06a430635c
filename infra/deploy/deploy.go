// Package deploy synthesizes, compares, deploys and deletes the stack of a stage
// and that of its firewall with the CDK CLI, and records the outputs of a
// deployment in the stage's settings.
package deploy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"signpost/infra/adopt"
	"signpost/infra/distribution"
	"signpost/infra/stage"
	"signpost/infra/template"
	"signpost/infra/terminal"
)

// Options say which stage to deploy, and from which files.
type Options struct {
	Distribution distribution.Distribution
	// ConfigDir holds the settings of the stages, and Stage is one of them.
	ConfigDir, Stage string
	// Program is the path of the signpost command, which is also the CDK app.
	Program string
	// Yes confirms the deletion of any stage except production. Confirm, which must be
	// the name of the stack, confirms the deletion of any stage.
	Yes     bool
	Confirm string
	// Account opens the account in which to look for resources of a deleted stack.
	Account func(context.Context) (adopt.Account, error)
}

func (o Options) outputs() string { return o.Distribution.BuildPath("outputs-" + o.Stage + ".json") }

// Deploy deploys a stage. The first deployment adopts the resources that a deleted
// stack of the stage retained.
func Deploy(ctx context.Context, io *terminal.IO, o Options) error {
	settings, err := o.load()
	if err != nil {
		return err
	}
	c, err := o.cdk(io)
	if err != nil {
		return err
	}
	first := !settings.Deployed()
	if first {
		if err := adoptRetained(ctx, io, o, c, settings); err != nil {
			return err
		}
	}
	if settings, err = o.deployStack(ctx, c); err != nil {
		return err
	}
	if first && settings.Production() {
		io.Note("The stack is deployed; a second deployment protects it against deletion.")
		if settings, err = o.deployStack(ctx, c); err != nil {
			return err
		}
	}
	if settings.FirewallReady() {
		return c.run(ctx, "deploy", stage.FirewallStack(o.Stage), "--exclusively")
	}
	return nil
}

// load reads the stage's settings, and checks them.
func (o Options) load() (stage.Settings, error) {
	settings, err := stage.Load(o.ConfigDir, o.Stage)
	if err != nil {
		return settings, err
	}
	read, err := template.Read(o.Distribution.Template(settings.Deployment.Architecture))
	if err != nil {
		return settings, err
	}
	if err := settings.Check(read); err != nil {
		return settings, terminal.Fixable(err, "signpost setup%s", stage.Flags(o.ConfigDir, o.Stage))
	}
	return settings, nil
}

// deployStack deploys the main stack, and records its outputs in the settings.
func (o Options) deployStack(ctx context.Context, c cdk) (stage.Settings, error) {
	err := c.run(ctx, "deploy", stage.Stack(o.Stage), "--no-previous-parameters", "--outputs-file", o.outputs())
	if err != nil {
		return stage.Settings{}, err
	}
	return recordOutputs(o.outputs(), o.ConfigDir, o.Stage)
}

// recordOutputs copies the API's address and the table's name to the settings, from the
// file of outputs that the CDK wrote.
func recordOutputs(file, folder, name string) (stage.Settings, error) {
	settings, err := stage.Load(folder, name)
	if err != nil {
		return settings, err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return settings, fmt.Errorf("outputs: %w", err)
	}
	var stacks map[string]struct{ ApiUrl, TableName string }
	if err := json.Unmarshal(text, &stacks); err != nil {
		return settings, fmt.Errorf("outputs: %s: %w", file, err)
	}
	outputs := stacks[stage.Stack(name)]
	if outputs.ApiUrl == "" || outputs.TableName == "" {
		return settings, fmt.Errorf("outputs: %s has no ApiUrl or no TableName of %s", file, stage.Stack(name))
	}
	deployment := &settings.Deployment
	if deployment.APIURL == outputs.ApiUrl && deployment.Table == outputs.TableName {
		return settings, nil
	}
	deployment.APIURL, deployment.Table = outputs.ApiUrl, outputs.TableName
	return settings, settings.Write(folder)
}

// adoptRetained imports the resources that a deleted stack of the stage retained.
func adoptRetained(ctx context.Context, io *terminal.IO, o Options, c cdk, settings stage.Settings) error {
	file := o.Distribution.BuildPath("retained-" + o.Stage + ".json")
	if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	account, err := o.Account(ctx)
	if err != nil {
		return err
	}
	retained, err := adopt.Retained(ctx, account, settings)
	if err != nil || len(retained) == 0 {
		return err
	}
	text, err := json.MarshalIndent(retained, "", "  ")
	if err == nil {
		err = os.WriteFile(file, text, 0o600)
	}
	if err != nil {
		return err
	}
	io.Note(fmt.Sprintf("A deleted stack of %s retained these resources, which the new one adopts:\n%s", o.Stage, text))
	return c.run(ctx, "import", stage.Stack(o.Stage), "--resource-mapping", file)
}

// Destroy deletes the stacks of a stage, after a confirmation. The table stays, and
// of production the secrets and their key; the next deployment adopts them.
func Destroy(ctx context.Context, io *terminal.IO, o Options) error {
	settings, found, err := stage.Read(o.ConfigDir, o.Stage)
	if err != nil {
		return err
	}
	stack := stage.Stack(o.Stage)
	if o.Confirm != "" && o.Confirm != stack {
		return terminal.Usagef("--confirm is %q, but the stack is %s: nothing was deleted", o.Confirm, stack)
	}
	if confirmed := o.Confirm == stack || o.Yes && !settings.Production(); !confirmed {
		what, kept, flag := "", "Its table stays, and the next deployment adopts it.", "--yes"
		if settings.Production() {
			what, kept, flag = "This is PRODUCTION. ", "Its table, secrets and key stay, and the next deployment adopts them.", "--confirm "+stack
		}
		what += "This deletes the stack " + stack + ". " + kept + " In a script, use " + flag + "."
		if err := io.Confirm(ctx, what, stack); err != nil {
			return err
		}
	}
	c, err := o.cdk(io)
	if err != nil {
		return err
	}
	if settings.FirewallReady() {
		if err := c.run(ctx, "destroy", stage.FirewallStack(o.Stage), "--exclusively", "--force"); err != nil {
			return err
		}
	}
	if err := c.run(ctx, "destroy", stack, "--force"); err != nil {
		return err
	}
	if !found || !settings.Deployed() {
		return nil
	}
	account, err := o.Account(ctx)
	if err != nil {
		return err
	}
	return adopt.Forget(account, o.ConfigDir, settings)
}
