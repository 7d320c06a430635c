package crosslaunch

import (
	"testing"
	"time"
)

// LiftBudget is for a test that counts requests: how long they take depends on
// the machine. Such a test must not run beside others.
func LiftBudget(t testing.TB) {
	before := budget
	budget = time.Minute
	t.Cleanup(func() { budget = before })
}
