//go:build !local

package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"signpost/infra/awsconfig"
	"signpost/infra/cloudlogs"
	"signpost/infra/operate"
	"signpost/infra/stage"
	"signpost/infra/support"
)

func (a *app) serveConsoleCommand() *cobra.Command {
	options := operate.ConsoleOptions{
		Deployed: func(ctx context.Context, name string) (support.Timeline, error) {
			config, err := awsconfig.Load(ctx, a.environ["AWS_REGION"])
			return cloudlogs.New(config, stage.Stack(name), time.Now), err
		},
	}
	command := a.onStack(&cobra.Command{
		Use: "serve-console", Short: "Show a deployment in the browser, for support, until Ctrl-C", Args: noArguments,
		Long: `Lists the installations, those with a problem first, and shows one beside what
Webex stores for it, its log lines, and the rollout. Read-only without --write. It
listens on the loopback address only and asks for no password: everybody on this
machine can open it. Log lines are found by CloudWatch Logs Insights, which charges
for what it reads.`,
		Example: "  signpost serve-console --stage prod\n  signpost serve-console --stage prod --write",
	}, func(ctx context.Context, o *operate.Operator, _ []string) error {
		return o.ServeConsole(ctx, options)
	})
	command.Flags().IntVar(&options.Port, "port", 3002, "the `port` on 127.0.0.1; 0 selects a free one")
	command.Flags().BoolVar(&options.Write, "write", false, "allow to verify an installation and to reload its devices")
	return command
}
