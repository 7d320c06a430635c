// Package demo plays the story of one customer, step by step: `make demo`. It
// uses the stack that runs at PORT and WEBEX_PORT, or else starts a temporary
// one.
package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"signpost/infra/local/demo/story"
	"signpost/infra/local/stack"
	"signpost/infra/terminal"
	"signpost/shared/config"
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

// contentKey returns the content API key of the stack that runs at a port: from
// the environment, or the one that the stack generated.
func (d demo) contentKey(port int) (string, error) {
	source := "SECRET_JSON"
	text := []byte(d.environment[source])
	if len(text) == 0 {
		source = filepath.Join(d.root, ".local", strconv.Itoa(port), "secrets.json")
		var err error
		if text, err = os.ReadFile(source); err != nil {
			return "", fmt.Errorf("the content API key of the running stack: %w\nset SECRET_JSON to the value that the stack was started with", err)
		}
	}
	var secrets stack.Secrets
	if json.Unmarshal(text, &secrets) != nil || secrets.ContentKey() == "" {
		return "", fmt.Errorf("%s has no contentApiKey", source) // without the text, which holds secrets
	}
	return secrets.ContentKey(), nil
}

// passed are the settings that a temporary stack takes from the environment.
// Others would point it away from its own simulator and table.
var passed = []string{"SIGNAGE_URL", "PWA_URL", "PWA_XAPI_ALLOW_LIST", "CONTENT_URL", "VENDOR_NAME"}

// playOnTemporary plays on a temporary stack and removes its data afterwards.
func (d demo) playOnTemporary(ctx context.Context) error {
	data, err := os.MkdirTemp("", "signpost-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(data)
	environment := map[string]string{}
	for _, name := range passed {
		environment[name] = d.environment[name]
	}
	own, err := stack.Start(ctx, stack.Options{
		Root: d.root, Environment: environment, EphemeralPorts: true, DataDir: data,
		ScheduleEvery: stack.ScheduleOff, Check: config.Check,
	})
	if err != nil {
		return fmt.Errorf("temporary stack: %w", err)
	}
	defer own.Stop()
	fmt.Fprintf(d.Out, "Signpost: the story of one customer, on a temporary stack at %s\n", own.URL())
	err = d.on(ctx, story.Target{APIURL: own.URL(), WebexURL: own.WebexURL(), ContentKey: own.Secrets().ContentKey()})
	if err != nil && ctx.Err() == nil {
		fmt.Fprintf(d.Err, "\nThe last lines of the stack's log:\n%s\n", own.LastLogs(10))
	}
	return err
}
