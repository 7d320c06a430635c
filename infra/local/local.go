// Package local runs the whole product on this machine: `make dev`.
package local

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"signpost/infra/local/stack"
	"signpost/infra/terminal"
	"signpost/shared/config"
)

// Run runs the local stack of the project in root until ctx is done, which is
// not an error.
func Run(ctx context.Context, s *terminal.IO, root string, environ map[string]string) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	stopWithMake(stop, environ)
	running, err := stack.Start(ctx, stack.Options{Root: root, Environment: environ, Out: s.Out, Check: config.Check})
	if err != nil {
		if ctx.Err() != nil { // interrupted while it started
			return nil
		}
		return err
	}
	defer running.Stop()
	fmt.Fprint(s.Out, banner(running))
	select {
	case <-ctx.Done():
		fmt.Fprintln(s.Out, "\nStopping.")
		return nil
	case err := <-running.Failed():
		return err
	}
}

// stopWithMake calls stop when the make that started the program has ended: a
// killed make leaves its child running and the ports in use.
func stopWithMake(stop func(), environ map[string]string) {
	if environ["MAKELEVEL"] == "" {
		return
	}
	parent := os.Getppid()
	go func() {
		for range time.Tick(time.Second) {
			if os.Getppid() != parent {
				stop()
				return
			}
		}
	}()
}

// banner lists the addresses and what to do next.
func banner(s *stack.Stack) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\nSignpost is running. Press Ctrl-C to stop it.\n\n")
	if url := s.WebexURL(); url != "" {
		fmt.Fprintf(&b, "  Control Hub  %s   simulated: open it and press Activate\n", url)
	}
	fmt.Fprintf(&b, "  API          %s   the activation page is /activation\n", s.URL())
	fmt.Fprintf(&b, "  DynamoDB     %s   table %s\n", s.DynamoDBURL(), s.TableName())
	if file := s.SecretsFile(); file != "" {
		fmt.Fprintf(&b, "  Secrets      %s   with the content API key\n", file)
	}
	fmt.Fprintf(&b, "  Verify       aws lambda invoke --no-sign-request --region us-east-1 --endpoint-url %s --function-name VerifyConfigsFunction /dev/stdout\n", s.URL())
	fmt.Fprintf(&b, "  With SAM     sam local start-api --port %d --env-vars %s\n\n", stack.SAMPort, s.SAMFile())
	return b.String()
}
