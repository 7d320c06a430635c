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

// inProject returns a command without arguments that runs in the project's folder.
func inProject(name, short, long string, run func(cmd *cobra.Command, root string) error) *cobra.Command {
	return &cobra.Command{
		Use: name, Short: short, Long: long, Args: noArguments,
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
	return inProject("dev", "Run the whole stack on this machine, until Ctrl-C",
		`Runs the built functions, a simulated Webex and DynamoDB. Use "make dev", which
builds the functions first. PORT (3000), WEBEX_PORT (3001) and DYNAMODB_PORT
(8000) set the ports. The environment can also set every variable of the
functions.`,
		func(cmd *cobra.Command, root string) error { return local.Run(cmd.Context(), a.IO, root, a.environ) })
}

func (a *app) demoCommand() *cobra.Command {
	return inProject("demo", "Play the story of one customer, step by step",
		`Plays on the stack that runs at PORT and WEBEX_PORT, else on a stack of its own.
Fails if a step does not have the expected result.`,
		func(cmd *cobra.Command, root string) error {
			// A closed pipe must not kill the process before it has undone its changes.
			signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
			return demo.Run(cmd.Context(), a.IO, root, a.environ)
		})
}

func (a *app) loadCommand() *cobra.Command {
	return inProject("load", "Load a local stack to saturation, and check every answer",
		`Starts a stack of its own. LOAD_SECONDS (60), LOAD_REQUESTS (200000),
LOAD_CUSTOMERS (200) and LOAD_WORKERS set duration and load.`,
		func(cmd *cobra.Command, root string) error { return load.Run(cmd.Context(), root, a.environ, a.Out) })
}
