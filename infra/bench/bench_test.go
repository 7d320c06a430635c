package bench

import (
	"io"
	"strings"
	"testing"

	"signpost/infra/terminal"
)

// TestPartsHaveUniqueNames: --only selects a part by name.
func TestPartsHaveUniqueNames(t *testing.T) {
	seen := map[string]bool{}
	for _, part := range parts {
		if part.name == "" || seen[part.name] || part.measure == nil {
			t.Errorf("part %q", part.name)
		}
		seen[part.name] = true
	}
	if err := Run(t.Context(), "../..", "nothing", io.Discard); terminal.ExitCode(err) != terminal.ExitUsage || !strings.Contains(err.Error(), strings.Join(Names(), ", ")) {
		t.Errorf("an unknown part: %v", err)
	}
}
