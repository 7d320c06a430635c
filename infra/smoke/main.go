// Command smoke tries a deployment from outside, after it was deployed:
// `make smoke URL=…`. It needs nothing but the address, changes nothing, and
// ends with an error if anything is not as it should be.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

func main() {
	flag.Parse()
	if flag.NArg() != 1 || flag.Arg(0) == "" {
		fmt.Fprintln(os.Stderr, "smoke: give the address of the API: make smoke URL=https://…")
		os.Exit(2)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	failed := run(ctx, flag.Arg(0), os.Stdout)
	cancel()
	if failed > 0 {
		os.Exit(1)
	}
}

// run does every check, tells of each and returns how many failed.
func run(ctx context.Context, address string, out io.Writer) int {
	t, err := newTarget(address)
	if err != nil {
		fmt.Fprintln(out, "smoke:", err)
		return 1
	}
	failed := 0
	for _, c := range checks {
		switch skipped, err := c.do(ctx, t); {
		case err != nil:
			failed++
			fmt.Fprintf(out, "FAIL  %s: %v\n", c.name, err)
		case skipped != "":
			fmt.Fprintf(out, "skip  %s: %s\n", c.name, skipped)
		default:
			fmt.Fprintf(out, "ok    %s\n", c.name)
		}
	}
	return failed
}

// noRedirect shows a redirect as what it is.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
