// Package coldstart measures what it takes to have a function there: from the
// spawn of the built program to its first request for work, and the program's
// size, each against the floor; and against loading the npm package that a
// function in JavaScript would be made of.
package coldstart

import (
	"context"
	"fmt"
	"os/exec"
	"time"

	"signpost/infra/bench/ground"
	"signpost/infra/bench/measure"
	"signpost/infra/bench/report"
	"signpost/infra/local/lambda"
)

// Rounds is how often each program is started.
const Rounds = 30

// Peer is the npm package, by its name.
const Peer = "workspace-integrations"

// The targets, as multiples of the floor and parts of the peer.
const (
	mostOfHot  = 1.3
	mostOfRest = 1.4
	leastPeer  = 12
)

// hot are the functions that a person waits for.
var hot = map[string]bool{"AssignContentFunction": true, "ManageContentFunction": true, "LaunchesFunction": true}

const (
	floorName = "floor"
	nodeName  = "node, npm package"
)

// Measure starts everything in turns and returns the rows and the bars.
func Measure(ctx context.Context, g *ground.Ground) ([]report.Row, []report.Bar, error) {
	subjects := []measure.Subject[time.Duration]{starting(ctx, floorName, g.Program(floorName, g.Built("bench", "floor")))}
	for _, f := range g.Functions {
		function, err := g.Alone(f.LogicalID, nil, time.Second)
		if err != nil {
			return nil, nil, err
		}
		subjects = append(subjects, starting(ctx, f.LogicalID, function))
	}
	subjects = append(subjects, loading(ctx, g))
	if _, err := measure.InTurns(1, subjects); err != nil { // into the page cache
		return nil, nil, err
	}
	times, err := measure.InTurns(Rounds, subjects)
	if err != nil {
		return nil, nil, err
	}
	medians := map[string]time.Duration{}
	var bars []report.Bar
	for _, subject := range subjects {
		medians[subject.Name] = measure.Median(times[subject.Name])
		bars = append(bars, report.Bar{Name: shortName(subject.Name), Milliseconds: milliseconds(medians[subject.Name])})
	}
	return rows(g, medians), bars, nil
}

// starting measures the start of one process, which is ended afterwards.
func starting(ctx context.Context, name string, f *lambda.Function) measure.Subject[time.Duration] {
	return measure.Subject[time.Duration]{Name: name, Measure: func() (time.Duration, error) {
		began := time.Now()
		err := f.Start(ctx)
		took := time.Since(began)
		f.Kill()
		return took, err
	}}
}

// loading measures node's start with the peer, to its end: it asks for no work.
func loading(ctx context.Context, g *ground.Ground) measure.Subject[time.Duration] {
	return measure.Subject[time.Duration]{Name: nodeName, Measure: func() (time.Duration, error) {
		node := exec.CommandContext(ctx, "node", "-e", `require("`+Peer+`")`)
		node.Env = append(node.Environ(), "NODE_PATH="+g.NodeModules())
		began := time.Now()
		err := node.Run()
		return time.Since(began), err
	}}
}

func rows(g *ground.Ground, medians map[string]time.Duration) []report.Row {
	floor := medians[floorName]
	var worstHot, worstRest, worst float64
	var nameHot, nameRest string
	for _, f := range g.Functions {
		ratio := measure.Ratio(medians[f.LogicalID], floor)
		worst = max(worst, ratio)
		if hot[f.LogicalID] && ratio > worstHot {
			worstHot, nameHot = ratio, f.LogicalID
		}
		if !hot[f.LogicalID] && ratio > worstRest {
			worstRest, nameRest = ratio, f.LogicalID
		}
	}
	quick := measure.Ratio(medians[nodeName], time.Duration(worstHot*float64(floor)))
	peer := measure.Ratio(medians[nodeName], time.Duration(worst*float64(floor)))
	each := ""
	for _, f := range g.Functions {
		each += fmt.Sprintf(", %s %.1f", shortName(f.LogicalID), milliseconds(medians[f.LogicalID]))
	}
	how := fmt.Sprintf("Spawn to the first Runtime API request, median of %d in turns, settings given directly, in ms: floor %.1f%s.", Rounds, milliseconds(floor), each)
	return []report.Row{
		{
			What: "cold start, cross-launch and launches", Target: fmt.Sprintf("≤ %.1f × the floor", mostOfHot),
			Figure: fmt.Sprintf("%.2f × (%s)", worstHot, shortName(nameHot)), Met: worstHot <= mostOfHot, Notes: []string{how},
		},
		{
			What: "cold start, the rest", Target: fmt.Sprintf("≤ %.1f × the floor", mostOfRest),
			Figure: fmt.Sprintf("%.2f × (%s)", worstRest, shortName(nameRest)), Met: worstRest <= mostOfRest, Notes: []string{how},
		},
		{
			What: "cold start against the peer", Target: fmt.Sprintf("≥ %d × faster", leastPeer),
			Figure: fmt.Sprintf("%.1f × (our slowest)", peer), Met: peer >= leastPeer,
			Notes: []string{fmt.Sprintf("`node -e 'require(%q)'` from spawn to end took %.0f ms, in the same turns; it is compared with the slowest of our functions; of the functions that a person waits for, the slowest is %.1f × faster.", Peer, milliseconds(medians[nodeName]), quick)},
		},
	}
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// shortName is a function's name as a person reads it.
func shortName(logicalID string) string {
	const suffix = "Function"
	if len(logicalID) > len(suffix) && logicalID[len(logicalID)-len(suffix):] == suffix {
		return logicalID[:len(logicalID)-len(suffix)]
	}
	return logicalID
}
