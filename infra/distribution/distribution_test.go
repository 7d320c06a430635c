package distribution_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"signpost/infra/distribution"
	"signpost/infra/template"
)

// folder creates a folder with these files.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// TestClone: programs are built with the Makefile's rule, for the architecture.
func TestClone(t *testing.T) {
	root := folder(t, map[string]string{"template.yaml": "", "infra/x": "", "Makefile": "build-OneFunction:\n\techo $(ARCH) > \"$(ARTIFACTS_DIR)/bootstrap\"\n" +
		"build-TwoFunction:\n\techo it does not compile >&2; exit 1\n"})
	d, err := distribution.Find(filepath.Join(root, "infra"))
	if err != nil || d.Root != root || d.Template("x86_64") != filepath.Join(root, "template.yaml") {
		t.Fatalf("%+v %v", d, err)
	}
	one, two := template.Function{LogicalID: "OneFunction"}, template.Function{LogicalID: "TwoFunction"}
	code, err := d.Code(t.Context(), []template.Function{one}, "x86_64")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(code["OneFunction"], "bootstrap"))
	if err != nil || string(text) != "x86_64\n" || !strings.HasPrefix(code["OneFunction"], root) {
		t.Errorf("%s: %q %v", code["OneFunction"], text, err)
	}
	_, err = d.Code(t.Context(), []template.Function{one, two}, "")
	if err == nil || !strings.Contains(err.Error(), "TwoFunction") || !strings.Contains(err.Error(), "it does not compile") {
		t.Errorf("error = %v", err)
	}
}

// TestRelease: the archives are used unchanged.
func TestRelease(t *testing.T) {
	root := folder(t, map[string]string{"template-arm64.yaml": "", "template-x86_64.yaml": "", "node_modules/.bin/cdk": ""})
	d, err := distribution.Find(t.TempDir(), root)
	if err != nil || d.Template("x86_64") != filepath.Join(root, "template-x86_64.yaml") || d.Template("") != filepath.Join(root, "template-arm64.yaml") {
		t.Fatalf("%+v %v", d, err)
	}
	code, err := d.Code(t.Context(), []template.Function{{LogicalID: "OneFunction"}}, "")
	if want := filepath.Join(root, "functions", "arm64", "OneFunction.zip"); err != nil || code["OneFunction"] != want {
		t.Errorf("%v %v, want %s", code, err, want)
	}
	if program, err := d.CDK(); err != nil || program != filepath.Join(root, "node_modules", ".bin", "cdk") {
		t.Errorf("CDK: %s %v", program, err)
	}
}

func TestFindsNothing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := distribution.Find(t.TempDir()); err == nil {
		t.Error("an empty folder is a distribution")
	}
	if program, err := (distribution.Distribution{Root: t.TempDir()}).CDK(); err == nil {
		t.Errorf("CDK: %s", program)
	}
}
