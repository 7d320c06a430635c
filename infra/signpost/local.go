package main

import (
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"signpost/infra/local"
	"signpost/infra/local/demo"
	"signpost/infra/tests/load"
)

// inProject makes a command without arguments that works in the project's
// folder.
func inProject(group, name, short, long string, run func(cmd *cobra.Command, root string) error) *cobra.Command {
	return &cobra.Command{
		Use: name, Short: short, Long: long, GroupID: group, Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			root, err := projectRoot()
			if err != nil {
				return err
			}
			return run(cmd, root)
		},
	}
}

func (a *app) devCommand() *cobra.Command {
	return inProject(groupLocal, "dev", "Run everything here, until Ctrl-C",
		`Runs the built functions, a simulated Webex and DynamoDB. "make dev" builds the
functions first. PORT (3000), WEBEX_PORT (3001) and DYNAMODB_PORT (8000) say
where; every other setting of the template can be given in the environment.`,
		func(cmd *cobra.Command, root string) error { return local.Run(cmd.Context(), a.IO, root, a.environ) })
}

func (a *app) demoCommand() *cobra.Command {
	return inProject(groupLocal, "demo", "Play the story of one customer, step by step",
		`Plays on the stack that runs at PORT and WEBEX_PORT, or else on one of its own.
Fails if a step does not show what it should.`,
		func(cmd *cobra.Command, root string) error {
			// A closed pipe must not end the process before it has undone its changes.
			signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
			return demo.Run(cmd.Context(), a.IO, root, a.environ)
		})
}

func (a *app) loadCommand() *cobra.Command {
	return inProject(groupMeasure, "load", "Drive a stack of its own at saturation, and check every answer",
		`LOAD_SECONDS (60), LOAD_REQUESTS (200000), LOAD_CUSTOMERS (200) and LOAD_WORKERS
set how long and how much.`,
		func(cmd *cobra.Command, root string) error { return load.Run(cmd.Context(), root, a.environ, a.Out) })
}
