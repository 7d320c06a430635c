package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"signpost/infra/operate"
	"signpost/shared/invitation"
)

func (a *app) inviteCommand() *cobra.Command {
	var order invitation.Order
	life := invitation.DefaultLife
	command := a.onStack(&cobra.Command{
		Use: "invite", Short: "Make a link that leads one customer through the activation",
		Long: `The link is for the default integration. With --private it is for one that the
customer uploads in its own Control Hub: the page offers its manifest, and asks for
the OAuth client that Control Hub then shows.`,
		Example: "  signpost invite --reference 4711\n  signpost invite --private --label \"Acme, test\" --expires-in 72h",
		Args:    noArguments,
	}, func(ctx context.Context, o *operate.Operator, _ []string) error {
		order.ExpiresIn = int64(life / time.Second)
		if life < time.Second {
			order.ExpiresIn = -1 // refused, with the limits
		}
		return o.Invite(ctx, order)
	})
	flags := command.Flags()
	flags.BoolVar(&order.Private, "private", false, "for a private integration")
	flags.StringVar(&order.Reference, "reference", "", "your own `id` of the customer, kept with the installation")
	flags.StringVar(&order.Label, "label", "", "a `name` for your lists")
	flags.DurationVar(&life, "expires-in", life, "how long the link works, up to 2160h")
	command.AddCommand(a.inviteListCommand(), a.inviteRevokeCommand())
	return command
}

func (a *app) inviteListCommand() *cobra.Command {
	return a.onStack(&cobra.Command{
		Use: "list", Short: "List invitations, the newest first", Args: noArguments,
	}, func(ctx context.Context, o *operate.Operator, _ []string) error { return o.Invitations(ctx) })
}

func (a *app) inviteRevokeCommand() *cobra.Command {
	return a.onStack(&cobra.Command{
		Use: "revoke ID", Short: "Revoke an invitation that was not used", Args: arguments(1, 1, "ID"),
	}, func(ctx context.Context, o *operate.Operator, args []string) error {
		return o.RevokeInvitation(ctx, args[0])
	})
}
