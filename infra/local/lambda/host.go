// Package lambda runs built functions as AWS Lambda does: as processes that
// fetch their invocations from the Lambda Runtime API, each one at a time.
//
// It owns the processes and their protocol. Concurrent invocations get separate
// processes, idle processes are reused, and processes that die or exceed the
// timeout are replaced. It does not depend on HTTP APIs, tables or templates.
package lambda

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"maps"
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
	MemorySize  int // MB; in the function's environment, but not enforced
	Environment map[string]string

	// MaxProcesses bounds how many processes run at once: further invocations
	// wait. Default 64.
	MaxProcesses int
	// MaxIdle bounds how many idle processes are kept (default 8), and IdleFor
	// how long (default 5 minutes).
	MaxIdle int
	IdleFor time.Duration
}

// Host runs functions and serves their Runtime API.
type Host struct {
	logs     io.Writer // lines "function | output"
	listener net.Listener
	server   *http.Server

	mu        sync.Mutex
	functions []*Function
	processes map[string]*process // running ones, by token
	stopped   bool
	pending   sync.WaitGroup // asynchronous invocations
}

// NewHost starts a Runtime API on a loopback port. The output of functions goes
// to logs, line by line, prefixed with the function's name.
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

// Add registers a function. It starts no process.
func (h *Host) Add(config Config) *Function {
	f := newFunction(h, config)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.functions = append(h.functions, f)
	return f
}

// Functions returns the functions in the order in which they were added.
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

// InvokeAsync calls the function without waiting, as Lambda does for an event.
// Failures are logged and, unlike on Lambda, not retried.
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
			fmt.Fprintf(h.logs, "%s | not called: %v\n", f.config.Name, err)
		case result.Outcome != OK:
			fmt.Fprintf(h.logs, "%s | failed: %s\n", f.config.Name, result.Payload)
		}
	})
}

// Close terminates every process, kills those that still run when ctx is done,
// and returns when all have ended.
func (h *Host) Close(ctx context.Context) {
	h.mu.Lock()
	h.stopped = true
	running := slices.Collect(maps.Values(h.processes))
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

// newID returns a random id in the form of Lambda's request ids.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
