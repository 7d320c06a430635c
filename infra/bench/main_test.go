package main

import (
	"strings"
	"testing"
)

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
