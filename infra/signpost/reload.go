package main

import (
	"github.com/spf13/cobra"

	"signpost/infra/operate"
)

func (a *app) reloadCommand() *cobra.Command {
	var of operate.Selection
	yes := false
	command := a.onStack(&cobra.Command{
		Use: "reload ORG… | --all", Short: "Make devices load their pages anew",
		Long: "Changes a parameter of the address and pushes it, since a stuck screen loads anew\nonly then. The schedule pushes, at VERIFY_RATE. The number of installations must be\ntyped to confirm.",
		Args: orgsOrAll(&of),
	}, func(o *operate.Operator, cmd *cobra.Command, args []string) error {
		of.Orgs = args
		return o.Reload(cmd.Context(), of, yes)
	})
	appFlag(command, &of)
	command.Flags().BoolVar(&of.All, "all", false, "those of every installation")
	command.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return command
}
