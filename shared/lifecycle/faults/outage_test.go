package faults_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"signpost/shared/lifecycle/faults"
	"signpost/shared/race"
)

const (
	// outage is how long Webex is away for one kind of call, tableOutage how
	// long DynamoDB is: what cannot be written down cannot be put off either.
	outage      = 12 * time.Hour
	tableOutage = 10 * time.Minute
	// outageRuns is how often the schedule may try in that time: with a
	// back-off of 30 s, doubling up to 1 h, and runs each minute.
	outageRuns = 6 + 12
)

// TestOutages has each kind of call fail for hours, again and again: what the
// schedule does meanwhile has to back off, and to do no harm, and afterwards
// all must be as if nothing had been.
func TestOutages(t *testing.T) {
	labs := newPool(t)
	names := []string{"first activation", "move, new region's word, rotating", "verify, setting changed", "verify, PUBLIC_URL changed"}
	for _, c := range useCases() {
		if !slices.Contains(names, c.name) {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			done, count := map[string]bool{}, 0
			for _, call := range callsOf(t, labs, c) {
				for _, fault := range faults.Outages() {
					name := call.Op + "/" + fault.Name
					if !fault.Fits(call) || done[name] {
						continue
					}
					done[name] = true
					if !race.Chosen(len(done), 24) {
						continue
					}
					count++
					t.Run(name, func(t *testing.T) {
						t.Parallel()
						l := labs.take()
						defer labs.giveBack(t, l)
						endure(t, l, c, faults.Plan{Call: faults.Call{Peer: call.Peer, Op: call.Op, Nth: 1}, Fault: fault})
					})
				}
			}
			t.Logf("%d outages of %v or %v", count, outage, tableOutage)
		})
	}
}

// endure runs the use case and the schedule during an outage, and both after it.
func endure(t *testing.T, l *lab, c useCase, plan faults.Plan) {
	t.Helper()
	w := newWorld(t, l)
	do := c.prepare(w)
	w.begin()
	p := w.start(plan)
	_ = do(p) // what it answers is the other test's business
	seen, runs, struck := w.look(), 0, p.Injected()
	length := outage
	if plan.Call.Peer == faults.DynamoDB {
		length = tableOutage
	}
	for until := w.clock().Add(length); ; runs++ {
		next := w.nextRun(seen)
		if next.After(until) {
			break
		}
		w.setClock(next)
		p := w.start(plan)
		_, _ = w.verify(p)
		struck += p.Injected()
		seen = w.look()
	}
	if struck == 0 {
		t.Error("the fault befell nothing: the case proves nothing")
	}
	if runs > outageRuns {
		t.Errorf("the schedule tried %d times in %v, want %d at most", runs, length, outageRuns)
	}
	w.settle(w.healthy(), do, faults.Fault{}, errOutage)
}

// errOutage stands for whatever was answered during an outage.
var errOutage = errors.New("outage")
