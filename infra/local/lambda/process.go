package lambda

import (
	"fmt"
	"os"
	"sync"
	"time"

	"signpost/infra/local/child"
)

// process is one running copy of a function.
type process struct {
	*child.Process
	name  string           // of the function
	token string           // its name at the Runtime API, which no other process knows
	work  chan *invocation // taken by the process's request for the next one
	ready chan struct{}    // closed when it has asked for work for the first time

	mu       sync.Mutex
	asked    bool        // whether ready is closed
	current  *invocation // what it works on
	initFail []byte      // what it reported to /init/error
}

// invocation is one call of a function on its way through a process.
type invocation struct {
	id       string
	arn      string
	payload  []byte
	timeout  time.Duration
	deadline time.Time     // set when a process takes it
	taken    chan struct{} // closed when a process has taken it
	answer   chan Result   // holds one
}

// start runs the binary. Its environment is exactly env, plus the address of
// the Runtime API.
func (h *Host) start(name, binary string, env []string) (*process, error) {
	p := &process{name: name, token: newID(), work: make(chan *invocation), ready: make(chan struct{})}
	h.mu.Lock() // held while it starts, so that Close misses none
	defer h.mu.Unlock()
	if h.stopped {
		return nil, ErrStopped
	}
	running, err := child.Start(child.Program{
		Name: name,
		Path: binary,
		Env:  append(env, fmt.Sprintf("AWS_LAMBDA_RUNTIME_API=%s/%s", h.listener.Addr(), p.token)),
		Dir:  os.TempDir(), // as on Lambda, nothing may depend on where it runs
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

// ask notes that the process has started well: it asks for work.
func (p *process) ask() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.asked {
		p.asked = true
		close(p.ready)
	}
}

// take makes inv the process's work.
func (p *process) take(inv *invocation) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.current = inv
	inv.deadline = time.Now().Add(inv.timeout)
	close(inv.taken)
}

// finish answers the invocation with that id; false if the process does not
// work on it.
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
