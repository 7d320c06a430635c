package main

import (
	"github.com/spf13/cobra"

	"signpost/infra/operate"
)

// installationCommand manages the device key of one installation.
func (a *app) installationCommand() *cobra.Command {
	command := &cobra.Command{
		Use: "installation", Short: "Show or replace the {installationKey} of one installation", GroupID: groupOperate,
		Args: unknownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	for _, below := range []*cobra.Command{a.showKeyCommand(), a.rotateKeyCommand()} {
		below.GroupID = "" // the parent has no groups
		command.AddCommand(below)
	}
	return command
}

func (a *app) showKeyCommand() *cobra.Command {
	var of operate.Selection
	command := a.onStack(&cobra.Command{
		Use: "show-key ORG", Short: "Print the installation's {installationKey}",
		Long: "Who holds the key is a device of this customer.",
		Args: arguments(1, 1, "ORG"),
	}, func(o *operate.Operator, cmd *cobra.Command, args []string) error {
		of.Orgs = args
		return o.DeviceKey(cmd.Context(), of)
	})
	appFlag(command, &of)
	return command
}

func (a *app) rotateKeyCommand() *cobra.Command {
	var of operate.Selection
	yes := false
	command := a.onStack(&cobra.Command{
		Use: "rotate-key ORG", Short: "Replace the installation's {installationKey}, and print the new one",
		Long: "Each configuration whose address contains the key is pushed once, and its devices\nload anew. The organization's key must be typed to confirm.",
		Args: arguments(1, 1, "ORG"),
	}, func(o *operate.Operator, cmd *cobra.Command, args []string) error {
		of.Orgs = args
		return o.RotateDeviceKey(cmd.Context(), of, yes)
	})
	appFlag(command, &of)
	command.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return command
}
