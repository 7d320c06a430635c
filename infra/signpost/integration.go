package main

import (
	"context"

	"github.com/spf13/cobra"

	"signpost/infra/operate"
)

const scopeHelp = `--org names an organization as the other commands do. One that is no customer yet is
named by its key, a UUID, or its orgId.`

const registrationHelp = `Without --org it is the registration for any organization, or else the only one of
the app id.`

const clientSecretHelp = `The client secret is read from the terminal, hidden, or else is the first line of the
standard input.`

// integrationCommand manages the integrations beside the default one.
func (a *app) integrationCommand() *cobra.Command {
	return parent("integration", "Manage the integrations that are registered beside the default one",
		a.integrationAddCommand(), a.integrationListCommand(), a.integrationShowCommand(), a.integrationRemoveCommand(), a.integrationRotateCommand())
}

func (a *app) integrationAddCommand() *cobra.Command {
	var wanted operate.NewIntegration
	command := a.onStack(&cobra.Command{
		Use: "add APP_ID --client-id ID", Short: "Register an integration and its OAuth client",
		Long:    "APP_ID is the id in its manifest.\n\n" + clientSecretHelp + "\n\n" + scopeHelp,
		Example: "  signpost integration add 7d2f5b9e-2f0c-4a40-9d7e-0c6f7b1f4f11 --client-id C0ffee --org acme < secret.txt",
		Args:    arguments(1, 1, "APP_ID"),
	}, func(ctx context.Context, o *operate.Operator, args []string) error {
		wanted.AppID = args[0]
		return o.AddIntegration(ctx, wanted)
	})
	flags := command.Flags()
	flags.StringVar(&wanted.ClientID, "client-id", "", "the `id` of its OAuth client")
	flags.StringVar(&wanted.Org, "org", "", "register it for this `organization` only")
	flags.StringVar(&wanted.Label, "label", "", "your `name` for it")
	flags.StringVar(&wanted.Reference, "reference", "", "your own `id` of the customer")
	return command
}

func (a *app) integrationListCommand() *cobra.Command {
	return a.onStack(&cobra.Command{
		Use: "list", Short: "List the registered integrations", Args: noArguments,
	}, func(ctx context.Context, o *operate.Operator, _ []string) error {
		return o.ListIntegrations(ctx)
	})
}

func (a *app) integrationShowCommand() *cobra.Command {
	return a.onStack(&cobra.Command{
		Use: "show APP_ID", Short: "Show the registrations of one app id",
		Args: arguments(1, 1, "APP_ID"),
	}, func(ctx context.Context, o *operate.Operator, args []string) error {
		return o.ShowIntegration(ctx, args[0])
	})
}

func (a *app) integrationRemoveCommand() *cobra.Command {
	var of operate.Registration
	var force, yes bool
	command := a.onStack(&cobra.Command{
		Use: "remove APP_ID", Short: "Remove a registered integration",
		Long: "The app id must be typed to confirm. Refuses while installations use it.\n\n" + registrationHelp,
		Args: arguments(1, 1, "APP_ID"),
	}, func(ctx context.Context, o *operate.Operator, args []string) error {
		of.AppID = args[0]
		return o.RemoveIntegration(ctx, of, force, yes)
	})
	flags := command.Flags()
	flags.StringVar(&of.Org, "org", "", "the registration for this `organization`")
	flags.BoolVar(&force, "force", false, "also while installations use it, such as when it was deleted at Webex: they fail until\nthe organization activates the app id again with another client")
	yesFlag(command, &yes)
	return command
}

func (a *app) integrationRotateCommand() *cobra.Command {
	var of operate.Registration
	command := a.onStack(&cobra.Command{
		Use: "rotate APP_ID", Short: "Replace the client secret of a registered integration",
		Long: clientSecretHelp + ` It is tried with the refresh token of one installation first,
and nothing is changed if Webex refuses it.

` + registrationHelp,
		Args: arguments(1, 1, "APP_ID"),
	}, func(ctx context.Context, o *operate.Operator, args []string) error {
		of.AppID = args[0]
		return o.RotateIntegration(ctx, of)
	})
	command.Flags().StringVar(&of.Org, "org", "", "the registration for this `organization`")
	return command
}
