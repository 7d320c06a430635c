package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"signpost/infra/local/demo/story"
	"signpost/infra/local/stack"
	"signpost/shared/config"
)

// The settings that say where a running stack is, and their defaults.
const (
	settingPort      = "PORT"
	settingWebexPort = "WEBEX_PORT"
	settingSecrets   = "SECRET_JSON"

	defaultPort      = 3000
	defaultWebexPort = 3001
)

// addresses are where a running stack would be.
func (d demo) addresses() (apiURL, webexURL string, err error) {
	api, err := d.port(settingPort, defaultPort)
	webex, webexErr := d.port(settingWebexPort, defaultWebexPort)
	const url = "http://127.0.0.1:%d"
	return fmt.Sprintf(url, api), fmt.Sprintf(url, webex), errors.Join(err, webexErr)
}

func (d demo) port(setting string, fallback int) (int, error) {
	text := d.environment[setting]
	if text == "" {
		return fallback, nil
	}
	port, err := strconv.Atoi(text)
	if err != nil || port < 0 || port > 65535 {
		return 0, fmt.Errorf("%s is %q: it must be a port number", setting, text)
	}
	return port, nil
}

// contentKey is the content API key of the running stack: the environment's,
// or the one that it generated.
func (d demo) contentKey() (string, error) {
	source, text := settingSecrets, []byte(d.environment[settingSecrets])
	if len(text) == 0 {
		port, err := d.port(settingPort, defaultPort)
		if err != nil {
			return "", err
		}
		source = filepath.Join(d.root, ".local", strconv.Itoa(port), "secrets.json")
		if text, err = os.ReadFile(source); err != nil {
			return "", fmt.Errorf("the content API key of the running stack: %w\nset SECRET_JSON as it was set for the stack", err)
		}
	}
	var secrets stack.Secrets
	if json.Unmarshal(text, &secrets) != nil || secrets.ContentKey() == "" {
		return "", fmt.Errorf("%s has no contentApiKey", source) // the text is not shown: it holds secrets
	}
	return secrets.ContentKey(), nil
}

// shown are the settings that a stack of the demo's own takes from the
// environment: what devices and administrators are shown. The others would
// point it away from its own simulator and table.
var shown = []string{"SIGNAGE_URL", "PWA_URL", "PWA_XAPI_ALLOW_LIST", "CONTENT_URL", "VENDOR_NAME"}

// playOnOwn plays on a stack of the demo's own and removes all of it afterwards.
func (d demo) playOnOwn(ctx context.Context) error {
	data, err := os.MkdirTemp("", "signpost-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(data)
	environment := map[string]string{}
	for _, name := range shown {
		environment[name] = d.environment[name]
	}
	own, err := stack.Start(ctx, stack.Options{
		Root: d.root, Environment: environment, EphemeralPorts: true, DataDir: data,
		ScheduleEvery: stack.ScheduleOff, Check: config.Check,
	})
	if err != nil {
		return fmt.Errorf("the demo's own stack: %w", err)
	}
	defer own.Stop()
	fmt.Fprintf(d.Out, "Signpost: the story of one customer, on a stack of its own at %s\n", own.URL())
	err = d.on(ctx, story.Target{APIURL: own.URL(), WebexURL: own.WebexURL(), ContentKey: own.Secrets().ContentKey()})
	if err != nil && ctx.Err() == nil {
		fmt.Fprintf(d.Err, "\nThe last lines of the stack's log:\n%s\n", tail(own.Logs(), 10))
	}
	return err
}

// tail is the end of a text, in lines.
func tail(text string, lines int) string {
	all := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
