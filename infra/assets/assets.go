// Package assets builds what is uploaded: each function's program, for the
// processor that it runs on.
package assets

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"signpost/infra/template"
)

// Build builds each function for the processor that it runs on, by the rule
// that `sam build` uses too, and returns the folders of the programs.
func Build(root string, functions []template.Function, architecture string) (map[string]string, error) {
	code := map[string]string{}
	for _, f := range functions {
		folder := filepath.Join(root, ".build", "aws", architecture, f.Folder())
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return nil, fmt.Errorf("build %s: %w", f.LogicalID, err)
		}
		command := exec.Command("make", "--silent", "--no-print-directory", "-C", root,
			"build-"+f.LogicalID, "ARTIFACTS_DIR="+folder, "ARCH="+architecture)
		if output, err := command.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("build %s: %w\n%s", f.LogicalID, err, output)
		}
		code[f.LogicalID] = folder
	}
	return code, nil
}
