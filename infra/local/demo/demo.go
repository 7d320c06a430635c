// Package demo plays the story of one customer, step by step: `make demo`. It
// plays on the stack that runs at PORT and WEBEX_PORT, or else on one of its own.
package demo

import (
	"context"
	"fmt"
	"time"

	"signpost/infra/local/demo/story"
	"signpost/infra/terminal"
)

// demo is one run.
type demo struct {
	*terminal.IO
	root        string // the project's directory
	environment map[string]string
}

// Run plays the story in the project at root. The error names the step that did
// not show what it should.
func Run(ctx context.Context, s *terminal.IO, root string, environ map[string]string) error {
	d := demo{s, root, environ}
	began := time.Now()
	err := d.play(ctx)
	elapsed := time.Since(began).Seconds()
	if err == nil {
		fmt.Fprintf(d.Out, "\nAll %d steps showed what they should, in %.1f s.\n", story.Steps(), elapsed)
		return nil
	}
	fmt.Fprintln(d.Out)
	return fmt.Errorf("%w\nfailed after %.1f s", err, elapsed)
}

// play plays on the stack that runs, or on one of its own.
func (d demo) play(ctx context.Context) error {
	apiURL, webexURL, err := d.addresses()
	if err != nil {
		return err
	}
	running, err := story.Find(ctx, apiURL, webexURL)
	if err != nil {
		return fmt.Errorf("%w\nset PORT and WEBEX_PORT to a running stack's, or to free ports: then the demo starts a stack of its own", err)
	}
	if !running {
		return d.playOnOwn(ctx)
	}
	key, err := d.contentKey()
	if err != nil {
		return err
	}
	fmt.Fprintf(d.Out, "Signpost: the story of one customer, on the stack at %s\n", apiURL)
	return d.on(ctx, story.Target{APIURL: apiURL, WebexURL: webexURL, ContentKey: key})
}

func (d demo) on(ctx context.Context, target story.Target) error {
	fmt.Fprintf(d.Out, "    Control Hub   %s\n", target.WebexURL)
	return story.Play(ctx, target, story.Options{Out: d.Out, Color: d.Colour})
}
