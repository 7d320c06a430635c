// Package make_test holds the Makefile to what it passes on: the make program is
// run for real.
package make_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// run runs make with the project's Makefile, and a target that shows what a
// program of a recipe gets.
func run(t *testing.T, environ, words []string) (string, error) {
	t.Helper()
	program, err := exec.LookPath("make")
	if err != nil {
		t.Fatal(err)
	}
	// Read here too, so that go test does not answer for a Makefile of before.
	if _, err := os.ReadFile("../../Makefile"); err != nil {
		t.Fatal(err)
	}
	show := "show: ; @printf '<%s>' \"$${SIGNAGE_URL:-}\" $(ARGS)"
	command := exec.Command(program, append([]string{"-s", "-C", "../..", "--no-print-directory", "--eval", show, "show"}, words...)...)
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "MAKE") && !strings.HasPrefix(variable, "MFLAGS") && !strings.HasPrefix(variable, "ARGS=") {
			command.Env = append(command.Env, variable)
		}
	}
	command.Env = append(command.Env, environ...)
	out, err := command.CombinedOutput()
	return string(out), err
}

// An address reaches a program as it was given, or not at all.
func TestNothingIsReplaced(t *testing.T) {
	const page = "https://signage.example.com/?d=$(deviceId)&n=${displayName}`x`"
	for name, test := range map[string]struct {
		environ, words []string
		want           string // what is shown, or said
		refused        bool
	}{
		"environment":              {environ: []string{"SIGNAGE_URL=" + page}, want: "<" + page + ">"},
		"command line":             {words: []string{"SIGNAGE_URL=" + page}, want: "SIGNAGE_URL='…' make show", refused: true},
		"command line, doubled":    {words: []string{"SIGNAGE_URL=https://x/?d=$$(deviceId)"}, want: "SIGNAGE_URL", refused: true},
		"command line, plain":      {words: []string{"SIGNAGE_URL=https://x/?a=1&b=2"}, want: "<https://x/?a=1&b=2>"},
		"ARGS":                     {words: []string{"ARGS=-set SIGNAGE_URL=https://x/?d=$(deviceId)"}, want: "go run ./infra/setup", refused: true},
		"ARGS, doubled":            {words: []string{"ARGS=-set SIGNAGE_URL=https://x/?d=$$(deviceId)"}, want: "go run ./infra/setup", refused: true},
		"ARGS, quoted":             {words: []string{"ARGS=-set 'SIGNAGE_URL=https://x/?d=$(deviceId)'"}, want: "go run ./infra/setup", refused: true},
		"ARGS in the environment":  {environ: []string{"ARGS=-set SIGNAGE_URL=https://x/?d=$(deviceId)"}, want: "go run ./infra/setup", refused: true},
		"ARGS with a command":      {words: []string{"ARGS=-set SIGNAGE_URL=https://x/?d=`id`"}, want: "ARGS holds `", refused: true},
		"ARGS that the shell ends": {words: []string{"ARGS=-set SIGNAGE_URL=https://x/?a=1&b=2"}, want: "Put quotes around it", refused: true},
		"ARGS, quoted for that":    {words: []string{"ARGS=-set 'SIGNAGE_URL=https://x/?a=1&b=2'"}, want: "<><-set><SIGNAGE_URL=https://x/?a=1&b=2>"},
		"ARGS, plain":              {words: []string{`ARGS=-stage prod show "one two"`}, want: "<><-stage><prod><show><one two>"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := run(t, test.environ, test.words)
			if (err != nil) != test.refused {
				t.Fatalf("error %v: %s", err, got)
			}
			if test.refused && (!strings.Contains(got, test.want) || strings.Contains(got, "<")) || !test.refused && got != test.want {
				t.Errorf("%s\nwant %s", got, test.want)
			}
		})
	}
}
