package lambda

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Defaults of a Config, and Lambda's own limit for the start of a process.
const (
	defaultMaxProcesses = 64
	defaultMaxIdle      = 8
	defaultIdleFor      = 5 * time.Minute
	initTimeout         = 10 * time.Second
)

// Function is a function of a host: its settings and its free processes.
type Function struct {
	host   *Host
	config Config
	slots  chan struct{} // one per running process

	mu          sync.Mutex
	environment map[string]string
	generation  int // of the environment: a process of an older one is not used again
	idle        []*idleProcess
	modified    time.Time
}

// idleProcess is a process that waits to be used again, the last one first.
type idleProcess struct {
	*process
	generation int
	reap       *time.Timer
}

func newFunction(host *Host, config Config) *Function {
	if config.MaxProcesses == 0 {
		config.MaxProcesses = defaultMaxProcesses
	}
	if config.MaxIdle == 0 {
		config.MaxIdle = defaultMaxIdle
	}
	if config.IdleFor == 0 {
		config.IdleFor = defaultIdleFor
	}
	return &Function{
		host:        host,
		config:      config,
		slots:       make(chan struct{}, config.MaxProcesses),
		environment: maps.Clone(config.Environment),
		modified:    time.Now(),
	}
}

// Name is the function's logical id.
func (f *Function) Name() string { return f.config.Name }

// ARN is what the function is told to be.
func (f *Function) ARN() string {
	return "arn:aws:lambda:" + region + ":" + accountID + ":function:" + f.config.Name
}

// Environment is a copy of the variables that the next process gets.
func (f *Function) Environment() map[string]string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.environment)
}

// SetEnvironment replaces the function's variables. Its free processes end; a
// busy one finishes its work first. Later invocations see the new variables.
func (f *Function) SetEnvironment(variables map[string]string) {
	f.mu.Lock()
	f.environment = maps.Clone(variables)
	f.generation++
	f.modified = time.Now()
	old := f.idle
	f.idle = nil
	f.mu.Unlock()
	for _, p := range old {
		p.reap.Stop()
		p.Retire()
	}
}

// Invoke calls the function and waits for what it comes to. The error says why
// it could not be called at all; what the function itself did is in the result.
// ctx bounds the wait for a free process only: as on Lambda, a function goes on
// when its caller has gone.
func (f *Function) Invoke(ctx context.Context, payload []byte) (Result, error) {
	if len(payload) > MaxPayload {
		return Result{}, fmt.Errorf("lambda: an event of %d bytes is over the limit of %d", len(payload), MaxPayload)
	}
	select {
	case f.slots <- struct{}{}:
		defer func() { <-f.slots }()
	case <-ctx.Done():
		return Result{}, ctx.Err()
	}
	inv := &invocation{
		id: newID(), arn: f.ARN(), payload: payload, timeout: f.config.Timeout,
		taken: make(chan struct{}), answer: make(chan Result, 1),
	}
	for {
		p, fresh, generation, err := f.acquire()
		if err != nil {
			return Result{}, err
		}
		if result, done := f.hand(p, inv, fresh); done {
			return result, nil
		}
		select {
		case <-inv.taken:
			return f.await(p, inv, generation), nil
		default: // a used process ended while it was free: try another
		}
	}
}

// hand gives the invocation to the process. It is done early, with a result, if
// a fresh process does not get as far as asking for work.
func (f *Function) hand(p *process, inv *invocation, fresh bool) (Result, bool) {
	timer := time.NewTimer(initTimeout)
	defer timer.Stop()
	select {
	case p.work <- inv:
		<-inv.taken
		return Result{}, false
	case <-p.Ended():
		return died(inv.id, p), fresh
	case <-timer.C:
		p.Kill()
		return timedOut(inv.id, initTimeout), true
	}
}

// await waits for the answer and frees the process, or ends it when it is late.
func (f *Function) await(p *process, inv *invocation, generation int) Result {
	timer := time.NewTimer(time.Until(inv.deadline))
	defer timer.Stop()
	select {
	case result := <-inv.answer:
		f.release(p, generation)
		return result
	case <-p.Ended():
		select {
		case result := <-inv.answer: // it answered and then ended
			return result
		default:
			return died(inv.id, p)
		}
	case <-timer.C:
		p.Kill()
		<-p.Ended() // so that a test, and Close, find it gone
		return timedOut(inv.id, inv.timeout)
	}
}

// acquire takes a free process or starts one.
func (f *Function) acquire() (p *process, fresh bool, generation int, err error) {
	f.mu.Lock()
	for len(f.idle) > 0 {
		last := f.idle[len(f.idle)-1]
		f.idle = f.idle[:len(f.idle)-1]
		if last.reap.Stop() && last.Alive() {
			f.mu.Unlock()
			return last.process, false, last.generation, nil
		}
	}
	generation = f.generation
	variables := f.variables()
	f.mu.Unlock()
	p, err = f.host.start(f.config.Name, f.config.Binary, variables)
	return p, true, generation, err
}

// release keeps a process for later, if it is wanted.
func (f *Function) release(p *process, generation int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if generation != f.generation || len(f.idle) >= f.config.MaxIdle {
		p.Retire()
		return
	}
	entry := &idleProcess{process: p, generation: generation}
	entry.reap = time.AfterFunc(f.config.IdleFor, func() { f.reap(entry) })
	f.idle = append(f.idle, entry)
}

// reap ends a process that has been free for long.
func (f *Function) reap(entry *idleProcess) {
	f.mu.Lock()
	f.idle = slices.DeleteFunc(f.idle, func(p *idleProcess) bool { return p == entry })
	f.mu.Unlock()
	entry.Retire()
}

// Start starts one process and waits until it asks for work, so that a function
// which refuses its settings is found before it is called.
func (f *Function) Start(ctx context.Context) error {
	f.mu.Lock()
	generation, variables := f.generation, f.variables()
	f.mu.Unlock()
	p, err := f.host.start(f.config.Name, f.config.Binary, variables)
	if err != nil {
		return err
	}
	select {
	case <-p.ready:
		f.release(p, generation)
		return nil
	case <-p.Ended():
		return fmt.Errorf("lambda: %s does not start: %s", f.config.Name, died("-", p).Payload)
	case <-ctx.Done():
		p.Kill()
		return fmt.Errorf("lambda: %s does not start: %w", f.config.Name, ctx.Err())
	}
}

// region and accountID are those that the functions are told.
const (
	region    = "us-east-1"
	accountID = "123456789012"
)

// Kill ends every process of the function, whatever it is at, as a crash does,
// and returns when they are gone. A later invocation gets a new one.
func (f *Function) Kill() {
	for _, p := range f.host.processesOf(f.config.Name) {
		p.Kill()
		<-p.Ended()
	}
}

// variables is the whole environment of a process: what Lambda sets, and the
// function's own. Of the developer's environment it gets nothing, or a function
// could work here by what it will not have on AWS.
func (f *Function) variables() []string {
	all := map[string]string{
		"AWS_ACCESS_KEY_ID":               "local",
		"AWS_SECRET_ACCESS_KEY":           "local",
		"AWS_REGION":                      region,
		"AWS_DEFAULT_REGION":              region,
		"AWS_EC2_METADATA_DISABLED":       "true",
		"AWS_CONFIG_FILE":                 os.DevNull, // not the developer's
		"AWS_SHARED_CREDENTIALS_FILE":     os.DevNull,
		"AWS_EXECUTION_ENV":               "AWS_Lambda_provided.al2023",
		"AWS_LAMBDA_FUNCTION_NAME":        f.config.Name,
		"AWS_LAMBDA_FUNCTION_VERSION":     "$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": strconv.Itoa(f.config.MemorySize),
		"AWS_LAMBDA_INITIALIZATION_TYPE":  "on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME":       "/aws/lambda/" + f.config.Name,
		"AWS_LAMBDA_LOG_STREAM_NAME":      "local",
		"AWS_SAM_LOCAL":                   "true", // how a function knows that it is not on AWS
		"LAMBDA_TASK_ROOT":                "/var/task",
		"LANG":                            "en_US.UTF-8",
		"PATH":                            "/usr/local/bin:/usr/bin:/bin",
		"TMPDIR":                          os.TempDir(),
		"TZ":                              ":UTC",
		"_HANDLER":                        "bootstrap",
	}
	maps.Copy(all, f.environment)
	list := make([]string, 0, len(all)+1)
	for name, value := range all {
		list = append(list, name+"="+value)
	}
	return list
}

// PIDs are the numbers of the function's running processes.
func (f *Function) PIDs() []int {
	var pids []int
	for _, p := range f.host.processesOf(f.config.Name) {
		pids = append(pids, p.PID())
	}
	return pids
}
