package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"signpost/infra/local/stack"
	"signpost/infra/terminal"
	kit "signpost/infra/tests/customer"
	"signpost/shared/config"
)

// TestRollout: a document reaches the pilot first; a second change is refused meanwhile.
func TestRollout(t *testing.T) {
	s := kit.StartWith(t, stack.Options{
		Root: filepath.Join("..", ".."), EphemeralPorts: true, DataDir: t.TempDir(), TableInMemory: true, ScheduleEvery: stack.ScheduleOff, Check: config.Check,
	})
	pilot, other := kit.New(t, s, kit.West).Activate(), kit.New(t, s, kit.West).Activate()
	c := &customer{t, s, pilot.Org}
	c.want(terminal.ExitOK, []string{"there was no rollout"}, "rollout", "status")
	c.want(terminal.ExitFailed, []string{"there is no rollout"}, "rollout", "pause")
	const document = `{"channels": {"all": {"regions": ["us-west-2_r"], "SIGNAGE_URL": "https://next.example.com/?d=$(deviceId)"}}}`
	start := func(code int, texts []string, flags ...string) {
		t.Helper()
		got, output := c.ask(document, append([]string{"rollout", "start", "-", "--no-fetch", "--yes"}, flags...)...)
		c.check("start "+strings.Join(flags, " "), got, output, code, texts)
	}
	start(terminal.ExitUsage, []string{"stage 1: the share", "from 0 to 1", "negative"}, "--share", "2", "--halt-at", "7", "--hold", "-1s")
	start(terminal.ExitFailed, []string{"no such installation"}, "--pilot", "nobody")
	start(terminal.ExitOK, []string{"revision 1: running", "stage 1", pilot.Org.ID(), "everybody", "not begun"}, "--pilot", pilot.Org.ID(), "--hold", "1h")
	start(terminal.ExitFailed, []string{"another rollout", "revision 1 is running, at stage 1 of 2"})
	code, output := c.ask(strings.Replace(document, "next", "other", 1), "channel", "apply", "-", "--yes", "--no-fetch")
	c.check("apply another", code, output, terminal.ExitFailed, []string{"another change", "revision 1 is running", "signpost rollout status"})

	c.want(terminal.ExitOK, []string{"paused"}, "rollout", "pause")
	pilot.Invoke("VerifyConfigsFunction", kit.Object{}).Want(t, 200)
	if pilot.Pushes("digital_signage") != 1 {
		t.Error("a paused rollout went on")
	}
	c.want(terminal.ExitOK, []string{"running"}, "rollout", "resume")
	pilot.Invoke("VerifyConfigsFunction", kit.Object{}).Want(t, 200)
	c.want(terminal.ExitOK, []string{"holding, stage 2 begins in", "done, held"}, "rollout", "status")
	if address := c.signage(); address != "https://next.example.com/?d=$(deviceId)" || other.Pushes("digital_signage") != 1 {
		t.Errorf("the pilot has %s, the other customer was pushed %d times", address, other.Pushes("digital_signage"))
	}
	c.want(terminal.ExitOK, []string{"CHANNEL", "all", "default"}, "list")

	c.want(terminal.ExitOK, []string{"aborting, begins in"}, "rollout", "abort")
	var status struct {
		State   string
		Aborted bool
		Stage   int
	}
	output = c.want(terminal.ExitOK, nil, "rollout", "status", "--json")
	if err := json.Unmarshal([]byte(output), &status); err != nil || status.State != "aborting" || !status.Aborted || status.Stage != 1 {
		t.Errorf("%v: %s", err, output)
	}
	c.want(terminal.ExitFailed, []string{"pause: not possible"}, "rollout", "pause")
}
