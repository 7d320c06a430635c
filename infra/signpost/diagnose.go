package main

import (
	"context"

	"github.com/spf13/cobra"

	"signpost/infra/operate"
)

func (a *app) diagnoseCommand() *cobra.Command {
	var of operate.Selection
	return a.onSelection(&cobra.Command{
		Use: "diagnose ORG", Short: "Find out why one customer's screens stay dark",
		Long: `Shows the installation beside what Webex stores, fetches the stored pages from here,
and lists what to look at in Control Hub. Changes nothing. Exits with 3 if something
is wrong.`,
		Args: arguments(1, 1, "ORG"),
	}, &of, func(ctx context.Context, o *operate.Operator) error {
		return o.Diagnose(ctx, of)
	})
}
