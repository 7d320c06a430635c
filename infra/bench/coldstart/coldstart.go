// Package coldstart measures the time from the spawn of a built function to its
// first request for work, and the program's size, each relative to the floor. It
// compares the time with loading the npm package that a function in JavaScript
// would use.
package coldstart

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"signpost/infra/bench/measure"
	"signpost/infra/bench/report"
	"signpost/infra/bench/testbed"
	"signpost/infra/local/lambda"
)

const (
	// rounds is how often each program is started.
	rounds = 30
	// peer is the name of the npm package.
	peer = "workspace-integrations"
)

// The targets: multiples of the floor, and how many times faster than the peer.
const (
	maxHotStart   = 1.3
	maxOtherStart = 1.4
	minPeer       = 12
)

// hot are the functions that a person waits for.
var hot = map[string]bool{"AssignContentFunction": true, "ManageContentFunction": true, "LaunchesFunction": true}

const (
	floorName = "floor"
	nodeName  = "node, npm package"
)

// Measure starts all programs in turns, and compares their sizes.
func Measure(ctx context.Context, t *testbed.Testbed, results *report.Report) error {
	subjects := []measure.Subject[time.Duration]{starting(ctx, floorName, t.Program(floorName, t.Built("bench", "floor")))}
	for _, f := range t.Functions {
		function, err := t.Isolated(f.LogicalID, nil, time.Second)
		if err != nil {
			return err
		}
		subjects = append(subjects, starting(ctx, f.LogicalID, function))
	}
	subjects = append(subjects, loading(ctx, t))
	if _, err := measure.InTurns(1, subjects); err != nil { // into the page cache
		return err
	}
	times, err := measure.InTurns(rounds, subjects)
	if err != nil {
		return err
	}
	medians := map[string]time.Duration{}
	for _, subject := range subjects {
		medians[subject.Name] = measure.Median(times[subject.Name])
		results.Cold = append(results.Cold, report.Bar{Name: shortName(subject.Name), Milliseconds: measure.Milliseconds(medians[subject.Name])})
	}
	results.Add(rows(t, medians)...)
	return addSizes(t, results)
}

// starting measures the start of one process, which it kills afterwards.
func starting(ctx context.Context, name string, f *lambda.Function) measure.Subject[time.Duration] {
	return measure.Subject[time.Duration]{Name: name, Measure: func() (time.Duration, error) {
		began := time.Now()
		err := f.Start(ctx)
		took := time.Since(began)
		f.Kill()
		return took, err
	}}
}

// loading measures node from start to exit while it loads the peer.
func loading(ctx context.Context, t *testbed.Testbed) measure.Subject[time.Duration] {
	return measure.Subject[time.Duration]{Name: nodeName, Measure: func() (time.Duration, error) {
		node := exec.CommandContext(ctx, "node", "-e", `require("`+peer+`")`)
		node.Env = append(node.Environ(), "NODE_PATH="+t.NodeModules())
		began := time.Now()
		err := node.Run()
		return time.Since(began), err
	}}
}

func rows(t *testbed.Testbed, medians map[string]time.Duration) []report.Row {
	floor := medians[floorName]
	slowestHot, slowestRest := worst(t, func(id string) float64 { return measure.Ratio(medians[id], floor) })
	slowest := max(slowestHot.ratio, slowestRest.ratio)
	faster := func(ratio float64) float64 {
		return measure.Ratio(medians[nodeName], time.Duration(ratio*float64(floor)))
	}
	each := ""
	for _, f := range t.Functions {
		each += fmt.Sprintf(", %s %.1f", shortName(f.LogicalID), measure.Milliseconds(medians[f.LogicalID]))
	}
	how := fmt.Sprintf("Spawn to the first Runtime API request, median of %d in turns, settings given directly, in ms: floor %.1f%s.", rounds, measure.Milliseconds(floor), each)
	return []report.Row{
		slowestHot.row("cold start, cross-launch and launches", maxHotStart, how),
		slowestRest.row("cold start, the rest", maxOtherStart, how),
		{
			What: "cold start against the peer", Target: fmt.Sprintf("≥ %d × faster", minPeer),
			Figure: fmt.Sprintf("%.1f × (our slowest)", faster(slowest)), Met: faster(slowest) >= minPeer,
			Notes: []string{fmt.Sprintf("`node -e 'require(%q)'` from spawn to end took %.0f ms, in the same turns; it is compared with the slowest of our functions; of the functions that a person waits for, the slowest is %.1f × faster.", peer, measure.Milliseconds(medians[nodeName]), faster(slowestHot.ratio))},
		},
	}
}

// extreme is the function with the largest multiple of the floor.
type extreme struct {
	name  string
	ratio float64
}

// worst returns the extremes of the functions that a person waits for, and of the
// others.
func worst(t *testbed.Testbed, ratio func(logicalID string) float64) (inFront, rest extreme) {
	for _, f := range t.Functions {
		group := &rest
		if hot[f.LogicalID] {
			group = &inFront
		}
		if r := ratio(f.LogicalID); r > group.ratio {
			*group = extreme{shortName(f.LogicalID), r}
		}
	}
	return inFront, rest
}

func (e extreme) row(what string, most float64, how string) report.Row {
	return report.Row{
		What: what, Target: fmt.Sprintf("≤ %.1f × the floor", most),
		Figure: fmt.Sprintf("%.2f × (%s)", e.ratio, e.name), Met: e.ratio <= most, Notes: []string{how},
	}
}

func shortName(logicalID string) string { return strings.TrimSuffix(logicalID, "Function") }
