// Package distribution finds the files that Signpost is deployed from: the
// template, the functions' programs and the CDK CLI. A distribution is either a
// clone, in which the programs are built, or the folder of a release, which
// contains them.
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

// DefaultArchitecture is the functions' architecture if the settings name none.
const DefaultArchitecture = "arm64"

// Distribution is a clone or a release.
type Distribution struct {
	// Root is the clone's or the release's folder; without [Find], a clone's.
	Root    string
	release bool
}

// Find returns the first clone or release among the folders and their parents: the
// first folder and its parents, then the second folder and its parents, and so on.
func Find(folders ...string) (Distribution, error) {
	for _, folder := range folders {
		for {
			if exists(filepath.Join(folder, "template.yaml")) {
				return Distribution{Root: folder}, nil
			}
			if exists(filepath.Join(folder, ReleaseTemplate(DefaultArchitecture))) {
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

// ReleaseTemplate is the file name of a release's template for one architecture.
func ReleaseTemplate(architecture string) string { return "template-" + architecture + ".yaml" }

// ReleaseArchive is the path of a function's archive, relative to the release's
// folder and with slashes, as its template names it.
func ReleaseArchive(architecture, logicalID string) string {
	return "functions/" + architecture + "/" + logicalID + ".zip"
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// Template is the file of the SAM template for an architecture; "" means
// [DefaultArchitecture].
func (d Distribution) Template(architecture string) string {
	if d.release {
		return filepath.Join(d.Root, ReleaseTemplate(cmp.Or(architecture, DefaultArchitecture)))
	}
	return filepath.Join(d.Root, "template.yaml")
}

// BuildPath is the path of a generated file or folder.
func (d Distribution) BuildPath(name string) string { return filepath.Join(d.Root, ".build", name) }

// CDK is the path of the CDK CLI: the one that npm installed, else the one on the
// PATH.
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
		return "", terminal.Fixable(fmt.Errorf("the CDK CLI is not installed in %s, and cdk is not on the PATH", d.Root), "%s", fix)
	}
	return program, nil
}

// Code returns the path of each function's archive, or of the folder of its program,
// by logical id. In a clone it builds the programs with the Makefile's rule, which
// `sam build` uses too.
func (d Distribution) Code(ctx context.Context, functions []template.Function, architecture string) (map[string]string, error) {
	architecture = cmp.Or(architecture, DefaultArchitecture)
	code := map[string]string{}
	for _, f := range functions {
		path := filepath.Join(d.Root, filepath.FromSlash(ReleaseArchive(architecture, f.LogicalID)))
		if !d.release {
			path = d.BuildPath(filepath.Join("aws", architecture, f.Folder()))
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
