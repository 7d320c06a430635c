package crosslaunch

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"signpost/infra/bench/measure"
	"signpost/infra/bench/report"
	"signpost/infra/bench/testbed"
	"signpost/infra/local/lambda"
	"signpost/shared/webex"
	"signpost/shared/webex/webextest"
)

const (
	coldRounds = 30
	maxCold    = 2.0
)

// Cold measures the first request of a new process.
func Cold(ctx context.Context, t *testbed.Testbed, results *report.Report) error {
	cloud := t.Stack.Webex()
	org := cloud.AddOrganization("Cold", region)
	activated, err := cloud.Activate(ctx, org.ID())
	if err == nil && activated.Status != http.StatusOK {
		err = fmt.Errorf("activation: %d %s", activated.Status, activated.Body)
	}
	if err != nil {
		return err
	}
	function, err := t.Isolated("AssignContentFunction", nil, 10*time.Second)
	if err != nil {
		return err
	}
	request := func() (time.Duration, error) { return invoke(ctx, function, cloud, org) }
	const cold, warm, fetch = "cold", "warm", "fetch"
	times, err := measure.InTurns(coldRounds, []measure.Subject[time.Duration]{
		{Name: cold, Measure: func() (time.Duration, error) {
			function.Kill()
			if err := function.Start(ctx); err != nil {
				return 0, err
			}
			return request()
		}},
		{Name: "second", Measure: request},
		{Name: warm, Measure: request},
		{Name: fetch, Measure: func() (time.Duration, error) { return fetchKeySets(ctx, cloud) }},
	})
	function.Kill()
	if err != nil {
		return err
	}
	first, later, keys := measure.Median(times[cold]), measure.Median(times[warm]), measure.Median(times[fetch])
	ratio := measure.Ratio(first, later+keys)
	results.Add(report.Row{
		What: "cold cross-launch", Target: fmt.Sprintf("≤ %.0f × (a warm one + one parallel fetch of the key sets)", maxCold),
		Figure: fmt.Sprintf("%.2f × (%.1f ms)", ratio, measure.Milliseconds(first)), Met: ratio <= maxCold,
		Notes: []string{fmt.Sprintf("The first request of a new process of the built function through the Runtime API, median of %d; a later one of the same process took %.1f ms, fetching the %d key sets side by side over new connections %.1f ms. The simulated Webex and the emulator are on loopback.",
			coldRounds, measure.Milliseconds(later), len(webex.DefaultRegions), measure.Milliseconds(keys))},
	})
	return nil
}

func invoke(ctx context.Context, function *lambda.Function, cloud *webextest.Cloud, org *webextest.Organization) (time.Duration, error) {
	event, err := crossLaunch(cloud, org, devices(few))
	if err != nil {
		return 0, err
	}
	return testbed.Invoke(ctx, function, event)
}

// fetchKeySets reads the trusted regions' key sets in parallel, over new
// connections.
func fetchKeySets(ctx context.Context, cloud *webextest.Cloud) (time.Duration, error) {
	transport := webex.NewTransport()
	defer transport.CloseIdleConnections()
	client, urls := &http.Client{Transport: transport}, cloud.JWKSURLs()
	var fetches errgroup.Group
	began := time.Now()
	for _, region := range webex.DefaultRegions {
		fetches.Go(func() error { return get(ctx, client, urls[region]) })
	}
	err := fetches.Wait()
	return time.Since(began), err
}

func get(ctx context.Context, client *http.Client, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return err
}
