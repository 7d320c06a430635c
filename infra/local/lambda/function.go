package lambda

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"
)

// initTimeout is Lambda's limit for the start of a process.
const initTimeout = 10 * time.Second

// Function is a function of a host: its settings and its idle processes.
type Function struct {
	host   *Host
	config Config
	slots  chan struct{} // one per running process

	mu          sync.Mutex
	environment map[string]string
	generation  int        // of the environment; processes of an older one are not reused
	idle        []*process // the last one is used next
	modified    time.Time
}

func newFunction(host *Host, config Config) *Function {
	config.MaxProcesses = cmp.Or(config.MaxProcesses, 64)
	config.MaxIdle = cmp.Or(config.MaxIdle, 8)
	config.IdleFor = cmp.Or(config.IdleFor, 5*time.Minute)
	return &Function{
		host:        host,
		config:      config,
		slots:       make(chan struct{}, config.MaxProcesses),
		environment: maps.Clone(config.Environment),
		modified:    time.Now(),
	}
}

// ARN returns the function's ARN, with a fixed region and account.
func (f *Function) ARN() string {
	return "arn:aws:lambda:" + region + ":" + accountID + ":function:" + f.config.Name
}

// Environment returns a copy of the variables that the next process gets.
func (f *Function) Environment() map[string]string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.environment)
}

// SetEnvironment replaces the function's variables. Idle processes end, busy
// ones after their invocation. Later invocations have the new variables.
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

// Invoke calls the function and waits for the result, which also holds the
// function's own errors. The error says why it could not be called. ctx bounds
// only the wait for a free process: as on Lambda, a function continues when its
// caller disconnects. The limit for the payload is MaxPayload.
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
		p, fresh, err := f.acquire()
		if err != nil {
			return Result{}, err
		}
		if result, done := f.assign(p, inv, fresh); done {
			return result, nil
		}
		select {
		case <-inv.taken:
			return f.await(p, inv), nil
		default: // a reused process ended while it was idle: try another
		}
	}
}

// assign gives the invocation to the process. It returns a result if a new process
// ends, or exceeds initTimeout, before it asks for work.
func (f *Function) assign(p *process, inv *invocation, fresh bool) (Result, bool) {
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

// await waits for the answer. A process that exceeds the timeout is killed.
func (f *Function) await(p *process, inv *invocation) Result {
	timer := time.NewTimer(time.Until(inv.deadline))
	defer timer.Stop()
	select {
	case result := <-inv.answer:
		f.release(p)
		return result
	case <-p.Ended():
		select {
		case result := <-inv.answer: // it ended after its answer
			return result
		default:
			return died(inv.id, p)
		}
	case <-timer.C:
		p.Kill()
		<-p.Ended() // callers may rely on its end
		return timedOut(inv.id, inv.timeout)
	}
}

func (f *Function) acquire() (p *process, fresh bool, err error) {
	f.mu.Lock()
	for len(f.idle) > 0 {
		last := f.idle[len(f.idle)-1]
		f.idle = f.idle[:len(f.idle)-1]
		if last.reap.Stop() && last.Alive() {
			f.mu.Unlock()
			return last, false, nil
		}
	}
	f.mu.Unlock()
	p, err = f.startProcess()
	return p, true, err
}

func (f *Function) startProcess() (*process, error) {
	f.mu.Lock()
	generation, variables := f.generation, f.variables()
	f.mu.Unlock()
	return f.host.start(f.config.Name, f.config.Binary, variables, generation)
}

// release keeps a process for later invocations, or ends it if its environment
// is outdated or enough processes are idle.
func (f *Function) release(p *process) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if p.generation != f.generation || len(f.idle) >= f.config.MaxIdle {
		p.Retire()
		return
	}
	p.reap = time.AfterFunc(f.config.IdleFor, func() {
		f.mu.Lock()
		f.idle = slices.DeleteFunc(f.idle, func(other *process) bool { return other == p })
		f.mu.Unlock()
		p.Retire()
	})
	f.idle = append(f.idle, p)
}

// Start starts one process and waits until it asks for work, so that a function
// that refuses its settings is detected before it is called.
func (f *Function) Start(ctx context.Context) error {
	p, err := f.startProcess()
	if err != nil {
		return err
	}
	select {
	case <-p.ready:
		f.release(p)
		return nil
	case <-p.Ended():
		return fmt.Errorf("lambda: %s does not start: %s", f.config.Name, died("-", p).Payload)
	case <-ctx.Done():
		p.Kill()
		return fmt.Errorf("lambda: %s does not start: %w", f.config.Name, ctx.Err())
	}
}

// region and accountID appear in the functions' ARNs and environment.
const (
	region    = "us-east-1"
	accountID = "123456789012"
)

// Kill kills every process of the function, as a crash does, and returns when
// they have ended. Later invocations get new ones.
func (f *Function) Kill() {
	for _, p := range f.host.processesOf(f.config.Name) {
		p.Kill()
		<-p.Ended()
	}
}

// variables returns the whole environment of a process: Lambda's variables and
// the function's own. Nothing comes from the developer's environment, so that a
// function cannot depend on what it does not have on AWS.
func (f *Function) variables() []string {
	all := map[string]string{
		"AWS_ACCESS_KEY_ID":               "local",
		"AWS_SECRET_ACCESS_KEY":           "local",
		"AWS_REGION":                      region,
		"AWS_DEFAULT_REGION":              region,
		"AWS_EC2_METADATA_DISABLED":       "true",
		"AWS_CONFIG_FILE":                 os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE":     os.DevNull,
		"AWS_EXECUTION_ENV":               "AWS_Lambda_provided.al2023",
		"AWS_LAMBDA_FUNCTION_NAME":        f.config.Name,
		"AWS_LAMBDA_FUNCTION_VERSION":     "$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": strconv.Itoa(f.config.MemorySize),
		"AWS_LAMBDA_INITIALIZATION_TYPE":  "on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME":       "/aws/lambda/" + f.config.Name,
		"AWS_LAMBDA_LOG_STREAM_NAME":      "local",
		"AWS_SAM_LOCAL":                   "true", // tells a function that it is not on AWS
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

// PIDs returns the process ids of the function's running processes.
func (f *Function) PIDs() []int {
	var pids []int
	for _, p := range f.host.processesOf(f.config.Name) {
		pids = append(pids, p.PID())
	}
	return pids
}
