package main

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"signpost/infra/operate"
	"signpost/infra/terminal"
)

const orgHelp = `ORG is the organization's orgId, its key as in the logs, a prefix of the key, its
name or the beginning of its name. If several match, they are listed, and nothing
else is done.`

const stackHelp = `Without --stage or STAGE the command works on the local stack at PORT (default
3000). With a stage it works on that deployment, with the credentials of the AWS
tools. Without a stage, --table or INSTALLATIONS_TABLE selects the table of a
deployment whose other settings are in the environment.`

// onStack completes a command that works on the installations of a stack: its help, the
// flag --table, and the operator that run gets with the arguments.
func (a *app) onStack(command *cobra.Command, run func(context.Context, *operate.Operator, []string) error) *cobra.Command {
	if strings.Contains(command.Use, "ORG") {
		command.Long = orgHelp + "\n\n" + command.Long
	}
	command.Long += "\n\n" + stackHelp
	table := command.Flags().String("table", "", "the `name` of another table, such as a restored one")
	command.RunE = func(cmd *cobra.Command, args []string) error {
		found, err := findDistribution()
		if err != nil {
			return err
		}
		o := &operate.Operator{IO: a.IO, Template: found.Template(""), Config: a.config, TableName: *table, Environ: a.environ}
		if a.stageNamed {
			o.Stage = a.stage
		}
		return run(cmd.Context(), o, args)
	}
	return command
}

// onSelection is onStack for a command on the installations that its arguments name.
func (a *app) onSelection(command *cobra.Command, of *operate.Selection, run func(context.Context, *operate.Operator) error) *cobra.Command {
	appFlag(command, of)
	return a.onStack(command, func(ctx context.Context, o *operate.Operator, args []string) error {
		of.Orgs = args
		return run(ctx, o)
	})
}

// appFlag adds the flag --app to a command.
func appFlag(command *cobra.Command, of *operate.Selection) {
	command.Flags().StringVar(&of.AppID, "app", "", "the `id` of the integration's manifest, for an organization with several installations")
}

// yesFlag adds the flag of a command that asks before it changes anything.
func yesFlag(command *cobra.Command, yes *bool) {
	command.Flags().BoolVarP(yes, "yes", "y", false, "do not ask")
}

func (a *app) listCommand() *cobra.Command {
	var filter operate.Filter
	command := a.onStack(&cobra.Command{
		Use: "list [ORG]", Short: "List installations: state, features, token health, last verified",
		Long:    "Exits with 3 if one of them has a problem.",
		Example: "  signpost list --failing\n  signpost list --stage prod --json",
		Args:    arguments(0, 1, "one ORG"),
	}, func(ctx context.Context, o *operate.Operator, args []string) error {
		if len(args) > 0 {
			filter.Named = args[0]
		}
		return o.List(ctx, filter)
	})
	flags := command.Flags()
	flags.BoolVar(&filter.Failing, "failing", false, "only those whose last verification failed")
	flags.BoolVar(&filter.Due, "due", false, "only those with work due now, such as a retry; the next regular pass does not count")
	flags.StringVar(&filter.Token, "token", "", "only those with this `health` of the refresh token: healthy, expiring, token_invalid")
	_ = command.RegisterFlagCompletionFunc("token", cobra.FixedCompletions(operate.TokenHealths, cobra.ShellCompDirectiveNoFileComp)) // fails for an unknown flag only
	return command
}

func (a *app) showCommand() *cobra.Command {
	refresh, of := false, operate.Selection{Single: true}
	command := a.onSelection(&cobra.Command{
		Use: "show ORG", Short: "Show one installation beside what Webex stores for it",
		Long: "Changes nothing without --refresh. Exits with 3 if the installation is not\nactive, or a verification would change it.",
		Args: arguments(1, 1, "ORG"),
	}, &of, func(ctx context.Context, o *operate.Operator) error {
		return o.Show(ctx, of, refresh)
	})
	command.Flags().BoolVar(&refresh, "refresh", false, "renew the access token if it expired")
	return command
}

// orgsOrAll checks the arguments of a command on some organizations, or on all with --all.
func orgsOrAll(of *operate.Selection) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if of.All && len(args) > 0 {
			return errors.New("--all takes no ORG")
		}
		if of.All {
			return nil
		}
		return arguments(1, 0, "ORG or --all")(cmd, args)
	}
}

func (a *app) verifyCommand() *cobra.Command {
	var of operate.Selection
	dryRun := false
	command := a.onSelection(&cobra.Command{
		Use: "verify ORG… | --all", Short: "Verify installations now, and repair what differs",
		Long: "Exits with 3 if one fails or cannot be verified now.",
		Args: orgsOrAll(&of),
	}, &of, func(ctx context.Context, o *operate.Operator) error {
		if dryRun {
			return o.Show(ctx, of, false)
		}
		return o.Verify(ctx, of)
	})
	command.Flags().BoolVar(&of.All, "all", false, "verify every installation")
	command.Flags().BoolVar(&dryRun, "dry-run", false, "only show what would change, as show does")
	return command
}

func (a *app) explainCommand() *cobra.Command {
	return a.onStack(&cobra.Command{
		Use: "explain", Short: "Run the functions' checks on a token, and show which one fails",
		Long: `Reads the token from the standard input, and ignores words, quotes and line breaks
around it. Exits with 3 if a check fails.`,
		Example: "  signpost explain < token.txt",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return terminal.Fixable(errors.New("the token is read from the standard input: an argument would stay in the shell's history"), "signpost explain < token.txt")
		},
	}, func(ctx context.Context, o *operate.Operator, _ []string) error { return o.Explain(ctx) })
}

func (a *app) removeCommand() *cobra.Command {
	yes, of := false, operate.Selection{}
	command := a.onSelection(&cobra.Command{
		Use: "remove ORG…", Short: "Remove installations, at Webex and here",
		Long: "Each organization's key must be typed to confirm. Removes none if one is not\ninstalled.",
		Args: arguments(1, 0, "ORG"),
	}, &of, func(ctx context.Context, o *operate.Operator) error {
		return o.Remove(ctx, of, yes)
	})
	yesFlag(command, &yes)
	return command
}

func (a *app) configCommand() *cobra.Command {
	return a.onStack(&cobra.Command{
		Use: "config", Short: "Show every setting, its source, and what is wrong",
		Long: "Secrets are redacted. Exits with 3 if a setting is wrong.", Args: noArguments,
	}, func(ctx context.Context, o *operate.Operator, _ []string) error { return o.Settings(ctx) })
}
