// Package peer compares how many action tokens per second Signpost and Webex's npm
// package verify on one core.
package peer

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os/exec"
	"strconv"
	"strings"

	"signpost/infra/bench/measure"
	"signpost/infra/bench/report"
	"signpost/infra/bench/testbed"
	"signpost/shared/webex/webextest"
)

const (
	// rounds is how often each of the three runs, each for this many seconds.
	rounds  = 5
	seconds = 1.0
	tokens  = 100

	minAsIs   = 20
	minCached = 3
)

//go:embed peer.js
var script string

// job is the input of peer.js and of command verifier.
type job struct {
	AppID   string            `json:"appId"`
	KeySets map[string]string `json:"keySets"`
	Tokens  []string          `json:"tokens"`
	Seconds float64           `json:"seconds"`
	Cached  bool              `json:"cached"`
}

// Measure runs command verifier, the npm package, and that with cached keys, in turns.
func Measure(ctx context.Context, t *testbed.Testbed, results *report.Report) error {
	todo, err := prepare(t.Stack.Webex())
	if err != nil {
		return err
	}
	node := func(cached bool) func() (float64, error) {
		return func() (float64, error) {
			todo := todo
			todo.Cached = cached
			command := exec.CommandContext(ctx, "node", "-e", script)
			command.Env = append(command.Environ(), "NODE_PATH="+t.NodeModules())
			return rate(command, todo)
		}
	}
	const ours, asIs, cached = "ours", "npm as it is", "npm, keys cached"
	rates, err := measure.InTurns(rounds, []measure.Subject[float64]{
		{Name: ours, Measure: func() (float64, error) {
			return rate(exec.CommandContext(ctx, t.Built("bench", "verifier")), todo)
		}},
		{Name: asIs, Measure: node(false)},
		{Name: cached, Measure: node(true)},
	})
	if err != nil {
		return err
	}
	our, its, itsCached := measure.Median(rates[ours]), measure.Median(rates[asIs]), measure.Median(rates[cached])
	how := fmt.Sprintf("Tokens a second, median of %d runs of %.0f s in turns, key sets on loopback: ours %.0f (GOMAXPROCS=1), decodeAndVerify as it is %.0f, with its keys cached by jwks-rsa %.0f. "+
		"Ours also checks claims, app, action and URLs.", rounds, seconds, our, its, itsCached)
	results.Add(
		report.Row{
			What: "token checks against the peer as it is", Target: fmt.Sprintf("≥ %d ×", minAsIs),
			Figure: fmt.Sprintf("%.1f ×", our/its), Met: our >= minAsIs*its, Notes: []string{how},
		},
		report.Row{
			What: "token checks against the peer with cached keys", Target: fmt.Sprintf("≥ %d ×", minCached),
			Figure: fmt.Sprintf("%.1f ×", our/itsCached), Met: our >= minCached*itsCached, Notes: []string{how},
		},
	)
	return nil
}

// prepare signs tokens for an installed customer.
func prepare(cloud *webextest.Cloud) (job, error) {
	// The package assumes this region for tokens that name none.
	org := cloud.AddOrganization("Peer", "us-east-2_a")
	if _, err := cloud.MintActivation(org.ID()); err != nil {
		return job{}, err
	}
	todo := job{AppID: cloud.AppID(), KeySets: cloud.JWKSURLs(), Seconds: seconds}
	for range tokens {
		token, err := cloud.MintAction(org.ID(), webextest.ActionHealthCheck, nil)
		if err != nil {
			return job{}, err
		}
		todo.Tokens = append(todo.Tokens, token)
	}
	return todo, nil
}

// rate runs one side, and returns the rate that it prints.
func rate(command *exec.Cmd, todo job) (float64, error) {
	input, err := json.Marshal(todo)
	if err != nil {
		return 0, err
	}
	var out, errs bytes.Buffer
	command.Stdin, command.Stdout, command.Stderr = bytes.NewReader(input), &out, &errs
	if err := command.Run(); err != nil {
		return 0, fmt.Errorf("%w: %.300s %.300s", err, out.String(), errs.String())
	}
	return strconv.ParseFloat(strings.TrimSpace(out.String()), 64)
}
