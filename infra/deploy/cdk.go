package deploy

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"signpost/infra/stage"
	"signpost/infra/terminal"
)

// stopTimeout is how long the CDK CLI may take to end after Ctrl-C.
const stopTimeout = 20 * time.Second

// cdk is the CDK CLI for one stage.
type cdk struct {
	program, app, folder, output string
	io                           *terminal.IO
}

// cdk prepares the CDK CLI. Its app is the signpost command, with absolute paths,
// since the CLI may run it in another folder.
func (o Options) cdk(io *terminal.IO) (cdk, error) {
	if err := stage.CheckName(o.Stage); err != nil {
		return cdk{}, err
	}
	program, err := o.Distribution.CDK()
	if err != nil {
		return cdk{}, err
	}
	config, err := filepath.Abs(o.ConfigDir)
	if err != nil {
		return cdk{}, err
	}
	output := o.Distribution.BuildPath(filepath.Join("cdk.out", o.Stage))
	if err := os.MkdirAll(output, 0o755); err != nil {
		return cdk{}, err
	}
	// The app is a command line for a shell: the quotes are for spaces in paths. It
	// must not end with a quote, since the CLI strips quotes around a whole option.
	app := fmt.Sprintf(`"%s" cdk-app --config "%s" --stage %s`, o.Program, config, o.Stage)
	return cdk{program: program, app: app, folder: o.Distribution.Root, output: output, io: io}, nil
}

// run runs a command of the CDK CLI, which may ask questions on the terminal.
func (c cdk) run(ctx context.Context, args ...string) error {
	err := execute(ctx, c.io, c.folder, c.program, append([]string{"--app", c.app, "--output", c.output}, args...)...)
	if err != nil {
		return fmt.Errorf("cdk %s: %w", args[0], err)
	}
	return nil
}

// execute runs a program with our streams. When the context ends, the program is
// interrupted, not killed, so that it can clean up.
func execute(ctx context.Context, io *terminal.IO, folder, program string, args ...string) error {
	command := exec.CommandContext(ctx, program, args...)
	command.Dir, command.Stdout, command.Stderr = folder, io.Out, io.Err
	if file, ok := io.In.(*os.File); ok { // with another reader, Run would wait for its end
		command.Stdin = file
	}
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = stopTimeout
	err := command.Run()
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// Diff prints what a deployment of the stage would change.
func Diff(ctx context.Context, io *terminal.IO, o Options) error {
	c, err := o.cdk(io)
	if err != nil {
		return err
	}
	return c.run(ctx, "diff")
}

// Synth synthesizes the stacks of a stage, and lints them if cfn-lint is
// installed. It returns terminal.ErrFindings if the linter finds anything.
func Synth(ctx context.Context, io *terminal.IO, o Options) error {
	c, err := o.cdk(io)
	if err != nil {
		return err
	}
	templates := filepath.Join(c.output, "*.template.json")
	stale, err := filepath.Glob(templates)
	for _, file := range stale {
		err = errors.Join(err, os.Remove(file))
	}
	if err == nil {
		err = c.run(ctx, "synth", "--quiet")
	}
	if err != nil {
		return err
	}
	files, err := filepath.Glob(templates)
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return fmt.Errorf("no stack in %s: %w", c.output, fs.ErrNotExist)
	}
	for _, file := range files {
		io.Good(file)
	}
	linter, err := exec.LookPath("cfn-lint")
	if err != nil {
		io.Note("cfn-lint is not installed: the stacks are not linted")
		return nil
	}
	err = execute(ctx, io, c.folder, linter, append([]string{"--"}, files...)...)
	if _, found := errors.AsType[*exec.ExitError](err); found {
		return terminal.ErrFindings
	}
	return err
}
