package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"signpost/infra/terminal"
)

var (
	// quotedCommand matches a command line in a document: a line of a code block, or
	// text in backquotes.
	quotedCommand = regexp.MustCompile("(?m)(?:^|`|\\| |./infra/)signpost ([a-z][^`\n#|]*)")
	flagName      = regexp.MustCompile(`^--([a-z-]+)`)
)

// TestDocumentedCommandsExist checks each command line in the documents, and its
// flags.
func TestDocumentedCommandsExist(t *testing.T) {
	root := (&app{IO: &terminal.IO{}, environ: map[string]string{}}).root()
	count := 0
	for _, pattern := range []string{"README.md", "infra/docs/*.md", ".github/*.md", "events/*.md"} {
		files, err := filepath.Glob("../../" + pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(files), err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, call := range quotedCommand.FindAllStringSubmatch(string(text), -1) {
				count++
				checkDocumented(t, root, filepath.Base(file), strings.Fields(call[1]))
			}
		}
	}
	if count < 20 {
		t.Errorf("only %d commands were found in the documents", count)
	}
}

func checkDocumented(t *testing.T, root *cobra.Command, file string, words []string) {
	t.Helper()
	command, _, err := root.Find(words)
	if err != nil || command == root {
		t.Errorf("%s: there is no command %q", file, strings.Join(words, " "))
		return
	}
	flags := map[string]bool{"help": true}
	keep := func(flag *pflag.Flag) { flags[flag.Name] = true }
	command.LocalFlags().VisitAll(keep)
	command.InheritedFlags().VisitAll(keep)
	for _, word := range words[1:] {
		if flag := flagName.FindStringSubmatch(word); flag != nil && !flags[flag[1]] {
			t.Errorf("%s: %s has no flag --%s", file, command.CommandPath(), flag[1])
		}
	}
}
