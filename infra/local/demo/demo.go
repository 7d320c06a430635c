// Package demo plays the story of one customer, step by step: `make demo`. It
// uses the stack that runs at PORT and WEBEX_PORT, or else starts a temporary
// one.
package demo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"signpost/infra/local/demo/story"
	"signpost/infra/local/stack"
	"signpost/infra/terminal"
)

// demo is one run.
type demo struct {
	*terminal.IO
	root        string // the project's directory
	environment map[string]string
}

// Run plays the story in the project at root. The error names the step that
// failed.
func Run(ctx context.Context, s *terminal.IO, root string, environ map[string]string) error {
	d := demo{s, root, environ}
	began := time.Now()
	err := d.play(ctx)
	elapsed := time.Since(began).Seconds()
	if err == nil {
		fmt.Fprintf(d.Out, "\nAll %d steps passed in %.1f s.\n", story.Steps(), elapsed)
		return nil
	}
	fmt.Fprintln(d.Out)
	return fmt.Errorf("%w\nfailed after %.1f s", err, elapsed)
}

func (d demo) play(ctx context.Context) error {
	api, err := stack.Port(d.environment, stack.PortAPI)
	webex, webexErr := stack.Port(d.environment, stack.PortWebex)
	if err := errors.Join(err, webexErr); err != nil {
		return err
	}
	apiURL, webexURL := fmt.Sprintf("http://127.0.0.1:%d", api), fmt.Sprintf("http://127.0.0.1:%d", webex)
	running, err := story.Find(ctx, apiURL, webexURL)
	if err != nil {
		return fmt.Errorf("%w\nset PORT and WEBEX_PORT to those of a running stack, or to free ports to start a temporary one", err)
	}
	if !running {
		return d.playOnTemporary(ctx)
	}
	key, err := d.contentKey(api)
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
