// Command sign prints a sample event with a fresh token in it, signed by the
// simulated Webex of the local stack:
//
//	go run ./events/sign events/activation-json.json > /tmp/event.json
//
// The stack is the one of `make dev`, on its ports or on those that PORT and
// WEBEX_PORT name.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"

	"signpost/events"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "sign:", err)
		os.Exit(1)
	}
}

func run() error {
	api := flag.String("api", "http://127.0.0.1:"+cmp.Or(os.Getenv("PORT"), "3000"), "address of the API")
	webex := flag.String("webex", "http://127.0.0.1:"+cmp.Or(os.Getenv("WEBEX_PORT"), "3001"), "address of the simulated Webex")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: sign [flags] events/<sample>.json")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	event, err := os.ReadFile(flag.Arg(0))
	if err != nil {
		return err
	}
	fresh, err := events.Stack{API: *api, Webex: *webex}.Fresh(context.Background(), event)
	if err != nil {
		return fmt.Errorf("%s: %w", flag.Arg(0), err)
	}
	_, err = os.Stdout.Write(fresh)
	return err
}
