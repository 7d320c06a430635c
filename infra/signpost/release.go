//go:build !local

package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"signpost/infra/release"
)

// releaseCommand is hidden, since it is for maintainers: it requires a clone and Go.
func (a *app) releaseCommand() *cobra.Command {
	dir := "dist"
	command := inProject("release", "Write a release's files", "", func(cmd *cobra.Command, root string) error {
		return release.Write(cmd.Context(), release.Options{
			Root: root, Dir: dir, Architectures: release.Architectures, Platforms: release.Platforms,
			Report: func(step string) { fmt.Fprintln(a.Err, "release:", step) },
		})
	})
	command.Hidden = true
	command.Flags().StringVar(&dir, "dir", dir, "the `folder` to write to, which is emptied first")
	return command
}
