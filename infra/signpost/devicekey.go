package main

import (
	"context"

	"github.com/spf13/cobra"

	"signpost/infra/operate"
)

// installationCommand manages the device key of one installation.
func (a *app) installationCommand() *cobra.Command {
	return parent("installation", "Show or replace the {installationKey} of one installation", a.showKeyCommand(), a.rotateKeyCommand())
}

func (a *app) showKeyCommand() *cobra.Command {
	var of operate.Selection
	return a.onSelection(&cobra.Command{
		Use: "show-key ORG", Short: "Print the installation's {installationKey}",
		Long: "Anyone with the key can pose as a device of this customer.",
		Args: arguments(1, 1, "ORG"),
	}, &of, func(ctx context.Context, o *operate.Operator) error {
		return o.DeviceKey(ctx, of)
	})
}

func (a *app) rotateKeyCommand() *cobra.Command {
	var of operate.Selection
	yes := false
	command := a.onSelection(&cobra.Command{
		Use: "rotate-key ORG", Short: "Replace the installation's {installationKey}, and print the new one",
		Long: "Each configuration whose address contains the key is pushed once, and its devices\nreload. The organization's key must be typed to confirm.",
		Args: arguments(1, 1, "ORG"),
	}, &of, func(ctx context.Context, o *operate.Operator) error {
		return o.RotateDeviceKey(ctx, of, yes)
	})
	yesFlag(command, &yes)
	return command
}
