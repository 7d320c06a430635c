//go:build !local

package main

import (
	"strings"

	"github.com/spf13/cobra"

	"signpost/infra/bench"
)

// heavyCommands are those whose libraries take long to build; `make dev` and
// `make demo` build without them, by the tag local.
func (a *app) heavyCommands() []*cobra.Command {
	return append(a.deployCommands(), a.benchCommand(), a.releaseCommand())
}

func (a *app) benchCommand() *cobra.Command {
	only := ""
	command := inProject(groupMeasure, "bench", "Measure all that there are targets for, under 10 minutes",
		`Writes infra/bench/results. "make bench" builds what is measured first.`,
		func(cmd *cobra.Command, root string) error { return bench.Run(cmd.Context(), root, only, a.Out) })
	command.Flags().StringVar(&only, "only", "", "measure only this `part`, and write no results: "+strings.Join(bench.Names(), ", "))
	_ = command.RegisterFlagCompletionFunc("only", cobra.FixedCompletions(bench.Names(), cobra.ShellCompDirectiveNoFileComp)) // the flag is there
	return command
}
