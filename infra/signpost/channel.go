package main

import (
	"context"
	"fmt"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"signpost/infra/operate"
	"signpost/infra/terminal"
)

// channelCommand manages the channels.
func (a *app) channelCommand() *cobra.Command {
	return parent("channel", "Manage channels: addresses that differ between customers",
		a.channelApplyCommand(), a.channelListCommand(), a.channelShowCommand(), a.channelAssignCommand(), a.channelHistoryCommand(), a.channelRevertCommand())
}

func changeFlags(command *cobra.Command, change *operate.ChannelChange) {
	command.Flags().BoolVar(&change.Unchecked, "no-fetch", false, "do not fetch the pages first")
	yesFlag(command, &change.Confirmed)
}

const fetchHelp = `Each page is fetched first, with its values filled in, and nothing is changed if one
does not answer. The number of installations that change must be typed to confirm.
The schedule pushes the change, at VERIFY_RATE.`

func (a *app) channelApplyCommand() *cobra.Command {
	var change operate.ChannelChange
	command := a.onStack(&cobra.Command{
		Use: "apply FILE", Short: "Make a document the next revision of the channels",
		Long: `FILE holds {"channels": {"<name>": {"regions": […], "SIGNAGE_URL": "…", "PWA_URL": "…",
"PWA_XAPI_ALLOW_LIST": "…", "CONTENT_URL": "…"}}}, or is - for the standard input. Settings
that a channel omits come from the environment; "" sets none.

` + fetchHelp,
		Args: arguments(1, 1, "FILE"),
	}, func(ctx context.Context, o *operate.Operator, args []string) error {
		raw, err := readDocument(ctx, o, args[0])
		if err != nil {
			return err
		}
		return o.ApplyChannels(ctx, raw, change)
	})
	changeFlags(command, &change)
	return command
}

func readDocument(ctx context.Context, o *operate.Operator, file string) ([]byte, error) {
	if file == "-" {
		text, err := o.All(ctx)
		return []byte(text), err
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, terminal.UsageError{Err: err}
	}
	return raw, nil
}

func (a *app) channelListCommand() *cobra.Command {
	return a.onStack(&cobra.Command{
		Use: "list", Short: "List the channels", Args: noArguments,
	}, func(ctx context.Context, o *operate.Operator, _ []string) error { return o.ListChannels(ctx) })
}

func (a *app) channelShowCommand() *cobra.Command {
	return a.onStack(&cobra.Command{
		Use: "show CHANNEL", Short: "Show one channel's settings, and which are its own",
		Args: arguments(1, 1, "CHANNEL"),
	}, func(ctx context.Context, o *operate.Operator, args []string) error {
		return o.ShowChannel(ctx, args[0])
	})
}

func (a *app) channelAssignCommand() *cobra.Command {
	var of operate.Selection
	command := a.onStack(&cobra.Command{
		Use: "assign ORG CHANNEL", Short: "Assign an installation to a channel, or unassign it with default",
		Long: "What changed is pushed immediately.",
		Args: arguments(2, 2, "ORG and CHANNEL"),
	}, func(ctx context.Context, o *operate.Operator, args []string) error {
		of.Orgs = args[:1]
		return o.AssignChannel(ctx, of, args[1])
	})
	appFlag(command, &of)
	return command
}

func (a *app) channelHistoryCommand() *cobra.Command {
	return a.onStack(&cobra.Command{
		Use: "history", Short: "List the revisions of the channels; the last 50 are kept", Args: noArguments,
	}, func(ctx context.Context, o *operate.Operator, _ []string) error {
		return o.ChannelHistory(ctx)
	})
}

func (a *app) channelRevertCommand() *cobra.Command {
	var change operate.ChannelChange
	command := a.onStack(&cobra.Command{
		Use: "revert REVISION", Short: "Make the document of an earlier revision the next one",
		Long: fetchHelp,
		Args: arguments(1, 1, "REVISION"),
	}, func(ctx context.Context, o *operate.Operator, args []string) error {
		number, err := strconv.Atoi(args[0])
		if err != nil {
			return terminal.UsageError{Err: fmt.Errorf("%q is not the number of a revision", args[0])}
		}
		return o.RevertChannels(ctx, number, change)
	})
	changeFlags(command, &change)
	return command
}
