package deploy

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"signpost/infra/adopt"
	"signpost/infra/distribution"
	"signpost/infra/stage"
	"signpost/infra/terminal"
)

// fakeCDK stands in for the CDK CLI. It records its arguments after the app. Files
// in its folder control it: it copies "outputs" to the path in --outputs-file and
// "stack" into the output, and fails at the command named in "fail".
const fakeCDK = `#!/bin/sh
here=$(dirname "$0")
[ "$1" = --app ] && [ "$3" = --output ] || exit 9
printf '%s\n' "$2" > "$here/app"
output=$4
shift 4
echo "$@" >> "$here/calls"
[ "$1" != "$(cat "$here/fail" 2>/dev/null)" ] || exit 1
[ "$1" = synth ] && cp "$here/stack" "$output/signpost.template.json"
for word in "$@"; do
  [ "$last" != --outputs-file ] || cp "$here/outputs" "$word"
  last=$word
done
exit 0
`

const (
	outputs = `{"signpost-prod":{"ApiUrl":"https://a.execute-api.eu-west-1.amazonaws.com","TableName":"t"},
"signpost-dev":{"ApiUrl":"https://a.execute-api.eu-west-1.amazonaws.com","TableName":"t"}}`
	address = "https://a.execute-api.eu-west-1.amazonaws.com"
	certify = "arn:aws:acm:us-east-1:123456789012:certificate/6d93fe09"
)

// project is a distribution with a fake CDK, and a stage's settings.
type project struct {
	Options
	bin   string
	out   bytes.Buffer
	asked int // how often the account was opened
}

func newProject(t *testing.T, settings stage.Settings) *project {
	t.Helper()
	p := &project{bin: t.TempDir()}
	root := t.TempDir()
	text, err := os.ReadFile("../../template.yaml")
	if err := errors.Join(err, os.WriteFile(filepath.Join(root, "template.yaml"), text, 0o600),
		os.WriteFile(filepath.Join(p.bin, "cdk"), []byte(fakeCDK), 0o700), os.WriteFile(filepath.Join(p.bin, "outputs"), []byte(outputs), 0o600),
		os.WriteFile(filepath.Join(p.bin, "stack"), []byte("{}"), 0o600)); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", p.bin+":/usr/bin:/bin")
	p.Options = Options{
		Distribution: distribution.Distribution{Root: root}, ConfigDir: t.TempDir(), Stage: settings.Name, Program: "/opt/sign post/signpost",
		Account: func(context.Context) (adopt.Account, error) { p.asked++; return account{}, nil },
	}
	if settings.Variables != nil {
		if err := settings.Write(p.ConfigDir); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// account is an account in which the table of every stage except clean was left.
type account struct{}

func (account) Region() string { return "eu-west-1" }

func (account) Table(_ context.Context, name string) (string, bool, error) {
	return "", name != stage.TableName("clean"), nil
}
func (account) Secret(context.Context, string) (string, string, bool, error) {
	return "", "", false, nil
}

func settings(name string, d stage.Deployment) stage.Settings {
	return stage.Settings{Name: name, Deployment: d, Variables: map[string]string{
		"WEBEX_APP_ID": "6d93fe09-7130-4507-b261-3908b63428a4", "WEBEX_CLIENT_ID": "C3f1b6a2",
		"SIGNAGE_URL": "https://signage.example.com/?d=$(deviceId)", "CONTENT_URL": "https://content.example.com/",
	}}
}

func (p *project) io(in string) *terminal.IO {
	return terminal.NewIO(strings.NewReader(in), &p.out, &p.out, nil)
}

// calls returns the commands of the CDK CLI since the last call, without the paths
// of files.
func (p *project) calls(t *testing.T) []string {
	t.Helper()
	file := filepath.Join(p.bin, "calls")
	text, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(strings.ReplaceAll(string(text), p.Distribution.BuildPath("")+"/", "")), "\n")
}

func (p *project) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(p.bin, name), []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
}

func TestDeploy(t *testing.T) {
	deploy := func(name string) string {
		return "deploy signpost-" + name + " --no-previous-parameters --outputs-file outputs-" + name + ".json"
	}
	firewall := stage.Deployment{Firewall: true, Domain: "a.example.com", CertificateARN: certify}
	for _, test := range []struct {
		name     string
		settings stage.Settings
		want     []string
	}{
		{"first, with a table of an earlier stack", settings("dev", stage.Deployment{}), []string{"import signpost-dev --resource-mapping retained-dev.json", deploy("dev")}},
		{"production first, with a firewall", settings("prod", firewall), []string{
			"import signpost-prod --resource-mapping retained-prod.json", deploy("prod"), deploy("prod"), "deploy signpost-prod-firewall --exclusively"}},
		{"production again", settings("prod", stage.Deployment{APIURL: address}), []string{deploy("prod")}},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newProject(t, test.settings)
			if err := Deploy(t.Context(), p.io(""), p.Options); err != nil {
				t.Fatalf("%v\n%s", err, p.out.String())
			}
			if diff := cmp.Diff(test.want, p.calls(t)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if p.asked > 1 || p.asked == 1 != (test.settings.Deployment.APIURL == "") {
				t.Errorf("the account was asked %d times", p.asked)
			}
			read, err := stage.Load(p.ConfigDir, p.Stage)
			if err != nil || read.Deployment.APIURL != address || read.Deployment.Table != "t" {
				t.Errorf("%+v %v", read.Deployment, err)
			}
			app, err := os.ReadFile(filepath.Join(p.bin, "app"))
			want := `"/opt/sign post/signpost" cdk-app --config "` + p.ConfigDir + `" --stage ` + p.Stage + "\n"
			if err != nil || string(app) != want {
				t.Errorf("the app is %q, want %q", app, want)
			}
		})
	}
}

func TestDeployRefuses(t *testing.T) {
	p := newProject(t, stage.Settings{Name: "dev"})
	fixed := func(what, fix string) {
		t.Helper()
		err := Deploy(t.Context(), p.io(""), p.Options)
		if fixable, ok := errors.AsType[terminal.FixableError](err); !ok || fixable.Fix != fix {
			t.Errorf("%s: %v", what, err)
		}
	}
	fixed("no settings", "signpost setup --stage dev --config "+p.ConfigDir)
	wrong := settings("dev", stage.Deployment{LogRetentionDays: 2})
	if err := wrong.Write(p.ConfigDir); err != nil {
		t.Fatal(err)
	}
	fixed("wrong settings", "signpost setup --stage dev --config "+p.ConfigDir)
	if calls := p.calls(t); calls != nil || p.asked > 0 {
		t.Errorf("something was done: %v", calls)
	}
	if err := settings("dev", stage.Deployment{}).Write(p.ConfigDir); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", t.TempDir())
	fixed("no CDK", "make modules")
}

// TestDeployStopsAtAFailure: an earlier run's mapping is not used, and nothing
// follows a failure.
func TestDeployStopsAtAFailure(t *testing.T) {
	p := newProject(t, settings("clean", stage.Deployment{}))
	stale := p.Distribution.BuildPath("retained-clean.json")
	if err := errors.Join(os.MkdirAll(filepath.Dir(stale), 0o700), os.WriteFile(stale, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	if err := Deploy(t.Context(), p.io(""), p.Options); err == nil || !strings.Contains(err.Error(), "no ApiUrl") {
		t.Errorf("without outputs: %v", err)
	}
	if calls := p.calls(t); len(calls) != 1 || strings.HasPrefix(calls[0], "import") {
		t.Errorf("nothing was left, but %v", calls)
	}
	if _, err := os.Stat(stale); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the old mapping: %v", err)
	}
	for command, want := range map[string]int{"import": 1, "deploy": 2} {
		p := newProject(t, settings("prod", stage.Deployment{}))
		p.write(t, "fail", command)
		err := Deploy(t.Context(), p.io(""), p.Options)
		if _, ok := errors.AsType[*exec.ExitError](err); !ok || len(p.calls(t)) != want {
			t.Errorf("%s fails: %v", command, err)
		}
	}
}

func TestTakeOutputs(t *testing.T) {
	p := newProject(t, settings("prod", stage.Deployment{}))
	file := filepath.Join(p.bin, "outputs")
	for text, want := range map[string]string{
		outputs: "", `{"signpost-dev":{"ApiUrl":"https://x","TableName":"t"}}`: "no ApiUrl",
		`{"signpost-prod":{"ApiUrl":"https://x"}}`: "no TableName", `x`: "outputs",
	} {
		p.write(t, "outputs", text)
		_, err := recordOutputs(file, p.ConfigDir, "prod")
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestDestroy: a stage is confirmed by typing its stack's name, or by a flag, which
// for production must contain the name.
func TestDestroy(t *testing.T) {
	for _, test := range []struct {
		name, stage, typed, confirm string
		yes                         bool
		exit                        int
	}{
		{"typed", "dev", "signpost-dev\n", "", false, 0},
		{"typed wrong", "dev", "yes\n", "", false, terminal.ExitUsage},
		{"nothing typed", "dev", "", "", false, terminal.ExitUsage},
		{"by flag", "dev", "", "", true, 0},
		{"by name", "dev", "", "signpost-dev", false, 0},
		{"production by flag", "prod", "", "", true, terminal.ExitUsage},
		{"production typed", "prod", "signpost-prod\n", "", true, 0},
		{"production by name", "prod", "", "signpost-prod", false, 0},
		{"by another name", "dev", "signpost-dev\n", "signpost-prod", true, terminal.ExitUsage},
	} {
		t.Run(test.name, func(t *testing.T) {
			firewall := stage.Deployment{APIURL: address, Table: "t", Firewall: true}
			p := newProject(t, settings(test.stage, firewall))
			p.Yes, p.Confirm = test.yes, test.confirm
			err := Destroy(t.Context(), p.io(test.typed), p.Options)
			if terminal.ExitCode(err) != test.exit {
				t.Fatalf("%v", err)
			}
			stack := "signpost-" + test.stage
			want := []string{"destroy " + stack + "-firewall --exclusively --force", "destroy " + stack + " --force"}
			if test.exit != 0 {
				want = nil
			}
			if diff := cmp.Diff(want, p.calls(t)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if read, err := stage.Load(p.ConfigDir, test.stage); err != nil || read.Deployed() != (test.exit != 0) || read.Deployment.Table != "t" {
				t.Errorf("%+v %v", read.Deployment, err)
			}
		})
	}
}

func TestSynthLints(t *testing.T) {
	p := newProject(t, stage.Settings{Name: "dev"})
	for _, test := range []struct {
		linter string
		exit   int
	}{{"", 0}, {"exit 0", 0}, {"echo E1001; exit 2", terminal.ExitFindings}} {
		if test.linter != "" {
			p.write(t, "cfn-lint", "#!/bin/sh\n[ \"$1\" = -- ] && [ -f \"$2\" ] || exit 9\n"+test.linter+"\n")
		}
		if err := Synth(t.Context(), p.io(""), p.Options); terminal.ExitCode(err) != test.exit {
			t.Errorf("%q: %v\n%s", test.linter, err, p.out.String())
		}
	}
	p.write(t, "fail", "synth")
	if err := Synth(t.Context(), p.io(""), p.Options); terminal.ExitCode(err) != terminal.ExitFailed {
		t.Errorf("a failure: %v", err)
	}
}

// TestDiffIsInterrupted: the CDK CLI is interrupted, and the error is the
// context's.
func TestDiffIsInterrupted(t *testing.T) {
	p := newProject(t, stage.Settings{Name: "dev"})
	p.write(t, "cdk", "#!/bin/sh\ntrap 'echo cleaned up; exit 130' INT\necho ready\nwhile :; do sleep 0.01; done\n")
	read, write := io.Pipe()
	ctx, interrupt := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- Diff(ctx, &terminal.IO{In: strings.NewReader(""), Out: write, Err: write}, p.Options)
		_ = write.Close()
	}()
	if _, err := io.ReadFull(read, make([]byte, len("ready\n"))); err != nil {
		t.Fatal(err)
	}
	interrupt()
	rest, err := io.ReadAll(read)
	if err != nil || string(rest) != "cleaned up\n" {
		t.Errorf("after the interrupt: %q %v", rest, err)
	}
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
