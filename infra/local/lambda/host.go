// Package lambda runs built functions as AWS Lambda runs them: processes that
// fetch their invocations from the Lambda Runtime API, one at a time each.
//
// It owns the processes and what is said to them. A concurrent invocation gets
// a process of its own, a free one is used again, one that dies or is late is
// replaced. It knows nothing of HTTP APIs, tables or templates.
package lambda

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// MaxPayload is Lambda's limit for an event and for an answer.
const MaxPayload = 6 << 20

// ErrUnknownFunction is returned for a function that the host does not have.
var ErrUnknownFunction = errors.New("unknown function")

// ErrStopped is returned for an invocation of a host that is stopping.
var ErrStopped = errors.New("the local stack is stopping")

// Config says how to run one function.
type Config struct {
	Name        string // the logical id
	Binary      string
	Timeout     time.Duration
	MemorySize  int // MB, told to the function and not enforced
	Environment map[string]string

	// MaxProcesses bounds how many run at once: further invocations wait for
	// a free one. MaxIdle bounds how many are kept, IdleFor how long. Zero is
	// a default.
	MaxProcesses int
	MaxIdle      int
	IdleFor      time.Duration
}

// Host runs functions and is the Runtime API that they speak to.
type Host struct {
	logs     io.Writer // lines "function | what it printed"
	listener net.Listener
	server   *http.Server

	mu        sync.Mutex
	functions []*Function
	processes map[string]*process // by token, until they have ended
	stopped   bool
	pending   sync.WaitGroup // asynchronous invocations
}

// NewHost starts a Runtime API on a loopback port. What functions print goes to
// logs, a line at a time, with the function's name before it.
func NewHost(logs io.Writer) (*Host, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("lambda: Runtime API: %w", err)
	}
	h := &Host{logs: logs, listener: listener, processes: map[string]*process{}}
	h.server = &http.Server{Handler: h.runtimeAPI(), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = h.server.Serve(listener) }() // ends with Close
	return h, nil
}

// Add makes a function known to the host. It starts no process.
func (h *Host) Add(config Config) *Function {
	f := newFunction(h, config)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.functions = append(h.functions, f)
	return f
}

// Functions are those that were added, in that order.
func (h *Host) Functions() []*Function {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.functions)
}

// Function finds a function by its name; the error is ErrUnknownFunction.
func (h *Host) Function(name string) (*Function, error) {
	for _, f := range h.Functions() {
		if f.config.Name == name {
			return f, nil
		}
	}
	return nil, fmt.Errorf("lambda: %w: %s", ErrUnknownFunction, name)
}

// InvokeAsync calls the function and waits for nothing, as Lambda does for an
// event: what comes of it is in the logs. It is not repeated.
func (h *Host) InvokeAsync(f *Function, payload []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.stopped {
		return
	}
	h.pending.Go(func() {
		result, err := f.Invoke(context.Background(), payload)
		switch {
		case errors.Is(err, ErrStopped):
		case err != nil:
			h.note("%s | not called: %v", f.Name(), err)
		case result.Outcome != OK:
			h.note("%s | failed: %s", f.Name(), result.Payload)
		}
	})
}

func (h *Host) note(format string, args ...any) {
	_, _ = fmt.Fprintf(h.logs, format+"\n", args...) // nowhere to report it
}

// Close ends every process: asked first, killed when ctx is done. It returns
// when none is left.
func (h *Host) Close(ctx context.Context) {
	h.mu.Lock()
	h.stopped = true
	running := make([]*process, 0, len(h.processes))
	for _, p := range h.processes {
		running = append(running, p)
	}
	h.mu.Unlock()

	for _, p := range running {
		p.Terminate()
	}
	for _, p := range running {
		select {
		case <-p.Ended():
		case <-ctx.Done():
			p.Kill()
			<-p.Ended()
		}
	}
	h.pending.Wait()
	_ = h.server.Close()
}

func (h *Host) process(token string) *process {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.processes[token]
}

// processesOf are the running processes of a function.
func (h *Host) processesOf(name string) []*process {
	h.mu.Lock()
	defer h.mu.Unlock()
	var running []*process
	for _, p := range h.processes {
		if p.name == name {
			running = append(running, p)
		}
	}
	return running
}

// newID is a random id in the form that Lambda gives a request.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
