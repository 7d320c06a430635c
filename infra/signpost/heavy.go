//go:build !local

package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"signpost/infra/bench"
)

// heavyCommands returns the commands whose libraries take long to build. `make dev`
// and `make demo` leave them out with the build tag local.
func (a *app) heavyCommands() []*cobra.Command {
	return slices.Concat(
		grouped(groupDeploy, a.deployCommands()...),
		grouped(groupOperate, a.serveConsoleCommand()),
		grouped(groupMeasure, a.benchCommand()),
		[]*cobra.Command{a.releaseCommand()})
}

func (a *app) benchCommand() *cobra.Command {
	only := ""
	command := inProject("bench", "Measure everything that has a target, in under 10 minutes",
		`Writes infra/bench/results. Use "make bench", which first builds what is
measured.`,
		func(cmd *cobra.Command, root string) error { return bench.Run(cmd.Context(), root, only, a.Out) })
	command.Flags().StringVar(&only, "only", "", "measure only this `part`, and write no results: "+strings.Join(bench.Names(), ", "))
	_ = command.RegisterFlagCompletionFunc("only", cobra.FixedCompletions(bench.Names(), cobra.ShellCompDirectiveNoFileComp)) // fails for an unknown flag only
	return command
}
