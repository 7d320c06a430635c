package faults

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
)

// Plan says which fault is injected into which call of a process. The zero Plan
// injects none.
type Plan struct {
	Call  Call
	Fault Fault
}

// hits reports whether the fault is injected into this attempt at a call.
func (p Plan) hits(call Call, attempt int) bool {
	switch {
	case p.Fault.inject == nil || call.Op != p.Call.Op:
		return false
	case p.Fault.Outage || p.Fault.Again:
		return call.Nth >= p.Call.Nth
	default:
		return call.Nth == p.Call.Nth && (attempt == 1 || !p.Fault.FirstAttempt)
	}
}

// Process stands for one process of a function. It is safe for concurrent use.
type Process struct {
	// Plan may be set before the process makes its first call.
	Plan Plan
	// Expire, if set, ends the invocation's time.
	Expire func()
	// MaxCalls, if not 0, is the number of calls after which the time is over.
	MaxCalls int
	// BeforeCall, if set, is called with each new call before it is made: a test may
	// block there, to put concurrent calls into one order.
	BeforeCall func(Call)
	// Kill, if set, ends a real process that the transports belong to.
	Kill func()

	mu       sync.Mutex
	calls    []*Call
	nth      map[string]int
	running  map[string]*Call // calls to DynamoDB, by the SDK's invocation id
	dead     bool
	injected int
}

// ErrDead is the error of every call of a dead process.
var ErrDead = errors.New("the process is dead")

// Transport returns the transport for the process's calls to a peer, over base.
func (p *Process) Transport(peer Peer, base http.RoundTripper) http.RoundTripper {
	return transport{process: p, peer: peer, base: base}
}

// Calls are the calls that were made so far.
func (p *Process) Calls() []Call {
	p.mu.Lock()
	defer p.mu.Unlock()
	calls := make([]Call, len(p.calls))
	for i, call := range p.calls {
		calls[i] = *call
	}
	return calls
}

// Injected counts the requests into which the plan's fault was injected.
func (p *Process) Injected() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.injected
}

// Dead reports whether the process has died: what it returns, logs or sends from then
// on does not count.
func (p *Process) Dead() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.dead
}

func (p *Process) die() {
	p.mu.Lock()
	p.dead = true
	p.mu.Unlock()
	if p.Kill != nil {
		p.Kill()
	}
}

type transport struct {
	process *Process
	peer    Peer
	base    http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (t transport) RoundTrip(request *http.Request) (*http.Response, error) {
	if t.process.Dead() {
		return nil, ErrDead
	}
	body, err := readBody(request)
	if err != nil {
		return nil, err
	}
	call, attempt, err := t.process.begin(t.peer, request, body)
	if err != nil {
		return nil, err
	}
	if attempt == 1 && t.process.BeforeCall != nil {
		t.process.BeforeCall(*call)
	}
	s := &injection{process: t.process, call: call, attempt: attempt, request: request, body: body, base: t.base}
	if !t.process.Plan.hits(*call, attempt) {
		return s.forward()
	}
	t.process.mu.Lock()
	t.process.injected++
	t.process.mu.Unlock()
	return t.process.Plan.Fault.inject(s)
}

// begin records a request: a new call, or a further attempt at one.
func (p *Process) begin(peer Peer, request *http.Request, body []byte) (call *Call, attempt int, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	invocation := request.Header.Get("Amz-Sdk-Invocation-Id")
	if known := p.running[invocation]; known != nil && invocation != "" {
		return known, 2, nil
	}
	var named Call
	if peer == Webex {
		named = webexCall(request)
	} else if named, err = tableCall(request, body); err != nil {
		return nil, 0, err
	}
	if p.nth == nil {
		p.nth, p.running = map[string]int{}, map[string]*Call{}
	}
	p.nth[named.Op]++
	named.Nth = p.nth[named.Op]
	p.calls = append(p.calls, &named)
	p.running[invocation] = &named
	if p.MaxCalls > 0 && len(p.calls) > p.MaxCalls && p.Expire != nil {
		p.Expire()
	}
	return &named, 1, nil
}

// injection is a fault in one request.
type injection struct {
	process *Process
	call    *Call
	attempt int
	request *http.Request
	body    []byte
	base    http.RoundTripper
}

// forward lets the request through, and records the response.
func (s *injection) forward() (*http.Response, error) {
	response, err := s.base.RoundTrip(withBody(s.request, s.body))
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(response.Body)
	if closeErr := response.Body.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return nil, err
	}
	s.process.mu.Lock()
	defer s.process.mu.Unlock()
	if s.process.dead {
		return nil, ErrDead // it died while it waited
	}
	s.call.Status, s.call.Length = response.StatusCode, len(content)
	response.Body = io.NopCloser(bytes.NewReader(content))
	return response, nil
}

// respond returns a complete response instead of the peer's.
func (s *injection) respond(status int, contentType, body string, headers ...string) *http.Response {
	response := &http.Response{
		StatusCode: status, Status: http.StatusText(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {contentType}}, Request: s.request,
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}
	for i := 0; i+1 < len(headers); i += 2 {
		response.Header.Set(headers[i], headers[i+1])
	}
	return response
}
