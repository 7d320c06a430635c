package main

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"signpost/infra/terminal"
	"signpost/shared/version"
)

// TestTheProgram runs the command as a user would, in a process of its own.
func TestTheProgram(t *testing.T) {
	for _, test := range []struct {
		args string
		exit int
		text string // in what is printed
	}{
		{"", terminal.ExitOK, "signpost [command]"},
		{"--help", terminal.ExitOK, "Installations:"},
		{"help list", terminal.ExitOK, "--failing"},
		{"version", terminal.ExitOK, "signpost " + version.Version},
		{"version --json", terminal.ExitOK, `"version": "` + version.Version + `"`},
		{"--json version", terminal.ExitOK, `"version": "` + version.Version + `"`},
		{"completion bash", terminal.ExitOK, "bash completion"},
		{"completion tcsh", terminal.ExitUsage, "signpost: completion: "},
		{"lits", terminal.ExitUsage, "Try: signpost list"},
		{"dance", terminal.ExitUsage, "signpost: there is no command \"dance\"\nTry: signpost --help\n"},
		{"--nonsense", terminal.ExitUsage, "unknown flag: --nonsense"},
		{"version x", terminal.ExitUsage, "signpost: version: there is no argument \"x\"\nTry: signpost version --help\n"},
		{"show", terminal.ExitUsage, "ORG is missing"},
		{"show a b", terminal.ExitUsage, `there is no argument "b"`},
		{"list a b", terminal.ExitUsage, `there is no argument "b"`},
		{"verify", terminal.ExitUsage, "ORG or --all is missing"},
		{"verify --all x", terminal.ExitUsage, "--all takes no ORG"},
		{"bench --only nothing", terminal.ExitUsage, "launch-cold, "},
		{"list --stage absent", terminal.ExitUsage, "there are no settings of absent\nTry: make setup STAGE=absent\n"},
	} {
		command := exec.Command(os.Args[0], strings.Fields(test.args)...)
		command.Env = append(os.Environ(), "SIGNPOST_TEST_PROGRAM=1")
		out, err := command.CombinedOutput()
		if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
			t.Fatal(err)
		}
		if got := command.ProcessState.ExitCode(); got != test.exit || !strings.Contains(string(out), test.text) || strings.Contains(string(out), "\x1b") {
			t.Errorf("signpost %s: exit %d, want %d and %q:\n%s", test.args, got, test.exit, test.text, out)
		}
	}
}
