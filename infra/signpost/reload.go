package main

import (
	"context"

	"github.com/spf13/cobra"

	"signpost/infra/operate"
)

func (a *app) reloadCommand() *cobra.Command {
	var of operate.Selection
	yes := false
	command := a.onSelection(&cobra.Command{
		Use: "reload ORG… | --all", Short: "Make devices reload their pages",
		Long: "Changes a parameter of the address and pushes it, since a stuck screen reloads only\nwhen its address changes. The schedule pushes, at VERIFY_RATE. The number of installations must be\ntyped to confirm.",
		Args: orgsOrAll(&of),
	}, &of, func(ctx context.Context, o *operate.Operator) error {
		return o.Reload(ctx, of, yes)
	})
	command.Flags().BoolVar(&of.All, "all", false, "reload the devices of every installation")
	yesFlag(command, &yes)
	return command
}
