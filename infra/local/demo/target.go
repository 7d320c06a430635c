package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"signpost/infra/local/demo/story"
	"signpost/infra/local/stack"
	"signpost/shared/config"
)

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
