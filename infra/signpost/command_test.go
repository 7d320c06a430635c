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
		{"integration", terminal.ExitOK, "rotate "},
		{"integration ad", terminal.ExitUsage, "Try: signpost integration add\n"},
		{"integration rotate", terminal.ExitUsage, "APP_ID is missing"},
		{"bench --only nothing", terminal.ExitUsage, "launch-cold, "},
		{"list --stage absent", terminal.ExitUsage, "there are no settings of stage absent"},
		{"setup x", terminal.ExitUsage, `there is no argument "x"`},
		{"setup --batch --set VERIFY_INTERVAL=5 --config $DIR", terminal.ExitUsage, "signpost: setup: VERIFY_INTERVAL is not"},
		{"setup --batch --set nothing", terminal.ExitUsage, "NAME=VALUE"},
		{"manifest --stage absent --check", terminal.ExitFailed, "Try: signpost setup --stage absent\n"},
		{"deploy --stage absent", terminal.ExitFailed, "Try: signpost setup --stage absent\n"},
		{"deploy --stage A", terminal.ExitFailed, "must be a short name"},
		{"destroy --stage absent", terminal.ExitUsage, "Type signpost-absent to continue"},
		{"destroy --stage prod --yes", terminal.ExitUsage, "PRODUCTION"},
		{"rotate", terminal.ExitUsage, "name one secret: client-secret, content-api-key, keyset, keyset-forget"},
		{"rotate everything", terminal.ExitUsage, "client-secret, content-api-key, keyset, keyset-forget"},
		{"copy --for move a a", terminal.ExitUsage, "the same table"},
		{"copy --for move a", terminal.ExitUsage, "FROM TO is missing"},
		{"smoke --stage absent", terminal.ExitFailed, "signpost smoke URL"},
		{"smoke example.com", terminal.ExitUsage, "is not an address"},
		{"smoke http://127.0.0.1:9", terminal.ExitFindings, "1 of 8 checks failed"},
		{"cdk-app", terminal.ExitUsage, "signpost synth"},
	} {
		command := exec.Command(os.Args[0], strings.Fields(strings.ReplaceAll(test.args, "$DIR", t.TempDir()))...)
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
