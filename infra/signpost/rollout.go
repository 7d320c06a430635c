package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"signpost/infra/operate"
	"signpost/shared/channel"
)

// rolloutCommand manages the rollout of a new revision of the channels.
func (a *app) rolloutCommand() *cobra.Command {
	return parent("rollout", "Roll out a new revision of the channels in stages",
		a.rolloutStartCommand(), a.rolloutStatusCommand(),
		a.rolloutChangeCommand("pause", "Stop the rollout where it is", ""),
		a.rolloutChangeCommand("resume", "Resume a paused or halted rollout", "It checks the current stage again, from its first customer."),
		a.rolloutChangeCommand("abort", "Roll every customer back to the previous revision", "The rollback begins after two minutes, when no function pushes the new revision\nany more."))
}

func (a *app) rolloutStartCommand() *cobra.Command {
	wanted := operate.RolloutPlan{}
	command := a.onStack(&cobra.Command{
		Use: "start FILE", Short: "Start a rollout of a document",
		Long: `FILE is a document as for channel apply, or - for the standard input. The stages are
the pilots, each share of all customers, and everybody. The schedule carries the
rollout on; it halts by itself if too much fails.

` + fetchHelp,
		Example: "  signpost rollout start channels.json --pilot acme --share 0.01 --share 0.1 --hold 4h",
		Args:    arguments(1, 1, "FILE"),
	}, func(ctx context.Context, o *operate.Operator, args []string) error {
		raw, err := readDocument(ctx, o, args[0])
		if err != nil {
			return err
		}
		return o.StartRollout(ctx, raw, wanted)
	})
	flags := command.Flags()
	flags.StringArrayVar(&wanted.Pilots, "pilot", nil, "an `organization` of the first stage; may be repeated")
	flags.Float64SliceVar(&wanted.Shares, "share", nil, "a stage with this `share` of all customers, such as 0.01; may be repeated")
	flags.DurationVar(&wanted.Hold, "hold", time.Hour, "the `time` between the end of a stage and the next one")
	flags.Float64Var(&wanted.Rate, "rate", 0, "calls per second to Webex at most, within VERIFY_RATE; 0 is no further limit")
	flags.Float64Var(&wanted.HaltAt, "halt-at", channel.DefaultHaltAt, "halt if more than this `share` of a stage fails")
	changeFlags(command, &wanted.ChannelChange)
	return command
}

func (a *app) rolloutStatusCommand() *cobra.Command {
	return a.onStack(&cobra.Command{
		Use: "status", Short: "Show how far the rollout has come",
		Long: "Exits with 3 if it has halted.", Args: noArguments,
	}, func(ctx context.Context, o *operate.Operator, _ []string) error { return o.RolloutStatus(ctx) })
}

func (a *app) rolloutChangeCommand(name, short, long string) *cobra.Command {
	return a.onStack(&cobra.Command{Use: name, Short: short, Long: long, Args: noArguments},
		func(ctx context.Context, o *operate.Operator, _ []string) error {
			return o.ChangeRollout(ctx, name)
		})
}
