//go:build !local

package main

import (
	"github.com/spf13/cobra"

	"signpost/infra/setup"
)

// keyCommand manages the keys of the vendor API.
func (a *app) keyCommand() *cobra.Command {
	list := &cobra.Command{
		Use: "list", Short: "List the labels", Args: arguments(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			o, err := a.setupOptions()
			if err != nil {
				return err
			}
			return setup.ListKeys(cmd.Context(), a.IO, o)
		},
	}
	command := parent("key", "List, add, rotate or remove keys of the vendor API", list,
		a.keyChange("add", "Add a key under a new label, and print it"),
		a.keyChange("rotate", "Add a second key, or drop the older of two"),
		a.keyChange("remove", "Remove a label with its keys"))
	command.Long = "Each of your systems has a key of its own, under a label. The keys are in Secrets\nManager; the local stack's is in its secrets.json."
	return command
}

func (a *app) keyChange(verb, short string) *cobra.Command {
	return &cobra.Command{
		Use: verb + " LABEL", Short: short, Args: arguments(1, 1, "LABEL"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o, err := a.setupOptions()
			if err != nil {
				return err
			}
			return setup.ChangeKey(cmd.Context(), a.IO, o, verb, args[0])
		},
	}
}
