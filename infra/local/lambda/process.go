package lambda

import (
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"signpost/infra/local/child"
)

type process struct {
	*child.Process
	name       string           // of the function
	generation int              // of its environment
	token      string           // identifies it at the Runtime API; no other process knows it
	work       chan *invocation // received by its request for the next invocation
	ready      chan struct{}    // closed when it first asks for work
	reap       *time.Timer      // while idle; guarded by the function's mutex

	asked    sync.Once              // closes ready
	initFail atomic.Pointer[[]byte] // reported to /init/error

	mu      sync.Mutex
	current *invocation
}

type invocation struct {
	id       string
	arn      string
	payload  []byte
	timeout  time.Duration
	deadline time.Time     // set when a process takes it
	taken    chan struct{} // closed when a process takes it
	answer   chan Result   // buffers one
}

// start runs the binary. Its environment is exactly env, plus the address of
// the Runtime API.
func (h *Host) start(name, binary string, env []string, generation int) (*process, error) {
	p := &process{name: name, generation: generation, token: newID(), work: make(chan *invocation), ready: make(chan struct{})}
	h.mu.Lock() // held during the start, so that Close misses no process
	defer h.mu.Unlock()
	if h.stopped {
		return nil, ErrStopped
	}
	running, err := child.Start(child.Program{
		Name: name,
		Path: binary,
		Env:  append(env, fmt.Sprintf("AWS_LAMBDA_RUNTIME_API=%s/%s", h.listener.Addr(), p.token)),
		Dir:  os.TempDir(), // functions must not depend on the working directory
	}, h.logs)
	if err != nil {
		return nil, fmt.Errorf("lambda: %w", err)
	}
	p.Process = running
	h.processes[p.token] = p
	go func() {
		<-p.Ended()
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.processes, p.token)
	}()
	return p, nil
}

func (p *process) take(inv *invocation) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.current = inv
	inv.deadline = time.Now().Add(inv.timeout)
	close(inv.taken)
}

// finish answers the current invocation. It returns false if the id is not that
// of the current one.
func (p *process) finish(id string, result Result) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.current == nil || p.current.id != id {
		return false
	}
	p.current.answer <- result
	p.current = nil
	return true
}

// Outcome is how an invocation ended.
type Outcome int

// The outcomes of an invocation. The last three are what Lambda calls an
// unhandled function error.
const (
	OK       Outcome = iota
	Failed           // the function returned an error
	Died             // its process ended before the answer
	TimedOut         // it exceeded the timeout, and its process was killed
)

// Result is the result of an invocation. The payload is the function's answer,
// or Lambda's description of the error.
type Result struct {
	Outcome Outcome
	Payload []byte
}

// failed returns a result with Lambda's description of an error.
func failed(outcome Outcome, kind, message string) Result {
	payload, _ := json.Marshal(map[string]string{"errorType": kind, "errorMessage": message}) // strings always encode
	return Result{Outcome: outcome, Payload: payload}
}

func timedOut(id string, after time.Duration) Result {
	return failed(TimedOut, "Sandbox.Timedout", fmt.Sprintf("RequestId: %s Error: Task timed out after %.2f seconds", id, after.Seconds()))
}

func died(id string, p *process) Result {
	if report := p.initFail.Load(); report != nil {
		return Result{Outcome: Died, Payload: *report}
	}
	reason := "exit status 0"
	if err := p.Err(); err != nil {
		reason = err.Error()
	}
	return failed(Died, "Runtime.ExitError", fmt.Sprintf("RequestId: %s Error: Runtime exited: %s", id, reason))
}
