package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"signpost/infra/release"
)

// releaseCommand is for who maintains Signpost: it needs a clone and Go.
func (a *app) releaseCommand() *cobra.Command {
	dir := "dist"
	command := &cobra.Command{
		Use: "release", Short: "Write a release's files", Args: cobra.NoArgs, Hidden: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return release.Write(cmd.Context(), release.Options{
				Root: ".", Dir: dir, Processors: release.Processors, Platforms: release.Platforms,
				Report: func(step string) { fmt.Fprintln(a.Err, "release:", step) },
			})
		},
	}
	command.Flags().StringVar(&dir, "dir", dir, "the `folder` to write, emptied first")
	return command
}
