package assets_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"signpost/infra/assets"
	"signpost/infra/template"
)

// TestBuild: the Makefile's rule is used, as `sam build` does, for the processor.
func TestBuild(t *testing.T) {
	root := t.TempDir()
	rules := "build-OneFunction:\n\techo $(ARCH) > \"$(ARTIFACTS_DIR)/bootstrap\"\n" +
		"build-TwoFunction:\n\techo it does not compile >&2; exit 1\n"
	if err := os.WriteFile(filepath.Join(root, "Makefile"), []byte(rules), 0o600); err != nil {
		t.Fatal(err)
	}
	one, two := template.Function{LogicalID: "OneFunction"}, template.Function{LogicalID: "TwoFunction"}
	code, err := assets.Build(root, []template.Function{one}, "x86_64")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(code["OneFunction"], "bootstrap"))
	if err != nil || string(text) != "x86_64\n" || !strings.HasPrefix(code["OneFunction"], root) {
		t.Errorf("%s: %q %v", code["OneFunction"], text, err)
	}
	_, err = assets.Build(root, []template.Function{one, two}, "arm64")
	if err == nil || !strings.Contains(err.Error(), "TwoFunction") || !strings.Contains(err.Error(), "it does not compile") {
		t.Errorf("error = %v", err)
	}
}
