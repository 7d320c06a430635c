package verification

import (
	"context"
	"fmt"
	"time"

	"signpost/infra/bench/ground"
	"signpost/infra/bench/report"
	"signpost/shared/webex"
)

const (
	rateDue     = 20_000
	rateLatency = 50 * time.Millisecond
	// configured is the concurrency of functions/verifyconfigs.
	configured = 64
	leastRate  = 0.9
	mostWrites = 2
)

// Rates measures runs at a realistic latency, and what each installation costs.
func Rates(ctx context.Context, g *ground.Ground) ([]report.Row, error) {
	one, _, err := rate(ctx, g, "verification rate, one feature", webex.DigitalSignage)
	if err != nil {
		return nil, err
	}
	both, found, err := rate(ctx, g, "verification rate, both features", webex.Features...)
	if err != nil {
		return nil, err
	}
	return []report.Row{one, both, cost(found, len(webex.Features))}, nil
}

func rate(ctx context.Context, g *ground.Ground, what string, provided ...webex.Feature) (report.Row, outcome, error) {
	s, err := newSite(ctx, g, provided...)
	if err != nil {
		return report.Row{}, outcome{}, err
	}
	defer s.close()
	found, err := s.do(ctx, run{rows: rateDue, due: rateDue, latency: rateLatency})
	if err != nil {
		return report.Row{}, outcome{}, err
	}
	bound := configured / (float64(s.features) * rateLatency.Seconds())
	perSecond := found.perSecond()
	row := report.Row{
		What: what, Target: fmt.Sprintf("≥ %.0f %% of concurrency ÷ (calls × latency)", 100*leastRate),
		Figure: fmt.Sprintf("%.0f %% (%.0f/s of %.0f/s)", 100*perSecond/bound, perSecond, bound), Met: perSecond >= leastRate*bound,
		Notes: []string{fmt.Sprintf("One run of the built function over %d due installations, Webex answering after %v, %d at a time, in %.1f s, all on this machine; of its processors the function had %v for each.",
			rateDue, rateLatency, configured, found.took.Seconds(), (found.cpu/rateDue).Round(time.Microsecond)) + " " + standInNote},
	}
	if s.features > 1 {
		row.Notes = append(row.Notes, "The GETs of one installation are made side by side, which is how it passes the bound for calls one after the other.")
	}
	return row, found, nil
}

const standInNote = "The table is a stand-in on loopback that knows the operations of such a run with their conditions, since the emulator would be what is measured."

func cost(found outcome, features int) report.Row {
	n := found.verified
	writes, reads := found.counts["UpdateItem"]+found.counts["PutItem"], found.counts["Query"]
	per := func(n int) float64 { return float64(n) / float64(found.verified) }
	met := writes <= mostWrites*n && reads*10 <= n && found.gets == int64(n*features) && found.others == 0
	return report.Row{
		What: "cost of one installation in sync", Target: fmt.Sprintf("≤ %d writes, batched reads, one GET per feature, no token call", mostWrites),
		Figure: fmt.Sprintf("%.3g writes, %.2g reads, %.3g GETs for %d features, %d other calls", per(writes), per(reads), float64(found.gets)/float64(n), features, found.others),
		Met:    met, Notes: []string{"Counted at the table and at Webex during the run above."},
	}
}
