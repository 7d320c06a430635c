// Command setup asks for the few things about a stage that only a person
// knows, checks them, and writes them where they belong: settings into the
// stage's file, secrets straight into Secrets Manager. `make setup` runs it,
// as often as one likes: it asks only what is open, and ends with the next
// command. By flags it asks nothing, for scripts.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"time"

	"golang.org/x/term"

	"signpost/infra/stage"
	"signpost/infra/template"
	"signpost/shared/dynamo"
)

// flags are what the command was called with.
type flags struct {
	stage, root, outputs, rotate string
	batch, offline               bool
	set                          assignments
}

// assignments are given as -set key=value.
type assignments map[string]string

func (a assignments) String() string { return "" }

func (a assignments) Set(text string) error {
	key, value, ok := strings.Cut(text, "=")
	if !ok {
		return errors.New("write it as key=value")
	}
	a[key] = value
	return nil
}

func main() {
	f := flags{set: assignments{}}
	flag.StringVar(&f.stage, "stage", "dev", "the stage")
	flag.StringVar(&f.root, "root", ".", "the project's directory")
	flag.StringVar(&f.outputs, "outputs", "", "only take the API's address and the table's name from this file of `cdk deploy`")
	flag.StringVar(&f.rotate, "rotate", "", "only rotate a secret: client-secret, content-api-key, keyset or keyset-forget")
	flag.BoolVar(&f.batch, "batch", false, "ask nothing")
	flag.BoolVar(&f.offline, "offline", false, "call neither AWS nor any address")
	flag.Var(f.set, "set", "set a setting, `key=value`; an empty value unsets; may be repeated")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	s := newSession(os.Stdin, os.Stdout, f)
	if err := s.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		stop()
		os.Exit(1)
	}
}

// session is one run of the command.
type session struct {
	flags
	dialog   dialog
	out      io.Writer
	client   *http.Client
	vault    func(context.Context) (vault, error)
	table    func(context.Context, string) (*dynamo.Store, error)
	secrets  map[string]string // given by the environment
	now      func() time.Time
	settings stage.Settings
	template *template.Template
}

func newSession(in *os.File, out io.Writer, f flags) *session {
	s := &session{
		flags: f, out: out, client: &http.Client{Timeout: 5 * time.Second}, vault: openVault, table: openTable, now: time.Now,
		secrets: map[string]string{"clientSecret": os.Getenv("CLIENT_SECRET"), "contentApiKey": os.Getenv("CONTENT_API_KEY")},
	}
	s.dialog = newDialog(in, out)
	if terminal := int(in.Fd()); term.IsTerminal(terminal) {
		s.dialog.hidden = func() (string, error) {
			text, err := term.ReadPassword(terminal)
			fmt.Fprintln(out)
			return string(text), err
		}
	}
	return s
}

func (s *session) run(ctx context.Context) error {
	var found bool
	var err error
	if s.settings, found, err = stage.Read(s.root, s.stage); err != nil {
		return err
	}
	if s.template, err = template.Read(s.root + "/template.yaml"); err != nil {
		return err
	}
	switch {
	case s.outputs != "":
		return s.takeOutputs()
	case s.rotate != "":
		return s.rotateSecret(ctx)
	}
	if err := s.ask(found); err != nil {
		return err
	}
	if err := s.settings.Write(s.root); err != nil {
		return err
	}
	fmt.Fprintf(s.out, "\nThe settings are in %s. Nothing in it is secret: keep it with the code.\n", stage.File(s.root, s.stage))
	deployed := false
	if !s.offline {
		s.reach(ctx)
		if deployed, err = s.fillSecrets(ctx); err != nil {
			return err
		}
	}
	s.next(deployed)
	return nil
}

// next says what to do now.
func (s *session) next(deployed bool) {
	command, why := "make deploy STAGE="+s.stage, "deploys it"
	problems := s.settings.Check(s.template)
	switch {
	case s.settings.Variables["WEBEX_CLIENT_ID"] == "" && s.settings.Written.Version == 0:
		command, why = "make manifest STAGE="+s.stage, "writes the manifest to upload in Control Hub, which answers with the OAuth client"
	case problems != nil:
		fmt.Fprintf(s.out, "\nStill to be settled:\n  %s\n", strings.ReplaceAll(problems.Error(), "\n", "\n  "))
		command, why = "make setup STAGE="+s.stage, "asks for the rest"
	case deployed:
		command, why = "make smoke URL="+s.settings.PublicURL(), "tries it from outside"
	}
	fmt.Fprintf(s.out, "\nNext: %s\n      (%s)\n", command, why)
}
