// Command doctor answers what a developer or an operator asks of an
// installation that does not do what it should: why a token is refused, which
// installations there are, what one of them wants, stores and holds at Webex,
// and which settings are wrong. It works on the local stack and on a deployed
// one, and changes something only by `verify`, `remove` and `show -refresh`.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"signpost/shared/config"
	"signpost/shared/installation"
)

// Exit codes, for scripts.
const (
	exitFine  = 0 // all is as it should be
	exitWrong = 1 // something is found that is not as it should be
	exitUsage = 2 // the call's words are off, or a setting is
	exitError = 3 // it could not be found out
)

const usage = `Usage: doctor [flags] <command>

  list                       every installation: state, features, token health, next due
  show [-refresh] <org>      one installation, and what Webex holds beside it;
                             -refresh renews the access token if it expired
  verify [-dry-run] <org>    do what a verification does, or only say it
  explain <jwt>              check a token the way the functions do, check by check
  remove [-yes <org>] <org>  deactivate at Webex, then wipe the row
  config                     every setting, where it came from, and what is wrong

<org> is the last segment of the decoded orgId, as logs show it, or the orgId.
Settings come from the environment, and what it lacks from the local stack;
those of a deployment from its stage's file (-stage), or from the environment
alone (-table, INSTALLATIONS_TABLE).

Flags:
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// usageError is a call whose words are off.
type usageError struct{ text string }

func (e usageError) Error() string { return e.text }

// errUsageShown is a call whose words are off, and which was told so.
var errUsageShown = errors.New("usage was shown")

// run is the program; the result is its exit code.
func run(ctx context.Context, args []string, in io.Reader, out, problems io.Writer) int {
	d := &doctor{in: in, screen: screen{out: out}}
	words, err := d.parse(args, problems)
	if err == nil {
		err = d.do(ctx, words)
	}
	return exitOf(err, problems)
}

// exitOf reports an error and returns the exit code for it.
func exitOf(err error, problems io.Writer) int {
	switch {
	case err == nil:
		return exitFine
	case errors.Is(err, flag.ErrHelp):
		return exitFine
	case errors.Is(err, errUsageShown):
		return exitUsage
	case errors.Is(err, errFound):
		return exitWrong
	}
	fmt.Fprintln(problems, "doctor:", explainError(err))
	if _, ok := errors.AsType[usageError](err); ok || errors.Is(err, errSettings) {
		return exitUsage
	}
	if errors.Is(err, installation.ErrNotFound) {
		return exitWrong
	}
	return exitError
}

// explainError says what a person can do about an error that is no fault of
// the program.
func explainError(err error) string {
	if errors.Is(err, installation.ErrNotFound) {
		return err.Error() + " (see `list`)"
	}
	return err.Error()
}

// doctor is one call of the program.
type doctor struct {
	screen
	in      io.Reader
	api     string
	stage   string
	table   string
	root    string
	environ func() []string // os.Environ, unless a test says otherwise
}

func (d *doctor) parse(args []string, problems io.Writer) ([]string, error) {
	flags := flag.NewFlagSet("doctor", flag.ContinueOnError)
	flags.SetOutput(problems)
	if d.environ == nil {
		d.environ = os.Environ
	}
	environ := config.Environ(d.environ())
	local := "http://127.0.0.1:" + cmp.Or(environ["PORT"], "3000")
	flags.StringVar(&d.api, "api", "", "the `URL` of the local stack's API (default "+local+", unless a deployment is named)")
	flags.StringVar(&d.stage, "stage", "", "the deployed `stage` to look at: its settings are in its file")
	flags.StringVar(&d.table, "table", "", "the `name` of a deployed stack's table (instead of INSTALLATIONS_TABLE)")
	flags.StringVar(&d.root, "root", ".", "the project's folder, for template.yaml")
	flags.BoolVar(&d.json, "json", false, "print JSON, for programs")
	flags.Usage = func() { fmt.Fprint(problems, usage); flags.PrintDefaults() }
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil, err
	} else if err != nil {
		return nil, errUsageShown
	}
	if flags.NArg() == 0 {
		flags.Usage()
		return nil, errUsageShown
	}
	named := d.stage != "" || d.table != "" || environ[tableVariable] != ""
	flags.Visit(func(f *flag.Flag) { named = named || f.Name == "api" })
	if !named {
		d.api = local
	}
	d.colour = wantsColour(d.out)
	return flags.Args(), nil
}

func (d *doctor) do(ctx context.Context, words []string) error {
	commands := map[string]func(context.Context, []string) error{
		"list": d.list, "show": d.show, "verify": d.verify, "explain": d.explain, "remove": d.remove, "config": d.config,
	}
	command, ok := commands[words[0]]
	if !ok {
		return usageError{fmt.Sprintf("unknown command %q; -h shows what there is", words[0])}
	}
	return command(ctx, words[1:])
}

// one takes the only argument of a command.
func one(args []string, what string) (string, error) {
	if len(args) != 1 || args[0] == "" {
		return "", usageError{"want one " + what}
	}
	return args[0], nil
}
