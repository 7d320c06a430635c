package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// completionCommand replaces cobra's own, which exits with 0 for an unknown shell.
func (a *app) completionCommand() *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use: "completion SHELL", Short: "Print the completion script of a shell: " + strings.Join(shells, ", "),
		Example:   "  source <(signpost completion bash)",
		ValidArgs: shells,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 && !slices.Contains(shells, args[0]) {
				return fmt.Errorf("there is no completion for %q: SHELL is %s", args[0], strings.Join(shells, ", "))
			}
			return arguments(1, 1, "SHELL")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			root := cmd.Root()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(a.Out, true)
			case "zsh":
				return root.GenZshCompletion(a.Out)
			case "fish":
				return root.GenFishCompletion(a.Out, true)
			}
			return root.GenPowerShellCompletionWithDesc(a.Out)
		},
	}
}
