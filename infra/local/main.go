// Command local runs the whole product on this machine: `make dev`.
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

	"signpost/infra/local/stack"
	"signpost/shared/config"
)

func main() { os.Exit(run(os.Stdout, os.Stderr)) }

// run is the program; the result is its exit status.
func run(out, problems io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	stopWithMake(stop)
	s, err := stack.Start(ctx, stack.Options{
		Root:        ".",
		Environment: config.Environ(os.Environ()),
		Out:         out,
		Check:       config.Check,
	})
	if ctx.Err() != nil && err != nil { // interrupted while it started
		return 0
	}
	if err != nil {
		for line := range strings.SplitSeq(err.Error(), "\n") {
			fmt.Fprintln(problems, "local:", line)
		}
		return 1
	}
	defer s.Stop()
	fmt.Fprint(out, banner(s))
	select {
	case <-ctx.Done():
		stop() // a second Ctrl-C ends at once
		fmt.Fprintln(out, "\nStopping.")
		return 0
	case err := <-s.Failed():
		fmt.Fprintln(problems, "local:", err)
		return 1
	}
}

// stopWithMake calls stop when the make that runs the program is gone: killed
// outright, it leaves its child running and the ports taken.
func stopWithMake(stop func()) {
	if os.Getenv("MAKELEVEL") == "" {
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

// banner says where everything is.
func banner(s *stack.Stack) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\nSignpost is running. Ctrl-C stops it.\n\n")
	fmt.Fprintf(&b, "  API        %s   an activation code is pasted at /activation\n", s.URL())
	if url := s.WebexURL(); url != "" {
		fmt.Fprintf(&b, "  Webex      %s   a simulated Control Hub\n", url)
	}
	fmt.Fprintf(&b, "  DynamoDB   %s   table %s\n", s.DynamoDBURL(), s.TableName())
	if file := s.SecretsFile(); file != "" {
		fmt.Fprintf(&b, "  Secrets    %s   the content API key is in there\n", file)
	}
	fmt.Fprintf(&b, "  Lambda     aws lambda invoke --endpoint-url %s --function-name VerifyConfigsFunction /dev/stdout\n", s.URL())
	fmt.Fprintf(&b, "  SAM        sam local start-api --port %d --env-vars %s\n\n", stack.SAMPort, s.SAMFile())
	return b.String()
}
