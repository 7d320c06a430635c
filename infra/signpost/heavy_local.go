//go:build local

package main

import "github.com/spf13/cobra"

// heavyCommands are left out here; see heavy.go.
func (a *app) heavyCommands() []*cobra.Command { return nil }
