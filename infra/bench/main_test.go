package main

import (
	"os"
	"strings"
	"testing"
)

// The README shows what the last runs wrote.
func TestReadmeShowsTheResults(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"results/results.md", "results/simulation.md"} {
		results, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(results)) {
			if strings.HasPrefix(line, "|") && !strings.Contains(string(readme), line) {
				t.Errorf("the README lacks what is in %s: %s", file, line)
			}
		}
	}
}

// The parts' names are what ARGS="-only part" takes.
func TestPartsHaveNamesOfTheirOwn(t *testing.T) {
	seen := map[string]bool{}
	for _, part := range parts {
		if part.name == "" || seen[part.name] || part.measure == nil {
			t.Errorf("part %q", part.name)
		}
		seen[part.name] = true
		if !strings.Contains(names(), part.name) {
			t.Errorf("%s is not in the help", part.name)
		}
	}
}
