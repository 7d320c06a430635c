package verification

import (
	"context"
	"fmt"
	"time"

	"signpost/infra/bench/report"
	"signpost/infra/bench/testbed"
	"signpost/shared/webex"
)

const (
	rateRows    = 40_000
	rateLatency = 50 * time.Millisecond
	// configured is the concurrency of functions/verifyconfigs.
	configured = 256
	minRate    = 2000 // a second
	maxWrites  = 0.05
	maxReads   = 0.05
)

// Rates measures runs with a realistic latency, and the cost of each installation.
func Rates(ctx context.Context, t *testbed.Testbed, results *report.Report) error {
	one, _, err := rate(ctx, t, "verification rate, one feature", webex.DigitalSignage)
	if err != nil {
		return err
	}
	both, found, err := rate(ctx, t, "verification rate, both features", webex.Features...)
	if err != nil {
		return err
	}
	results.Add(one, both, cost(found, len(webex.Features)))
	return nil
}

func rate(ctx context.Context, t *testbed.Testbed, what string, provided ...webex.Feature) (report.Row, outcome, error) {
	s, err := newSite(ctx, t, provided...)
	if err != nil {
		return report.Row{}, outcome{}, err
	}
	defer s.close()
	found, err := s.do(ctx, run{rows: rateRows, latency: rateLatency})
	if err != nil {
		return report.Row{}, outcome{}, err
	}
	perSecond := found.perSecond()
	return report.Row{
		What: what, Target: fmt.Sprintf("≥ %d/s", minRate),
		Figure: fmt.Sprintf("%.0f/s, %v of a processor each", perSecond, (found.cpu / rateRows).Round(time.Microsecond)), Met: perSecond >= minRate,
		Notes: []string{fmt.Sprintf("One run of the built function over %d installations in order, Webex answering after %v, %d at a time, in %.1f s, all on this machine.",
			rateRows, rateLatency, configured, found.took.Seconds()) + " " + standInNote},
	}, found, nil
}

const standInNote = "The table is a stand-in on loopback that knows the operations of such a run with their conditions, since the emulator would be what is measured."

func cost(found outcome, features int) report.Row {
	n := found.verified
	per := func(n int) float64 { return float64(n) / float64(found.verified) }
	writes, reads := per(found.counts["UpdateItem"]+found.counts["PutItem"]), per(found.counts["Query"]+found.counts["BatchGetItem"])
	met := writes <= maxWrites && reads <= maxReads && found.gets == int64(n*features) && found.others == 0
	return report.Row{
		What: "requests for one installation in order", Target: fmt.Sprintf("≤ %g writes, ≤ %g reads, one GET per feature, no token call", maxWrites, maxReads),
		Figure: fmt.Sprintf("%.2g writes, %.2g reads, %.3g GETs for %d features, %d other calls", writes, reads, float64(found.gets)/float64(n), features, found.others),
		Met:    met, Notes: []string{"Counted at the table and at Webex during the run above. DynamoDB charges half a read unit for each row of a batch: package schedule's test counts units."},
	}
}
