//go:build !local

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"signpost/infra/adopt"
	"signpost/infra/cdkapp"
	"signpost/infra/deploy"
	"signpost/infra/manifest"
	"signpost/infra/setup"
	"signpost/infra/smoke"
	"signpost/infra/stage"
	"signpost/infra/tablecopy"
	"signpost/infra/terminal"
)

// deployCommands returns the commands for deployments.
func (a *app) deployCommands() []*cobra.Command {
	return []*cobra.Command{
		a.setupCommand(), a.manifestCommand(), a.cdkCommand("synth", "Synthesize the stacks, and lint them", deploy.Synth),
		a.cdkCommand("diff", "Show what a deployment would change", deploy.Diff), a.deployCommand(), a.destroyCommand(),
		a.rotateCommand(), a.keyCommand(), a.copyCommand(), a.smokeCommand(), a.cdkAppCommand(),
	}
}

// setupOptions returns the options of setup, and of commands that print the next one.
func (a *app) setupOptions() (setup.Options, error) {
	found, err := findDistribution()
	return setup.Options{
		ConfigDir: a.config, Stage: a.stage, Template: found.Template(""),
		ClientSecret: a.environ["CLIENT_SECRET"], ContentAPIKey: a.environ["CONTENT_API_KEY"],
	}, err
}

func (a *app) setupCommand() *cobra.Command {
	var set []string
	var batch, all, offline bool
	command := &cobra.Command{
		Use: "setup", Short: "Ask for the settings and secrets of a stage, and print the next command", Args: noArguments,
		Long: `Asks only for what is missing, and can be run at any time. It can be interrupted,
since each answer is saved immediately. Settings are stored in
signpost-<stage>.json, which contains no secrets; secrets are stored in AWS
Secrets Manager.

CLIENT_SECRET and CONTENT_API_KEY in the environment are used for the secrets,
without asking.`,
		Example: `  signpost setup --stage prod
  signpost setup --batch --set 'SIGNAGE_URL=https://signage.example.com/?d=$(deviceId)'`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o, err := a.setupOptions()
			if err != nil {
				return err
			}
			o.Batch, o.All, o.Offline = batch, all, offline
			if o.Set, err = assignments(set); err != nil {
				return err
			}
			return setup.Run(cmd.Context(), a.IO, o)
		},
	}
	flags := command.Flags()
	flags.StringArrayVar(&set, "set", nil, "set `NAME=VALUE`; an empty value clears it; can be repeated")
	flags.BoolVar(&batch, "batch", false, "ask nothing; save all settings, or none if one is missing or wrong")
	flags.BoolVar(&all, "all", false, "ask every question again")
	flags.BoolVar(&offline, "offline", false, "call neither AWS nor your pages")
	return command
}

// assignments parses settings of the form NAME=VALUE.
func assignments(texts []string) (map[string]string, error) {
	set := map[string]string{}
	for _, text := range texts {
		name, value, ok := strings.Cut(text, "=")
		if !ok {
			return nil, terminal.Usagef("--set is %q: write it as NAME=VALUE", text)
		}
		set[name] = value
	}
	return set, nil
}

func (a *app) manifestCommand() *cobra.Command {
	check := false
	command := &cobra.Command{
		Use: "manifest", Short: "Write the integration's manifest, for upload in Control Hub", Args: noArguments,
		RunE: func(*cobra.Command, []string) error {
			run := manifest.Write
			if check {
				run = manifest.Check
			}
			return run(a.IO, a.config, a.stage)
		},
	}
	command.Flags().BoolVar(&check, "check", false, "write nothing; exit with 3 if the settings require a new version")
	return command
}

// deployOptions returns the options of the commands that run the CDK CLI.
func (a *app) deployOptions() (deploy.Options, error) {
	found, err := findDistribution()
	if err != nil {
		return deploy.Options{}, err
	}
	program, err := os.Executable()
	return deploy.Options{Distribution: found, ConfigDir: a.config, Stage: a.stage, Program: program, Account: adopt.Open}, err
}

func (a *app) cdkCommand(name, short string, run func(context.Context, *terminal.IO, deploy.Options) error) *cobra.Command {
	return &cobra.Command{
		Use: name, Short: short, Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o, err := a.deployOptions()
			if err != nil {
				return err
			}
			return run(cmd.Context(), a.IO, o)
		},
	}
}

func (a *app) deployCommand() *cobra.Command {
	return a.cdkCommand("deploy", "Deploy the stage, and print the next command", func(ctx context.Context, io *terminal.IO, o deploy.Options) error {
		if err := deploy.Deploy(ctx, io, o); err != nil {
			return err
		}
		next, err := a.setupOptions()
		if err != nil {
			return err
		}
		return setup.Next(ctx, io, next)
	})
}

func (a *app) destroyCommand() *cobra.Command {
	yes, confirm := false, ""
	command := a.cdkCommand("destroy", "Delete the stage's stacks, but not its table", func(ctx context.Context, io *terminal.IO, o deploy.Options) error {
		o.Yes, o.Confirm = yes, confirm
		return deploy.Destroy(ctx, io, o)
	})
	command.Long = "The next deployment adopts the table. In production the secrets and their key stay\ntoo."
	command.Flags().BoolVar(&yes, "yes", false, "do not ask, except for production")
	command.Flags().StringVar(&confirm, "confirm", "", "the `name` of the stack, to confirm production too")
	return command
}

func (a *app) rotateCommand() *cobra.Command {
	names := strings.Join(setup.Rotations, ", ")
	return &cobra.Command{
		Use: "rotate SECRET", Short: "Do the next step of rotating a secret", ValidArgs: setup.Rotations,
		Long: "SECRET is one of " + names + ".\nEach step prints when to run the next one.",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("name one secret: %s", names)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			o, err := a.setupOptions()
			if err != nil {
				return err
			}
			return setup.Rotate(cmd.Context(), a.IO, o, args[0])
		},
	}
}

func (a *app) copyCommand() *cobra.Command {
	var o tablecopy.Options
	command := &cobra.Command{
		Use: "copy --for move|restore FROM TO", Short: "Copy installations and registered integrations between tables", Args: arguments(2, 2, "FROM TO"),
		Long: `FROM and TO are tables, written as [region/]name. For a move the newer of two
rows wins, and no change in TO is undone. For a restore, rows that a bad write
changed in TO are restored. Registered integrations are copied too: a move adds
those that TO has not, a restore also replaces those that differ.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.From, o.To = args[0], args[1]
			return tablecopy.Run(cmd.Context(), a.IO, o)
		},
	}
	command.Flags().StringVar(&o.Purpose, "for", "", "the `purpose`: move or restore")
	command.Flags().StringVar(&o.Org, "org", "", "copy this `organization` only, by its key or its orgId")
	command.Flags().BoolVar(&o.DryRun, "dry-run", false, "count the rows that would be written, and write nothing")
	return command
}

func (a *app) smokeCommand() *cobra.Command {
	return &cobra.Command{
		Use: "smoke [URL]", Short: "Check a deployment from outside", Args: arguments(0, 1, "URL"),
		Long: "Changes nothing. Without a URL it checks the stage's address. Exits with 3 if a\ncheck fails.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				return smoke.Run(cmd.Context(), a.IO, args[0])
			}
			settings, err := stage.Load(a.config, a.stage)
			if errors.Is(err, stage.ErrNotFound) {
				err = terminal.Fixable(err, "signpost setup%s, or signpost smoke URL", stage.Flags(a.config, a.stage))
			}
			if err != nil {
				return err
			}
			if settings.PublicURL() == "" {
				err := fmt.Errorf("the address of stage %s is unknown until it is deployed", a.stage)
				return terminal.Fixable(err, "signpost deploy%s, or signpost smoke URL", stage.Flags(a.config, a.stage))
			}
			return smoke.Run(cmd.Context(), a.IO, settings.PublicURL())
		},
	}
}

// cdkAppCommand is the CDK app, which the CDK CLI runs.
func (a *app) cdkAppCommand() *cobra.Command {
	return &cobra.Command{
		Use: "cdk-app", Short: "Synthesize the stacks for the CDK CLI", Args: noArguments, Hidden: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			found, err := findDistribution()
			if err != nil {
				return err
			}
			outdir := a.environ["CDK_OUTDIR"]
			if outdir == "" {
				return terminal.Usagef("CDK_OUTDIR is not set: use signpost synth, which runs this through the CDK CLI")
			}
			return cdkapp.Run(cmd.Context(), a.Err, cdkapp.Options{
				Distribution: found, ConfigDir: a.config, Stage: a.stage, Outdir: outdir,
				Account: a.environ["CDK_DEFAULT_ACCOUNT"], Region: a.environ["CDK_DEFAULT_REGION"],
			})
		},
	}
}
