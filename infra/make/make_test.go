// Package make_test checks which values reach the programs that the Makefile
// runs. It runs make itself.
package make_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// run runs make with the project's Makefile, and a target that prints what the
// program of a recipe receives.
func run(t *testing.T, environ, words []string) (string, error) {
	t.Helper()
	program, err := exec.LookPath("make")
	if err != nil {
		t.Fatal(err)
	}
	// Read here too, so that go test caches no result of an older Makefile.
	if _, err := os.ReadFile("../../Makefile"); err != nil {
		t.Fatal(err)
	}
	show := "show: ; @printf '<%s>' \"$${SIGNAGE_URL:-}\""
	command := exec.Command(program, append([]string{"-s", "-C", "../..", "--no-print-directory", "--eval", show, "show"}, words...)...)
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "MAKE") && !strings.HasPrefix(variable, "MFLAGS") {
			command.Env = append(command.Env, variable)
		}
	}
	command.Env = append(command.Env, environ...)
	out, err := command.CombinedOutput()
	return string(out), err
}

// TestAddressesAreUnchanged: an address reaches a program unchanged, or make refuses it.
func TestAddressesAreUnchanged(t *testing.T) {
	const page = "https://signage.example.com/?d=$(deviceId)&n=${displayName}`x`"
	for name, test := range map[string]struct {
		environ, words []string
		want           string // what is printed
		refused        bool
	}{
		"environment":           {environ: []string{"SIGNAGE_URL=" + page}, want: "<" + page + ">"},
		"command line":          {words: []string{"SIGNAGE_URL=" + page}, want: "SIGNAGE_URL='…' make show", refused: true},
		"command line, doubled": {words: []string{"SIGNAGE_URL=https://x/?d=$$(deviceId)"}, want: "SIGNAGE_URL", refused: true},
		"command line, plain":   {words: []string{"SIGNAGE_URL=https://x/?a=1&b=2"}, want: "<https://x/?a=1&b=2>"},
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
