// Package distribution finds what Signpost is deployed from: the template, the
// functions' programs and the CDK's command. It is either a clone, where the
// programs are built, or the folder of a release, which holds them.
package distribution

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"signpost/infra/template"
	"signpost/infra/terminal"
)

// Default is the processor of the functions where the settings name none.
const Default = "arm64"

// Distribution is a clone or a release.
type Distribution struct {
	// Root is the clone's or the release's folder; without [Find], a clone's.
	Root    string
	release bool
}

// Find returns the distribution that contains one of the folders: the first
// folder, or a parent of it, that is a clone or a release, else the next folder's.
func Find(folders ...string) (Distribution, error) {
	for _, folder := range folders {
		for {
			if exists(filepath.Join(folder, "template.yaml")) {
				return Distribution{Root: folder}, nil
			}
			if exists(filepath.Join(folder, ReleaseTemplate(Default))) {
				return Distribution{Root: folder, release: true}, nil
			}
			parent := filepath.Dir(folder)
			if parent == folder {
				break
			}
			folder = parent
		}
	}
	return Distribution{}, fmt.Errorf("no template.yaml in %s or above: change to the folder of the clone or the release", folders[0])
}

// ReleaseTemplate is the template of a release for one architecture, in the
// release's folder.
func ReleaseTemplate(architecture string) string { return "template-" + architecture + ".yaml" }

// ReleaseArchive is a function's archive in a release, from its folder and with
// slashes, as the template names it.
func ReleaseArchive(architecture, logicalID string) string {
	return "functions/" + architecture + "/" + logicalID + ".zip"
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// Template is the file of the SAM template for an architecture, "" for the
// default.
func (d Distribution) Template(architecture string) string {
	if d.release {
		return filepath.Join(d.Root, ReleaseTemplate(cmp.Or(architecture, Default)))
	}
	return filepath.Join(d.Root, "template.yaml")
}

// Work is a file or folder for output that can be made again.
func (d Distribution) Work(name string) string { return filepath.Join(d.Root, ".build", name) }

// CDK is the program of the CDK's command: the one that npm installed, else the
// one on the PATH.
func (d Distribution) CDK() (string, error) {
	for _, folder := range []string{"infra", "."} {
		if program := filepath.Join(d.Root, folder, "node_modules", ".bin", "cdk"); exists(program) {
			return program, nil
		}
	}
	program, err := exec.LookPath("cdk")
	if err != nil {
		fix := "make modules"
		if d.release {
			fix = "npm ci"
		}
		return "", terminal.Fixable(fmt.Errorf("the CDK's command is not installed in %s, and cdk is not on the PATH", d.Root), "%s", fix)
	}
	return program, nil
}

// Code returns the archive of each function, or the folder of its program, by
// logical id. In a clone it builds them, by the rule that `sam build` uses too.
func (d Distribution) Code(ctx context.Context, functions []template.Function, architecture string) (map[string]string, error) {
	architecture = cmp.Or(architecture, Default)
	code := map[string]string{}
	for _, f := range functions {
		path := filepath.Join(d.Root, filepath.FromSlash(ReleaseArchive(architecture, f.LogicalID)))
		if !d.release {
			path = d.Work(filepath.Join("aws", architecture, f.Folder()))
			if err := d.build(ctx, f, path, architecture); err != nil {
				return nil, fmt.Errorf("build %s: %w", f.LogicalID, err)
			}
		}
		code[f.LogicalID] = path
	}
	return code, nil
}

func (d Distribution) build(ctx context.Context, f template.Function, folder, architecture string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	command := exec.CommandContext(ctx, "make", "--silent", "--no-print-directory", "-C", d.Root,
		"build-"+f.LogicalID, "ARTIFACTS_DIR="+folder, "ARCH="+architecture)
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, output)
	}
	return nil
}
