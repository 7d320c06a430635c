package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"signpost/infra/distribution"
	"signpost/infra/terminal"
)

// app is one run of the command: its streams, its environment and the global flags.
type app struct {
	*terminal.IO
	environ map[string]string

	stage  string // the deployment's name
	config string // the folder of the stages' settings
	// stageNamed is whether the flag or STAGE names the stage.
	stageNamed bool

	// called is the name of the command that runs, such as "list". started is
	// whether the command line was valid.
	called  string
	started bool
}

// Groups of commands in the help.
const (
	groupLocal   = "local"
	groupOperate = "operate"
	groupDeploy  = "deploy"
	groupMeasure = "measure"
)

var groups = []*cobra.Group{
	{ID: groupLocal, Title: "On this machine:"},
	{ID: groupOperate, Title: "Installations:"},
	{ID: groupDeploy, Title: "Deployments:"},
	{ID: groupMeasure, Title: "Measure:"},
}

// commands returns all commands.
func (a *app) commands() []*cobra.Command {
	return slices.Concat(
		grouped(groupLocal, a.devCommand(), a.demoCommand()),
		grouped(groupOperate,
			a.listCommand(), a.showCommand(), a.verifyCommand(), a.explainCommand(), a.removeCommand(), a.inviteCommand(), a.configCommand(),
			a.integrationCommand(), a.installationCommand(), a.channelCommand(), a.rolloutCommand(), a.reloadCommand(), a.diagnoseCommand()),
		grouped(groupMeasure, a.loadCommand()),
		[]*cobra.Command{a.versionCommand(), a.completionCommand()},
		a.heavyCommands())
}

// grouped puts commands into a group of the help.
func grouped(group string, commands ...*cobra.Command) []*cobra.Command {
	for _, command := range commands {
		command.GroupID = group
	}
	return commands
}

// parent returns a command that prints its help, for the commands below it.
func parent(name, short string, below ...*cobra.Command) *cobra.Command {
	command := &cobra.Command{
		Use: name, Short: short, Args: unknownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	command.AddCommand(below...)
	return command
}

// run runs a command line and returns the exit code.
func (a *app) run(ctx context.Context, args []string) int {
	err := a.execute(ctx, args)
	if err != nil && !errors.Is(err, terminal.ErrFindings) {
		a.report(err)
	}
	return terminal.ExitCode(err)
}

func (a *app) execute(ctx context.Context, args []string) error {
	root := a.root()
	root.SetArgs(args)
	command, err := root.ExecuteContextC(ctx)
	a.called = strings.TrimPrefix(strings.TrimPrefix(command.CommandPath(), root.Name()), " ")
	if err != nil && !a.started { // cobra refused the command line
		if _, ok := errors.AsType[terminal.FixableError](err); !ok {
			err = terminal.Fixable(err, "%s --help", command.CommandPath())
		}
		return terminal.UsageError{Err: err}
	}
	return err
}

// root returns the root command, with all others below it.
func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "signpost",
		Short: "Run, deploy and operate a Webex Workspace Integration for digital signage",
		Long: `signpost runs, deploys and operates a Webex Workspace Integration for digital
signage and persistent web apps.

Exit codes: 0 success; 1 the command failed; 2 wrong usage; 3 the command ran and
found problems.`,
		SilenceErrors: true, SilenceUsage: true,
		Args: unknownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetIn(a.In)
	root.SetOut(a.Out)
	root.SetErr(a.Err)
	root.CompletionOptions.DisableDefaultCmd = true
	flags := root.PersistentFlags()
	flags.SortFlags = false
	flags.StringVar(&a.stage, "stage", cmp.Or(a.environ["STAGE"], "dev"), "the `name` of the deployment (default: STAGE in the environment; without it, commands on\ninstallations work on the local stack, the others on dev)")
	flags.Lookup("stage").DefValue = "" // it is in the text
	flags.StringVar(&a.config, "config", ".", "the `folder` of the stages' settings")
	flags.BoolVar(&a.JSON, "json", false, "print JSON, for programs")
	commands := a.commands()
	for _, group := range groups { // cobra would print the title of an empty one
		if slices.ContainsFunc(commands, func(c *cobra.Command) bool { return c.GroupID == group.ID }) {
			root.AddGroup(group)
		}
	}
	for _, command := range commands {
		a.complete(command)
		root.AddCommand(command)
	}
	return root
}

// complete completes the help of a command and of those below it, and what happens
// before they run.
func (a *app) complete(command *cobra.Command) {
	if command.Long = strings.TrimSpace(command.Long); command.Long != "" {
		command.Long = command.Short + ".\n\n" + command.Long
	}
	run := command.RunE
	command.RunE = func(cmd *cobra.Command, args []string) error {
		a.started, a.stageNamed = true, a.environ["STAGE"] != "" || cmd.Flags().Changed("stage")
		return run(cmd, args)
	}
	for _, below := range command.Commands() {
		a.complete(below)
	}
}

// unknownCommand refuses an unknown command below parent, and proposes similar ones.
func unknownCommand(parent *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	err, path := fmt.Errorf("there is no command %q", args[0]), parent.CommandPath()+" "
	if parent.SuggestionsMinimumDistance = 2; len(parent.SuggestionsFor(args[0])) > 0 {
		return terminal.Fixable(err, "%s%s", path, strings.Join(parent.SuggestionsFor(args[0]), ", "+path))
	}
	return terminal.Fixable(err, "%s--help", path)
}

// noArguments accepts no arguments.
func noArguments(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("there is no argument %q", args[0])
	}
	return nil
}

// arguments accepts from least to most arguments of a kind, such as ORG; most 0 means
// no limit.
func arguments(least, most int, what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return fmt.Errorf("%s is missing", what)
		case most > 0 && len(args) > most:
			return fmt.Errorf("there is no argument %q: %s is enough", args[most], what)
		}
		return nil
	}
}

// report prints an error: the command, what went wrong, and a command that fixes it.
func (a *app) report(err error) {
	prefix := "signpost: "
	if a.called != "" {
		prefix += a.called + ": "
	}
	text := err.Error()
	if errors.Is(err, context.Canceled) {
		text = "interrupted"
	}
	for line := range strings.SplitSeq(text, "\n") {
		fmt.Fprintln(a.Err, prefix+terminal.Plain(line))
	}
	if fixable, ok := errors.AsType[terminal.FixableError](err); ok {
		fmt.Fprintln(a.Err, "Try:", fixable.Fix)
	}
}

// findDistribution finds the clone or release that contains the working directory,
// else the one that contains the command itself.
func findDistribution() (distribution.Distribution, error) {
	folder, err := os.Getwd()
	if err != nil {
		return distribution.Distribution{}, err
	}
	program, err := os.Executable()
	if err != nil {
		return distribution.Distribution{}, err
	}
	return distribution.Find(folder, filepath.Dir(program))
}

// projectRoot is the distribution's folder.
func projectRoot() (string, error) {
	found, err := findDistribution()
	return found.Root, err
}
