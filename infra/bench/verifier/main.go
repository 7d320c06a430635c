// Command verifier checks action tokens as the functions do, one after the
// other on one core, for as long as it is told, and prints how many a second:
// our side of the comparison with the npm package. Its standard input is one
// JSON object (see [job]); the tokens are used in turn.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"

	"signpost/shared/webex"
)

// job is what to do.
type job struct {
	AppID   string            `json:"appId"`
	KeySets map[string]string `json:"keySets"`
	Tokens  []string          `json:"tokens"`
	Seconds float64           `json:"seconds"`
}

func main() {
	runtime.GOMAXPROCS(1)
	rate, err := run(os.Stdin)
	if err != nil {
		fmt.Fprintln(os.Stderr, "verifier:", err)
		os.Exit(1)
	}
	fmt.Println(rate)
}

func run(in io.Reader) (float64, error) {
	var todo job
	if err := json.NewDecoder(in).Decode(&todo); err != nil {
		return 0, err
	}
	urls, err := webex.KeySetURLs(webex.DefaultRegions, todo.KeySets)
	if err != nil {
		return 0, err
	}
	hosts, err := webex.ParseHosts("127.0.0.1", true)
	if err != nil {
		return 0, err
	}
	verifier, err := webex.NewVerifier(todo.AppID, webex.NewKeySets(urls, nil, time.Now), hosts, time.Now)
	if err != nil {
		return 0, err
	}
	began, done := time.Now(), 0
	for end := began.Add(time.Duration(todo.Seconds * float64(time.Second))); time.Now().Before(end); done++ {
		if _, err := verifier.Verify(context.Background(), todo.Tokens[done%len(todo.Tokens)], webex.HealthCheck); err != nil {
			return 0, err
		}
	}
	return float64(done) / time.Since(began).Seconds(), nil
}
