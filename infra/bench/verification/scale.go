package verification

import (
	"context"
	"fmt"

	"signpost/infra/bench/report"
	"signpost/infra/bench/testbed"
	"signpost/shared/webex"
)

// sizes are the numbers of installations with which memory and rate are measured.
var sizes = []int{1000, 20_000, 200_000}

const maxGrowth = 16 << 20 // of the peak resident set, in bytes

// Scale measures how rate and memory depend on the number of installations.
func Scale(ctx context.Context, t *testbed.Testbed, results *report.Report) error {
	s, err := newSite(ctx, t, webex.DigitalSignage)
	if err != nil {
		return err
	}
	defer s.close()
	for _, rows := range sizes {
		found, err := s.do(ctx, run{rows: rows})
		if err != nil {
			return err
		}
		results.Scale = append(results.Scale, report.Point{
			Installations: rows, PerSecond: found.perSecond(), PeakMiB: float64(found.peak) / (1 << 20),
		})
	}
	first, last := results.Scale[0], results.Scale[len(sizes)-1]
	growth := last.PeakMiB - first.PeakMiB
	results.Add(report.Row{
		What: "memory of verification", Target: fmt.Sprintf("%d → %d installations: grows by < %d MiB", first.Installations, last.Installations, maxGrowth>>20),
		Figure: fmt.Sprintf("%+.1f MiB (%.1f → %.1f)", growth, first.PeakMiB, last.PeakMiB),
		Met:    growth*(1<<20) < maxGrowth && last.PeakMiB > 0,
		Notes:  []string{"Peak resident set of a new process of the built function for each number, in one run each with a deadline far away, Webex answering at once; the function lets its heap grow to a soft limit of 60 MiB, which is most of it. " + standInNote},
	})
	return nil
}
