package main

import (
	"errors"

	"github.com/spf13/cobra"

	"signpost/infra/operate"
	"signpost/infra/terminal"
)

// what ORG may be, for the help.
const orgHelp = `ORG is the organization's orgId, its key as logs show it, a prefix of the key, or
its name (or the beginning of it). An ambiguous one is refused, with the
candidates.`

// what the commands look at, for the help.
const whereHelp = `Without --stage the command looks at the local stack at PORT (default 3000). With
--stage it looks at that deployment, with the credentials that the AWS tools
find. INSTALLATIONS_TABLE or --table without a stage names a deployment's table;
then all other settings come from the environment.`

// operating makes a command that looks at installations. its run gets what it
// works with.
func (a *app) operating(command *cobra.Command, run func(*operate.Operator, *cobra.Command, []string) error) *cobra.Command {
	command.GroupID = groupOperate
	if command.Long != "" {
		command.Long += "\n\n"
	}
	command.Long += whereHelp
	table := command.Flags().String("table", "", "the deployment's table, by its `name`, such as a restored one")
	command.RunE = func(cmd *cobra.Command, args []string) error {
		found, err := findDistribution()
		if err != nil {
			return err
		}
		o := &operate.Operator{IO: a.IO, Template: found.Template(""), Config: a.config, TableName: *table, Environ: a.environ}
		if a.stageNamed {
			o.Stage = a.stage
		}
		return run(o, cmd, args)
	}
	return command
}

func (a *app) listCommand() *cobra.Command {
	var filter operate.Filter
	command := a.operating(&cobra.Command{
		Use: "list [NAME|ORG-PREFIX]", Short: "List installations: state, features, token health, next due",
		Long:    "Exits with 3 if one of those listed is in trouble.",
		Example: "  signpost list --failing\n  signpost list --stage prod --json",
		Args:    arguments(0, 1, "one NAME or ORG-PREFIX"),
	}, func(o *operate.Operator, cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			filter.Named = args[0]
		}
		return o.List(cmd.Context(), filter)
	})
	flags := command.Flags()
	flags.BoolVar(&filter.Failing, "failing", false, "only those whose last verification failed")
	flags.BoolVar(&filter.Due, "due", false, "only those that are due for a verification")
	flags.StringVar(&filter.Token, "token", "", "only those with this `health` of the refresh token: healthy, expiring, token_invalid")
	_ = command.RegisterFlagCompletionFunc("token", cobra.FixedCompletions(operate.TokenHealths, cobra.ShellCompDirectiveNoFileComp)) // the flag is there
	return command
}

func (a *app) showCommand() *cobra.Command {
	refresh := false
	command := a.operating(&cobra.Command{
		Use: "show ORG", Short: "Show one installation, and what Webex holds beside it",
		Long: orgHelp + "\n\nWrites nothing, unless --refresh is given. Exits with 3 if a verification would\nchange anything.",
		Args: arguments(1, 1, "ORG"),
	}, func(o *operate.Operator, cmd *cobra.Command, args []string) error {
		return o.Show(cmd.Context(), args, false, refresh)
	})
	command.Flags().BoolVar(&refresh, "refresh", false, "renew the access token if it expired")
	return command
}

func (a *app) verifyCommand() *cobra.Command {
	var all, dryRun bool
	command := a.operating(&cobra.Command{
		Use: "verify ORG… | --all", Short: "Verify installations now, and repair what differs",
		Long: orgHelp + "\n\nExits with 3 if one fails or is left.",
		Args: func(cmd *cobra.Command, args []string) error {
			if all && len(args) > 0 {
				return errors.New("--all takes no ORG")
			}
			if all {
				return nil
			}
			return arguments(1, 0, "ORG or --all")(cmd, args)
		},
	}, func(o *operate.Operator, cmd *cobra.Command, args []string) error {
		if dryRun {
			return o.Show(cmd.Context(), args, all, false)
		}
		return o.Verify(cmd.Context(), args, all)
	})
	command.Flags().BoolVar(&all, "all", false, "verify every installation")
	command.Flags().BoolVar(&dryRun, "dry-run", false, "only show what would be done")
	return command
}

func (a *app) explainCommand() *cobra.Command {
	return a.operating(&cobra.Command{
		Use: "explain", Short: "Check a token the way the functions do, check by check",
		Long: `The token is read from the standard input, such as by "signpost explain <
token.txt"; words, quotes and line breaks around it are ignored. Exits with 3 if
a check fails.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return terminal.Fixable(errors.New("the token is read from the standard input: an argument would stay in the shell's history"), "signpost explain < token.txt")
		},
	}, func(o *operate.Operator, cmd *cobra.Command, _ []string) error { return o.Explain(cmd.Context()) })
}

func (a *app) removeCommand() *cobra.Command {
	yes := false
	command := a.operating(&cobra.Command{
		Use: "remove ORG…", Short: "Remove installations at Webex, then their rows",
		Long: orgHelp + "\n\nAsks for the organization's key first. Removes nothing if one of them is unknown.",
		Args: arguments(1, 0, "ORG"),
	}, func(o *operate.Operator, cmd *cobra.Command, args []string) error {
		return o.Remove(cmd.Context(), args, yes)
	})
	command.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return command
}

func (a *app) configCommand() *cobra.Command {
	return a.operating(&cobra.Command{
		Use: "config", Short: "Show every setting, where it comes from, and what is wrong",
		Long: "Secrets are not shown. Exits with 3 if a setting is wrong.", Args: noArguments,
	}, func(o *operate.Operator, cmd *cobra.Command, _ []string) error { return o.Settings(cmd.Context()) })
}
