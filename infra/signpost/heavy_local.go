//go:build local

package main

import "github.com/spf13/cobra"

// heavyCommands returns none with the build tag local; see heavy.go.
func (a *app) heavyCommands() []*cobra.Command { return nil }
