// Command signpost is the one command of the project: it runs the local stack,
// looks at installations, deploys and measures.
//
// A command is a file of its own here: its words, its flags and a call of the
// package that does the work, such as infra/operate. That package takes a
// context, a *terminal.IO and its options, and returns an error; it neither
// exits nor reads the process's environment. Package terminal says which error
// leads to which exit code, and root.go prints it.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"signpost/infra/terminal"
	"signpost/shared/config"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends at once
	environ := config.Environ(os.Environ())
	a := &app{IO: terminal.Of(os.Stdin, os.Stdout, os.Stderr, environ), environ: environ}
	code := a.run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}
