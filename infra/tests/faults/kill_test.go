package faults_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"signpost/shared/lifecycle/faults"
	"signpost/shared/webex"
	"signpost/shared/webex/webextest"
)

// useCase is one thing that a function does. prepare returns it.
type useCase struct {
	name, function string
	prepare        func(w *world) func() error
}

func useCases() []useCase {
	return []useCase{
		{"activation", "ActivationFunction", func(w *world) func() error {
			code := w.about(w.minted(w.stack.Webex().MintActivation(w.org.ID())))
			w.want[webex.DigitalSignage], w.want[webex.PersistentWebApp] = 1, 1
			return func() error { return w.post("/activation", code) }
		}},
		{"update", "UpdateApprovedFunction", func(w *world) func() error {
			w.activated()
			move := w.about(w.minted(w.stack.Webex().MintMove(w.org.ID(), elsewhere, webextest.MoveOptions{NewRefreshToken: true})))
			return func() error { return w.post("/actions", move) }
		}},
		{"verify", verifier, func(w *world) func() error {
			w.activated()
			w.stack.Webex().DeleteConfiguration(w.org.ID(), webextest.DigitalSignage)
			w.want[webex.DigitalSignage] = 1
			w.pass(24 * time.Hour) // due, and the access token has lapsed
			return w.verify
		}},
	}
}

// about makes the token what the case is about.
func (w *world) about(token string) string {
	w.t.Helper()
	var claims struct{ JTI string }
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	w.must(err)
	w.must(json.Unmarshal(payload, &claims))
	w.token = claims.JTI
	return token
}

// TestAProcessKilledAtEveryCall runs each use case once for every call that it
// makes, with the function's process killed right before and right after it.
func TestAProcessKilledAtEveryCall(t *testing.T) {
	r := newRig(t)
	total := 0
	for _, c := range useCases() {
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

// discover runs the use case once, by a new process that nothing befalls.
func discover(t *testing.T, r *rig, c useCase) []faults.Call {
	t.Helper()
	w := newWorld(t, r)
	do := c.prepare(w)
	w.must(r.stack.Kill(c.function))
	w.begin()
	process := &faults.Process{}
	w.use(process)
	if err := do(); err != nil {
		t.Errorf("with nobody killed: %v", err)
	}
	w.settle(do)
	return process.Calls()
}

// kill runs the use case by a new process, which is killed as planned.
func kill(t *testing.T, r *rig, c useCase, plan faults.Plan) {
	t.Helper()
	w := newWorld(t, r)
	do := c.prepare(w)
	w.must(r.stack.Kill(c.function))
	w.begin()
	process := &faults.Process{Plan: plan, Kill: func() {
		if err := r.stack.Kill(c.function); err != nil {
			t.Error(err)
		}
	}}
	w.use(process)
	err := do()
	if process.Struck() == 0 {
		t.Error("nobody was killed: the case proves nothing")
	}
	if err == nil {
		t.Error("a killed process has answered with success")
	}
	w.settle(do)
}
