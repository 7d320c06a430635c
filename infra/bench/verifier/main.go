// Command verifier is Signpost's side of the comparison with the npm package. It
// verifies action tokens as the functions do, one at a time on one core, and prints
// how many per second. Its standard input is one JSON object (see [job]).
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
	"signpost/shared/webex/verifiertest"
)

// job says which tokens to verify in turn, and for how long.
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
	verifier, err := verifiertest.New(todo.AppID, todo.KeySets, nil, time.Now)
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
