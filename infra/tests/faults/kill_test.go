package faults_test

import (
	"testing"
	"time"

	"signpost/infra/tests/customer"
	"signpost/shared/lifecycle/faults"
	"signpost/shared/webex"
	"signpost/shared/webex/webextest"
)

// useCase is one thing that a function does. prepare returns it.
type useCase struct {
	name, function string
	prepare        func(w *world) func() error
}

var useCases = []useCase{
	{"activation", "ActivationFunction", func(w *world) func() error {
		code := w.about(w.Activation(nil))
		w.want[webex.DigitalSignage], w.want[webex.PersistentWebApp] = 1, 1
		return func() error { return w.post("/activation", code) }
	}},
	{"update", "UpdateApprovedFunction", func(w *world) func() error {
		w.activated()
		move := w.about(w.Minted(w.Cloud.MintMove(w.Org.ID(), customer.Europe, webextest.MoveOptions{NewRefreshToken: true})))
		return func() error { return w.post("/actions", move) }
	}},
	{"verify", verifier, func(w *world) func() error {
		w.activated()
		w.Lose(webextest.DigitalSignage)
		w.want[webex.DigitalSignage] = 1
		w.pass(25 * time.Hour) // the next pass is due, and the access token has expired
		return w.verify
	}},
}

// TestAProcessKilledAtEveryCall runs each use case once for every call that it
// makes, with the function's process killed right before and right after it.
func TestAProcessKilledAtEveryCall(t *testing.T) {
	r := newRig(t)
	total := 0
	for _, c := range useCases {
		t.Run(c.name, func(t *testing.T) {
			calls, cases := discover(t, r, c), 0
			for _, call := range calls {
				for _, fault := range faults.Faults() {
					if !fault.Deadly {
						continue
					}
					cases++
					t.Run(call.Name()+"/"+fault.Name, func(t *testing.T) { kill(t, r, c, faults.Plan{Call: call, Fault: fault}) })
				}
			}
			t.Logf("%d cases at %d calls", cases, len(calls))
			total += cases
		})
	}
	t.Logf("%d cases ran", total)
}

// discover runs the use case in a new process without a fault, and returns the
// calls that it made.
func discover(t *testing.T, r *rig, c useCase) []faults.Call {
	t.Helper()
	w := newWorld(t, r)
	process := &faults.Process{}
	do, err := w.run(c, process)
	if err != nil {
		t.Errorf("with nothing killed: %v", err)
	}
	w.settle(do)
	return process.Calls()
}

// kill runs the use case in a new process, which is killed as planned.
func kill(t *testing.T, r *rig, c useCase, plan faults.Plan) {
	t.Helper()
	w := newWorld(t, r)
	process := &faults.Process{Plan: plan, Kill: func() {
		if err := r.stack.Kill(c.function); err != nil {
			t.Error(err)
		}
	}}
	do, err := w.run(c, process)
	if process.Injected() == 0 {
		t.Error("nothing was killed: the case proves nothing")
	}
	if err == nil {
		t.Error("a killed process answered with success")
	}
	w.settle(do)
}
