// Command signpost runs the local stack, operates installations, deploys and
// measures.
//
// This package holds each command's help, its flags and a call of the package that
// does the work, such as infra/operate. That package takes a context, a
// *terminal.IO and its options, and returns an error; it neither exits nor reads
// the process's environment. Package terminal maps errors to exit codes.
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
	context.AfterFunc(ctx, stop) // a second Ctrl-C kills the process
	environ := config.Environ(os.Environ())
	a := &app{IO: terminal.NewIO(os.Stdin, os.Stdout, os.Stderr, environ), environ: environ}
	code := a.run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}
