package crosslaunch_test

import (
	"fmt"
	"testing"

	"signpost/shared/launch"
	"signpost/shared/race"
)

// A cross-launch allocates no more than this between event and answer, the SDK's
// part included, which is most of it. The number of devices adds next to
// nothing.
var allocations = map[int]float64{3: 600, launch.MaxDevices: 750}

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
