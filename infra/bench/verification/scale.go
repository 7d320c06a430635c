package verification

import (
	"context"
	"fmt"
	"math"
	"time"

	"signpost/infra/bench/ground"
	"signpost/infra/bench/measure"
	"signpost/infra/bench/report"
	"signpost/shared/webex"
)

// queues are the lengths of the queue at which memory and rate are measured.
var queues = []int{1000, 20_000, 200_000}

const mostGrowth = 16 << 20 // of the peak resident set, in bytes

// Scale measures how rate and memory go with the length of the queue.
func Scale(ctx context.Context, g *ground.Ground) ([]report.Row, []report.Point, error) {
	s, err := newSite(ctx, g, webex.DigitalSignage)
	if err != nil {
		return nil, nil, err
	}
	defer s.close()
	var points []report.Point
	for _, due := range queues {
		found, err := s.do(ctx, run{rows: due, due: due})
		if err != nil {
			return nil, nil, err
		}
		points = append(points, report.Point{
			Installations: due, PerSecond: found.perSecond(), PeakMiB: float64(found.peak) / (1 << 20),
		})
	}
	first, last := points[0], points[len(points)-1]
	growth := last.PeakMiB - first.PeakMiB
	return []report.Row{{
		What: "memory of verification", Target: fmt.Sprintf("%d → %d due: grows by < %d MiB", first.Installations, last.Installations, mostGrowth>>20),
		Figure: fmt.Sprintf("%+.1f MiB (%.1f → %.1f)", growth, first.PeakMiB, last.PeakMiB),
		Met:    growth*(1<<20) < mostGrowth && last.PeakMiB > 0,
		Notes:  []string{"Peak resident set of a new process of the built function for each queue, in one run each with a deadline far away, Webex answering at once; the function lets its heap grow to a soft limit of 80 MiB, which is most of it. " + standInNote},
	}}, points, nil
}

const (
	growthRounds = 5
	growthDue    = 1000
	mostSlower   = 0.10
)

// tables are the sizes of the table at which the time per installation is
// measured.
var tables = []int{1000, 10_000, 100_000, 1_000_000}

// Growth measures whether an installation takes longer in a big table.
func Growth(ctx context.Context, g *ground.Ground) ([]report.Row, error) {
	s, err := newSite(ctx, g, webex.DigitalSignage)
	if err != nil {
		return nil, err
	}
	defer s.close()
	var subjects []measure.Subject[time.Duration]
	for _, rows := range tables {
		subjects = append(subjects, measure.Subject[time.Duration]{Name: fmt.Sprint(rows), Measure: func() (time.Duration, error) {
			found, err := s.do(ctx, run{rows: rows, due: growthDue})
			return found.each(), err
		}})
	}
	times, err := measure.InTurns(growthRounds, subjects)
	if err != nil {
		return nil, err
	}
	least, most, listed := time.Duration(math.MaxInt64), time.Duration(0), ""
	for _, subject := range subjects {
		median := measure.Median(times[subject.Name])
		least, most = min(least, median), max(most, median)
		listed += fmt.Sprintf(" %s rows %v,", subject.Name, median.Round(time.Microsecond))
	}
	spread := measure.Ratio(most, least) - 1
	return []report.Row{{
		What: "time of one installation in a bigger table", Target: fmt.Sprintf("flat within %.0f %%, %d → %d rows", 100*mostSlower, tables[0], tables[len(tables)-1]),
		Figure: fmt.Sprintf("%.1f %% between slowest and fastest", 100*spread), Met: spread <= mostSlower,
		Notes: []string{fmt.Sprintf("%d due of so many rows, Webex answering at once, median of %d runs in turns:%s of a stand-in whose own time does not depend on its size, so that what could grow is the function's.", growthDue, growthRounds, listed)},
	}}, nil
}
