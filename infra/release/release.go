// Package release makes the files from which a vendor deploys without a clone
// and without Go: the functions' archives for both processors, a packaged
// template for each, the signpost command, what the CDK needs from npm,
// checksums and a software bill of materials.
//
// The same code gives the same bytes, wherever and whenever it is built.
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

// Architectures are all that the template's Architecture allows.
var Architectures = []string{"arm64", "x86_64"}

// Platforms are those of the signpost command, as Go names them.
var Platforms = []string{"linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64", "windows/amd64"}

// Options say what to release.
type Options struct {
	Root          string // the project's folder
	Dir           string // where the release is written; it is emptied first
	Architectures []string
	Platforms     []string
	Report        func(step string) // called before each step
}

// npmFiles are what `npm ci` needs to install the CDK.
var npmFiles = []string{"package.json", "package-lock.json"}

// Write writes a release.
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
	if err := os.RemoveAll(o.Dir); err != nil {
		return fmt.Errorf("empty %s: %w", o.Dir, err)
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
	o.Report("bill of materials and checksums")
	if err := writeBill(o.Dir, programs); err != nil {
		return err
	}
	return writeChecksums(o.Dir)
}

// writeFunctions writes each function's archive, from the folder of its program
// in code, and the template that names them.
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
	// Neither the folder nor the commit is in it: the same code gives the same bytes.
	command := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", program, "./infra/signpost")
	command.Dir = o.Root
	command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+system, "GOARCH="+processor, "GOAMD64=v1", "GOARM64=v8.0", "GOFLAGS=")
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("build signpost for %s: %w\n%s", platform, err, output)
	}
	return nil
}
