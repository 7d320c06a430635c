package faults_test

import (
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"signpost/shared/lifecycle/faults"
	"signpost/shared/race"
)

// TestMain has the garbage collector wait: the cases are many and small.
func TestMain(m *testing.M) {
	debug.SetGCPercent(400)
	os.Exit(m.Run())
}

// TestAFaultAtEveryStep runs each use case once for every call that it makes
// and every fault that can befall that call. What there is to run is found out
// by running: it grows by itself with the code.
func TestAFaultAtEveryStep(t *testing.T) {
	labs := newPool(t)
	var ran atomic.Int64
	var lines sync.Map
	t.Run("cases", func(t *testing.T) {
		for _, c := range useCases() {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				calls := callsOf(t, labs, c)
				all, count := 0, 0
				for _, call := range calls {
					for _, fault := range faults.Faults() {
						if !fault.Fits(call) {
							continue
						}
						if all++; !race.Chosen(all, 48) {
							continue
						}
						count++
						t.Run(call.Name()+"/"+fault.Name, func(t *testing.T) {
							t.Parallel()
							ran.Add(1)
							l := labs.take()
							defer labs.giveBack(t, l)
							injection(t, l, c, faults.Plan{Call: call, Fault: fault}, len(calls))
						})
					}
				}
				lines.Store(c.name, fmt.Sprintf("%4d cases at %2d calls: %s", count, len(calls), c.name))
			})
		}
	})
	for _, c := range useCases() {
		if line, ok := lines.Load(c.name); ok {
			t.Log(line)
		}
	}
	t.Logf("%d cases ran", ran.Load())
}

func callsOf(t *testing.T, labs *pool, c useCase) []faults.Call {
	l := labs.take()
	defer labs.giveBack(t, l)
	calls := discover(t, l, c)
	var names []string
	for _, call := range calls {
		names = append(names, call.Name())
	}
	t.Logf("calls: %s", strings.Join(names, " · "))
	return calls
}

// pool lends labs, and makes one where all are lent.
type pool struct {
	t    testing.TB
	mu   sync.Mutex
	free []*lab
}

func newPool(t testing.TB) *pool { return &pool{t: t} }

func (p *pool) take() *lab {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.free); n > 0 {
		l := p.free[n-1]
		p.free = p.free[:n-1]
		return l
	}
	return newLab(p.t)
}

// giveBack returns a lab, unless t failed and may have left it in a mess.
func (p *pool) giveBack(t *testing.T, l *lab) {
	if t.Failed() {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free = append(p.free, l)
}
