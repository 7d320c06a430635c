package main

import (
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"signpost/infra/operate"
	"signpost/infra/terminal"
)

// channelCommand manages the channels.
func (a *app) channelCommand() *cobra.Command {
	command := &cobra.Command{
		Use: "channel", Short: "Manage channels: addresses that differ between customers", GroupID: groupOperate,
		Args: unknownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	for _, below := range []*cobra.Command{
		a.channelApplyCommand(), a.channelListCommand(), a.channelShowCommand(), a.channelAssignCommand(), a.channelHistoryCommand(), a.channelRevertCommand(),
	} {
		below.GroupID = "" // the parent has no groups
		command.AddCommand(below)
	}
	return command
}

func changeFlags(flags *pflag.FlagSet, change *operate.ChannelChange) {
	flags.BoolVar(&change.Unchecked, "no-fetch", false, "do not fetch the pages first")
	flags.BoolVarP(&change.Confirmed, "yes", "y", false, "do not ask")
}

const fetchHelp = `Each page is fetched first, with its values filled in, and nothing is changed if one
does not answer. The number of installations that change must be typed to confirm.
The schedule pushes the change, at VERIFY_RATE.`

func (a *app) channelApplyCommand() *cobra.Command {
	var change operate.ChannelChange
	command := a.onStack(&cobra.Command{
		Use: "apply FILE", Short: "Make a document the next revision of the channels",
		Long: `FILE holds {"channels": {"<name>": {"regions": […], "SIGNAGE_URL": "…", "PWA_URL": "…",
"PWA_XAPI_ALLOW_LIST": "…", "CONTENT_URL": "…"}}}, or is - for the standard input. What
a channel leaves out is the environment's; "" is none.

` + fetchHelp,
		Args: arguments(1, 1, "FILE"),
	}, func(o *operate.Operator, cmd *cobra.Command, args []string) error {
		raw, err := readDocument(o, args[0])
		if err != nil {
			return err
		}
		return o.ApplyChannels(cmd.Context(), raw, change)
	})
	changeFlags(command.Flags(), &change)
	return command
}

func readDocument(o *operate.Operator, file string) ([]byte, error) {
	if file == "-" {
		return io.ReadAll(o.In)
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
	}, func(o *operate.Operator, cmd *cobra.Command, _ []string) error { return o.ListChannels(cmd.Context()) })
}

func (a *app) channelShowCommand() *cobra.Command {
	return a.onStack(&cobra.Command{
		Use: "show CHANNEL", Short: "Show one channel's settings, and which are its own",
		Args: arguments(1, 1, "CHANNEL"),
	}, func(o *operate.Operator, cmd *cobra.Command, args []string) error {
		return o.ShowChannel(cmd.Context(), args[0])
	})
}

func (a *app) channelAssignCommand() *cobra.Command {
	var of operate.Selection
	command := a.onStack(&cobra.Command{
		Use: "assign ORG CHANNEL", Short: "Put an installation into a channel, or with default out of it",
		Long: "What differs is pushed at once.",
		Args: arguments(2, 2, "ORG and CHANNEL"),
	}, func(o *operate.Operator, cmd *cobra.Command, args []string) error {
		of.Orgs = args[:1]
		return o.AssignChannel(cmd.Context(), of, args[1])
	})
	appFlag(command, &of)
	return command
}

func (a *app) channelHistoryCommand() *cobra.Command {
	return a.onStack(&cobra.Command{
		Use: "history", Short: "List the revisions of the channels; the last 50 are kept", Args: noArguments,
	}, func(o *operate.Operator, cmd *cobra.Command, _ []string) error {
		return o.ChannelHistory(cmd.Context())
	})
}

func (a *app) channelRevertCommand() *cobra.Command {
	var change operate.ChannelChange
	command := a.onStack(&cobra.Command{
		Use: "revert REVISION", Short: "Make the document of an earlier revision the next one",
		Long: fetchHelp,
		Args: arguments(1, 1, "REVISION"),
	}, func(o *operate.Operator, cmd *cobra.Command, args []string) error {
		number, err := strconv.Atoi(args[0])
		if err != nil {
			return terminal.UsageError{Err: fmt.Errorf("%q is not the number of a revision", args[0])}
		}
		return o.RevertChannels(cmd.Context(), number, change)
	})
	changeFlags(command.Flags(), &change)
	return command
}
