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
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"signpost/infra/template"
)

// Processor is what functions run on.
type Processor struct {
	Architecture string // the template's word
	GOARCH       string // Go's word
}

// Processors are all that the template's Architecture allows.
var Processors = []Processor{{"arm64", "arm64"}, {"x86_64", "amd64"}}

// Platforms are those of the signpost command, as Go names them.
var Platforms = []string{"linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64", "windows/amd64"}

// Options say what to release.
type Options struct {
	Root       string // the project's folder
	Dir        string // where the release is written; it is emptied first
	Processors []Processor
	Platforms  []string
	Report     func(step string) // called before each step
}

// npmFiles are what `npm ci` needs to install the CDK.
var npmFiles = []string{"package.json", "package-lock.json"}

// Write writes a release.
func Write(ctx context.Context, o Options) error {
	read, err := template.Read(filepath.Join(o.Root, "template.yaml"))
	if err != nil {
		return err
	}
	if err := os.RemoveAll(o.Dir); err != nil {
		return fmt.Errorf("empty %s: %w", o.Dir, err)
	}
	work, err := os.MkdirTemp("", "signpost-release")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	for _, processor := range o.Processors {
		o.Report("functions for " + processor.Architecture)
		if err := o.writeFunctions(ctx, read.Functions, processor, work); err != nil {
			return err
		}
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
	if err := writeBill(o.Dir, work); err != nil {
		return err
	}
	return writeChecksums(o.Dir)
}

// writeFunctions writes each function's archive and the template that names them.
func (o Options) writeFunctions(ctx context.Context, functions []template.Function, processor Processor, work string) error {
	for _, function := range functions {
		program := filepath.Join(work, processor.Architecture, function.LogicalID)
		err := o.build(ctx, program, "./functions/"+function.Folder(), "linux", processor.GOARCH, "-tags", "lambda.norpc")
		if err != nil {
			return err
		}
		if err := writeArchive(filepath.Join(o.Dir, Archive(processor.Architecture, function.LogicalID)), program); err != nil {
			return err
		}
	}
	return writeTemplate(filepath.Join(o.Root, "template.yaml"), filepath.Join(o.Dir, "template-"+processor.Architecture+".yaml"), processor.Architecture)
}

func (o Options) writeCommand(ctx context.Context, platform string) error {
	system, processor, _ := strings.Cut(platform, "/")
	name := "signpost-" + system + "-" + processor
	if system == "windows" {
		name += ".exe"
	}
	return o.build(ctx, filepath.Join(o.Dir, name), "./infra/signpost", system, processor)
}

// build builds a program. Neither the folder nor the commit is in it, so that
// the same code gives the same bytes.
func (o Options) build(ctx context.Context, program, path, system, processor string, flags ...string) error {
	program, err := filepath.Abs(program)
	if err != nil {
		return err
	}
	flags = append([]string{"build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", program}, flags...)
	command := exec.CommandContext(ctx, "go", append(flags, path)...)
	command.Dir = o.Root
	command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+system, "GOARCH="+processor, "GOAMD64=v1", "GOARM64=v8.0", "GOFLAGS=")
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s for %s/%s: %w\n%s", path, system, processor, err, output)
	}
	return nil
}
