package model_test

import (
	"fmt"
	"strings"
	"time"

	"pgregory.net/rapid"
)

const denseGaps = 5

// kind is something that Webex, an admin, the vendor or time does.
type kind string

const (
	activate    kind = "activate" // or activate again
	stranger    kind = "stranger's activation"
	approve     kind = "updateApproved"
	move        kind = "update"
	forgedMove  kind = "forged update"
	deprovision kind = "deprovision"
	crossLaunch kind = "crossLaunch"
	healthCheck kind = "healthCheck"
	verify      kind = "verify"
	hours       kind = "an hour of the schedule"
	outage      kind = "outage of a region"
	settings    kind = "settings"
	drift       kind = "drift"
	revoke      kind = "revoke"
	rotate      kind = "rotate"
	wrongClient kind = "wrong client" // another upload's, until the faults end or the settings change
	webexFault  kind = "webex fault"
	tableFault  kind = "table fault"
	rollout     kind = "rollout" // the vendor changes the channels
	heal        kind = "faults end"
)

// kinds is what a step is drawn from: what comes often is in it often.
var kinds = []kind{
	activate, activate, activate, verify, verify, move, move, approve, deprovision, forgedMove, stranger,
	crossLaunch, healthCheck, settings, drift, revoke, rotate, wrongClient, webexFault, webexFault, tableFault, heal, rollout, rollout, rollout,
}

// gaps are the times between two steps, the first few of them where these are
// dense; delays those until a delivery.
var (
	gaps = []time.Duration{
		2 * time.Second, 0, 30 * time.Millisecond, time.Second, 4 * time.Second, 35 * time.Second, 6 * time.Minute,
		70 * time.Minute, 20 * time.Hour, 25 * time.Hour, 92 * 24 * time.Hour,
	}
	delays = []time.Duration{0, 0, 0, 10 * time.Millisecond, 40 * time.Millisecond, 3 * time.Second, 33 * time.Second, 3 * time.Minute, 2 * time.Hour, 20 * time.Hour}
)

// step is one of a sequence.
type step struct {
	Kind kind
	// Gap is the time that passes before it.
	Gap time.Duration
	// Org is which organization it is about: all but few are about the first.
	Org int
	// Variant says which of its forms the kind takes.
	Variant int
	// Deliveries of what Webex sends, or of the schedule's alarm: none, if it
	// gets lost.
	Deliveries []delivery
}

// delivery is one invocation of ours.
type delivery struct {
	After time.Duration
	// KillAfter is after how many calls the worker dies, 0 if it does not.
	KillAfter int
}

// sequence is everything that happens, and the seed of how long calls take.
type sequence struct {
	Seed uint64
	Pace pace
	// Dense steps come within seconds.
	Dense bool
	// Narrow activations offer digital signage only, until an update approves
	// both features.
	Narrow bool
	// Crowd is many customers, of whom most are there already.
	Crowd bool
	Steps []step
}

// String is the sequence for people.
func (s sequence) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "seed %d, pace %d, dense %v, narrow %v, crowd %v", s.Seed, s.Pace, s.Dense, s.Narrow, s.Crowd)
	for n, step := range s.Steps {
		fmt.Fprintf(&text, "\n%3d  +%-8v %s/%d org %d", n, step.Gap, step.Kind, step.Variant, step.Org)
		for _, d := range step.Deliveries {
			fmt.Fprintf(&text, "  delivered +%v", d.After)
			if d.KillAfter > 0 {
				fmt.Fprintf(&text, ", killed after %d calls", d.KillAfter)
			}
		}
	}
	return text.String()
}

var drawDelivery = rapid.Custom(func(t *rapid.T) delivery {
	d := delivery{After: rapid.SampledFrom(delays).Draw(t, "after")}
	if rapid.IntRange(0, 9).Draw(t, "killed") == 9 {
		d.KillAfter = rapid.IntRange(1, 24).Draw(t, "calls")
	}
	return d
})

// stepOf draws a step after one of these gaps.
func stepOf(gaps []time.Duration) *rapid.Generator[step] {
	return rapid.Custom(func(t *rapid.T) step { return drawStep(t, kinds, gaps) })
}

func drawStep(t *rapid.T, kinds []kind, gaps []time.Duration) step {
	s := step{
		Kind:    rapid.SampledFrom(kinds).Draw(t, "kind"),
		Gap:     rapid.SampledFrom(gaps).Draw(t, "gap"),
		Variant: rapid.IntRange(0, 7).Draw(t, "variant"),
	}
	if rapid.IntRange(0, 9).Draw(t, "org") == 9 {
		s.Org = 1
	}
	switch n := rapid.IntRange(0, 9).Draw(t, "deliveries"); {
	case n < 6:
		s.Deliveries = []delivery{drawDelivery.Draw(t, "once")}
	case n < 9:
		s.Deliveries = []delivery{drawDelivery.Draw(t, "first"), drawDelivery.Draw(t, "second")}
	}
	return s
}

var anyStep, denseStep = stepOf(gaps), stepOf(gaps[:denseGaps])

// drawSequence draws sequences that begin with an activation, as all do that
// are of interest.
var drawSequence = rapid.Custom(func(t *rapid.T) sequence {
	s := sequence{
		Seed:   rapid.Uint64().Draw(t, "seed"),
		Pace:   pace(rapid.IntRange(0, int(paces)-1).Draw(t, "pace")),
		Dense:  rapid.Bool().Draw(t, "dense"),
		Narrow: rapid.Bool().Draw(t, "narrow"),
		Steps:  []step{{Kind: activate, Deliveries: []delivery{{}}}},
	}
	s.Crowd = rapid.IntRange(0, 3).Draw(t, "crowd") == 3
	next := anyStep
	switch {
	case s.Crowd:
		next = crowdStep
	case s.Dense:
		next = denseStep
	}
	s.Steps = append(s.Steps, rapid.SliceOfN(next, 1, 9).Draw(t, "steps")...)
	return s
})
