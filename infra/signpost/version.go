package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"signpost/shared/version"
)

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: noArguments,
		RunE: func(*cobra.Command, []string) error {
			if a.JSON {
				return a.Print(map[string]string{"version": version.Version})
			}
			_, err := fmt.Fprintln(a.Out, "signpost", version.Version)
			return err
		},
	}
}
