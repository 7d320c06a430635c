// Command demo plays the story of one customer, step by step: `make demo`. It
// plays on the stack that runs at PORT and WEBEX_PORT, or else on one of its own,
// and exits non-zero if a step does not show what it should.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"signpost/infra/local/demo/story"
	"signpost/shared/config"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends at once
	// A reader that goes away must not end the program before it has put back
	// what it changed.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	demo := demo{
		root: ".", environment: config.Environ(os.Environ()),
		out: os.Stdout, problems: os.Stderr,
		color: isTerminal(os.Stdout) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb",
	}
	status := demo.run(ctx)
	stop()
	os.Exit(status)
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// demo is one run of the program.
type demo struct {
	root          string // the project's directory
	environment   map[string]string
	out, problems io.Writer
	color         bool
}

// run is the program; the result is its exit status.
func (d demo) run(ctx context.Context) int {
	began := time.Now()
	elapsed := func() string { return fmt.Sprintf("%.1f s", time.Since(began).Seconds()) }
	err := d.play(ctx)
	if err == nil {
		fmt.Fprintf(d.out, "\nAll %d steps showed what they should, in %s.\n", story.Steps(), elapsed())
		return 0
	}
	fmt.Fprintln(d.out)
	for line := range strings.SplitSeq(err.Error(), "\n") {
		fmt.Fprintln(d.problems, "demo:", line)
	}
	fmt.Fprintf(d.problems, "demo: failed after %s\n", elapsed())
	return 1
}

// play plays on the stack that runs, or on one of its own.
func (d demo) play(ctx context.Context) error {
	apiURL, webexURL, err := d.addresses()
	if err != nil {
		return err
	}
	running, err := story.Find(ctx, apiURL, webexURL)
	if err != nil {
		return fmt.Errorf("%w\nset PORT and WEBEX_PORT to a running stack's, or to free ports: then the demo starts a stack of its own", err)
	}
	if !running {
		return d.playOnOwn(ctx)
	}
	key, err := d.contentKey()
	if err != nil {
		return err
	}
	fmt.Fprintf(d.out, "Signpost: the story of one customer, on the stack at %s\n", apiURL)
	return d.tell(ctx, story.Target{APIURL: apiURL, WebexURL: webexURL, ContentKey: key})
}

func (d demo) tell(ctx context.Context, target story.Target) error {
	fmt.Fprintf(d.out, "    Control Hub   %s\n", target.WebexURL)
	return story.Play(ctx, target, story.Options{Out: d.out, Color: d.color})
}
