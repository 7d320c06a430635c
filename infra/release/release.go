// Package release writes a release, from which a vendor deploys without a clone and
// without Go: the functions' archives and a packaged template for each
// architecture, the signpost command, npm's files for the CDK, checksums and a
// software bill of materials.
//
// Builds are reproducible: the same code gives the same bytes.
package release

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"signpost/infra/distribution"
	"signpost/infra/template"
)

// Architectures are the values of the template's parameter Architecture.
var Architectures = []string{"arm64", "x86_64"}

// Platforms are those of the signpost command, as GOOS/GOARCH.
var Platforms = []string{"linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64", "windows/amd64"}

// Options say what to release.
type Options struct {
	Root          string // the project's folder
	Dir           string // where the release is written; it is emptied first
	Architectures []string
	Platforms     []string
	Report        func(step string) // called before each step
}

// npmFiles are the files from which `npm ci` installs the CDK CLI.
var npmFiles = []string{"package.json", "package-lock.json"}

// Write writes a release of the project.
func Write(ctx context.Context, o Options) error {
	root, err := filepath.Abs(o.Root)
	if err != nil {
		return err
	}
	clone := distribution.Distribution{Root: root}
	read, err := template.Read(clone.Template(""))
	if err != nil {
		return err
	}
	if err := o.emptyDir(root); err != nil {
		return err
	}
	programs := []string{o.Dir}
	for _, architecture := range o.Architectures {
		o.Report("functions for " + architecture)
		code, err := clone.Code(ctx, read.Functions, architecture)
		if err != nil {
			return err
		}
		if err := o.writeFunctions(clone, code, architecture); err != nil {
			return err
		}
		programs = slices.AppendSeq(programs, maps.Values(code))
	}
	for _, platform := range o.Platforms {
		o.Report("signpost for " + platform)
		if err := o.writeCommand(ctx, platform); err != nil {
			return err
		}
	}
	for _, name := range npmFiles {
		if err := copyFile(filepath.Join(o.Root, "infra", name), filepath.Join(o.Dir, name)); err != nil {
			return err
		}
	}
	o.Report("software bill of materials and checksums")
	if err := writeSBOM(o.Dir, programs); err != nil {
		return err
	}
	return writeChecksums(o.Dir)
}

// emptyDir removes the folder, unless it contains the project in root or belongs to it:
// within the project, only dist may be emptied.
func (o Options) emptyDir(root string) error {
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return err
	}
	if below, err := filepath.Rel(dir, root); err == nil && filepath.IsLocal(below) {
		return fmt.Errorf("%s contains the project and would be emptied: name another folder with --dir", o.Dir)
	}
	if within, err := filepath.Rel(root, dir); err == nil && filepath.IsLocal(within) && within != "dist" {
		return fmt.Errorf("%s is part of the project, in which only dist is emptied: name another folder with --dir", o.Dir)
	}
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("empty %s: %w", o.Dir, err)
	}
	return nil
}

// writeFunctions writes the functions' archives, of the programs in the folders of code,
// and the template that refers to them.
func (o Options) writeFunctions(clone distribution.Distribution, code map[string]string, architecture string) error {
	for id, folder := range code {
		archive := filepath.Join(o.Dir, filepath.FromSlash(distribution.ReleaseArchive(architecture, id)))
		if err := writeArchive(archive, filepath.Join(folder, "bootstrap")); err != nil {
			return err
		}
	}
	return writeTemplate(clone.Template(""), filepath.Join(o.Dir, distribution.ReleaseTemplate(architecture)), architecture)
}

// writeCommand builds the signpost command for a platform.
func (o Options) writeCommand(ctx context.Context, platform string) error {
	system, processor, _ := strings.Cut(platform, "/")
	name := "signpost-" + system + "-" + processor
	if system == "windows" {
		name += ".exe"
	}
	program, err := filepath.Abs(filepath.Join(o.Dir, name))
	if err != nil {
		return err
	}
	// The flags keep the folder and the commit out of the program: the same code gives the
	// same bytes.
	command := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", program, "./infra/signpost")
	command.Dir = o.Root
	command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+system, "GOARCH="+processor, "GOAMD64=v1", "GOARM64=v8.0", "GOFLAGS=")
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("build signpost for %s: %w\n%s", platform, err, output)
	}
	return nil
}
