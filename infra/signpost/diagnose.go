package main

import (
	"github.com/spf13/cobra"

	"signpost/infra/operate"
)

func (a *app) diagnoseCommand() *cobra.Command {
	var of operate.Selection
	command := a.onStack(&cobra.Command{
		Use: "diagnose ORG", Short: "Find out why one customer's screens stay dark",
		Long: `Shows the installation beside what Webex stores, fetches the stored pages from here,
and lists what to look at in Control Hub. Changes nothing. Exits with 3 if something
is wrong.`,
		Args: arguments(1, 1, "ORG"),
	}, func(o *operate.Operator, cmd *cobra.Command, args []string) error {
		of.Orgs = args
		return o.Diagnose(cmd.Context(), of)
	})
	appFlag(command, &of)
	return command
}
