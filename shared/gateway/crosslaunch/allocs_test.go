package crosslaunch_test

import (
	"fmt"
	"testing"

	"signpost/shared/launch"
	"signpost/shared/race"
)

// allocations bound what a cross-launch allocates between event and answer, by
// its number of devices: 600 for the token, the SDK and the answer, and for each
// device of a long list its id and its name.
var allocations = map[int]float64{3: 600, launch.MaxDevices: 600 + 2.05*launch.MaxDevices}

func TestCrossLaunchAllocates(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector allocates too")
	}
	for n, most := range allocations {
		t.Run(fmt.Sprint(n, " devices"), func(t *testing.T) {
			r := newHotRig(t)
			event := r.event(t, devices(n))
			if got := testing.AllocsPerRun(20, func() { r.hot(t, event) }); got > most {
				t.Errorf("%.0f allocations, want %.0f at most", got, most)
			}
		})
	}
}
