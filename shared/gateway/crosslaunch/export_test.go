package crosslaunch

import (
	"testing"
	"time"
)

// LiftBudget allows a test as much time as its machine needs. The test must not run
// in parallel with others.
func LiftBudget(t testing.TB) {
	before := budget
	budget = time.Minute
	t.Cleanup(func() { budget = before })
}
