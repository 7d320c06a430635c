package simulation_test

import (
	"fmt"
	"os"
	"testing"

	"signpost/shared/race"
)

// TestMain runs nothing under the race detector, which would only slow a simulation down:
// the same code runs under it in the tests of package lifecycle.
func TestMain(m *testing.M) {
	if race.Enabled {
		fmt.Println("make test runs the simulations without the race detector")
		os.Exit(0)
	}
	os.Exit(m.Run())
}
