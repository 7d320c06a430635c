// Package firstactivation measures a new customer's activation: the calls to Webex,
// and the time relative to the latency of each call.
package firstactivation

import (
	"context"
	"fmt"
	"time"

	"signpost/infra/bench/measure"
	"signpost/infra/bench/report"
	"signpost/infra/bench/testbed"
	"signpost/infra/local/lambda"
	"signpost/shared/webex/webextest"
)

const (
	rounds       = 15
	latency      = 50 * time.Millisecond
	maxLatencies = 3.5
	timeout      = 10 * time.Second
)

// Measure activates new customers on a warm process of the built function.
func Measure(ctx context.Context, t *testbed.Testbed, results *report.Report) error {
	function, err := t.Isolated("ActivationFunction", nil, timeout)
	if err != nil {
		return err
	}
	defer function.Kill()
	cloud := t.Stack.Webex()
	for _, kind := range []string{webextest.KindToken, webextest.KindApp, webextest.KindSignage, webextest.KindPWA} {
		cloud.Inject(webextest.Fault{Kind: kind, Delay: latency})
	}
	defer cloud.ClearFaults()
	if _, err := activate(ctx, function, cloud); err != nil { // warms the process
		return err
	}
	calls := ""
	times, err := measure.InTurns(rounds, []measure.Subject[time.Duration]{{Name: "activation", Measure: func() (time.Duration, error) {
		cloud.ResetRequests()
		took, err := activate(ctx, function, cloud)
		if seen := asked(cloud); calls == "" || seen == calls {
			calls = seen
		} else if err == nil {
			err = fmt.Errorf("one activation made the calls %s, another %s", calls, seen)
		}
		return took, err
	}}})
	if err != nil {
		return err
	}
	took := measure.Median(times["activation"])
	latencies := measure.Ratio(took, latency)
	const least = "1 token + 1 PATCH + 2 PUT"
	results.Add(
		report.Row{
			What: "first activation, calls to Webex", Target: "1 token + 1 PATCH + n PUT", Figure: calls, Met: calls == least,
			Notes: []string{"Counted at the simulated Webex for each activation of both features."},
		},
		report.Row{
			What: "first activation, time", Target: fmt.Sprintf("≤ %.1f latencies", maxLatencies),
			Figure: fmt.Sprintf("%.2f latencies (%.0f ms)", latencies, float64(took.Milliseconds())), Met: latencies <= maxLatencies,
			Notes: []string{fmt.Sprintf("Event to answer of a warm process of the built function, median of %d, each of those calls answered after %v, key sets known; the table is the emulator.", rounds, latency)},
		},
	)
	return nil
}

func activate(ctx context.Context, function *lambda.Function, cloud *webextest.Cloud) (time.Duration, error) {
	org := cloud.AddOrganization("New", cloud.Regions()[0])
	code, err := cloud.MintActivation(org.ID())
	if err != nil {
		return 0, err
	}
	event, err := testbed.Event("POST /activation", nil, map[string]string{"jwt": code})
	if err != nil {
		return 0, err
	}
	return testbed.Invoke(ctx, function, event)
}

// asked lists the calls to Webex since its log was reset.
func asked(cloud *webextest.Cloud) string {
	put := cloud.Count(webextest.KindSignage, "PUT") + cloud.Count(webextest.KindPWA, "PUT")
	token, patch := cloud.Count(webextest.KindToken, ""), cloud.Count(webextest.KindApp, "PATCH")
	said := fmt.Sprintf("%d token + %d PATCH + %d PUT", token, patch, put)
	if other := cloud.Count("", "") - put - token - patch; other > 0 {
		said += fmt.Sprintf(" + %d others", other)
	}
	return said
}
