package lambda

import (
	"fmt"
	"os"
	"sync"
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

	mu       sync.Mutex
	asked    bool // whether ready is closed
	current  *invocation
	initFail []byte // reported to /init/error
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

// ask records that the process asks for work: its start succeeded.
func (p *process) ask() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.asked {
		p.asked = true
		close(p.ready)
	}
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

func (p *process) failInit(report []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.initFail = report
}

func (p *process) initFailure() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.initFail
}
