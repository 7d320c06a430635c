// Package stack runs the whole product on one machine, as the template says:
// the built functions behind an HTTP API and the Lambda Invoke API, their table
// in a DynamoDB emulator, their schedule, and a simulated Webex.
//
// It owns the settings of `make dev` with their local defaults, the checks
// before the start, and the order in which parts start and stop. The template
// says what runs; the packages beside this one emulate Lambda and API Gateway.
package stack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"signpost/infra/local/console"
	"signpost/infra/local/httpapi"
	"signpost/infra/local/lambda"
	"signpost/shared/loopback"
	"signpost/shared/webex/webextest"
)

const (
	startTimeout = 30 * time.Second
	drainTime    = 3 * time.Second // for current requests
	stopTime     = 3 * time.Second // for processes, between SIGTERM and SIGKILL
)

// ScheduleOff is the Options.ScheduleEvery that runs no schedule.
const ScheduleOff = time.Duration(-1)

// Options say what to run and where. Root is required.
type Options struct {
	// Root is the project's directory.
	Root string

	// Environment holds the settings of `make dev`: PORT, WEBEX_PORT,
	// DYNAMODB_PORT, WEBEX_SIMULATOR, LOCAL_DATA, EVENTS_URL, EVENTS_KEY, AWS_ENDPOINT_URL_DYNAMODB, and
	// the functions' variables, which override the local defaults. Port 0
	// selects a free port. An empty value counts as unset.
	Environment map[string]string

	// EphemeralPorts makes 0 the default of every port.
	EphemeralPorts bool

	// Out receives the log of functions, table and stack. May be nil.
	Out io.Writer

	// DataDir keeps the table, the simulator's data and the generated secrets
	// between runs. Default: .local/<port> below Root. Required if the API's
	// port is 0.
	DataDir string

	// TableInMemory keeps the table in memory, so that no request waits for a slow
	// disk and fails by its time limit. A restart loses the table.
	TableInMemory bool

	// ScheduleEvery replaces the template's rate; ScheduleOff runs none.
	ScheduleEvery time.Duration

	// Unlimited serves the API without the template's rate limits, for tests and
	// measurements.
	Unlimited bool

	// Now is the API's clock, which the rate limits use. Default time.Now.
	Now func() time.Time

	// Check validates the settings of all functions together; nil checks nothing.
	Check func(environment map[string]string) error

	// Template and Binaries replace Root's template.yaml and .build/functions.
	Template string
	Binaries string

	// Webex changes the simulator's options before it is created; may be nil.
	Webex func(*webextest.Options)
}

// Stack is a running stack.
type Stack struct {
	settings  *settings
	logs      *logs
	host      *lambda.Host
	table     *table
	simulator *webextest.Cloud // nil if it is off
	console   *console.Console // its Control Hub
	servers   []*http.Server
	failed    chan error
	schedule  scheduler
	notices   listener
	stopping  sync.Once
	stopped   chan struct{}
}

// Start starts everything and returns when all addresses respond, within 30 s.
// If settings or files are missing or wrong, the error lists all of them. After
// an error nothing runs.
func Start(ctx context.Context, options Options) (*Stack, error) {
	logs := newLogs(options.Out)
	settings, err := readSettings(options)
	if err != nil {
		return nil, err
	}
	s := &Stack{settings: settings, logs: logs, failed: make(chan error, 1), stopped: make(chan struct{})}
	s.notices.bus = newBus(settings, logs)
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := s.start(ctx); err != nil {
		s.Stop()
		return nil, err
	}
	return s, nil
}

func (s *Stack) start(ctx context.Context) error {
	err := s.settings.openData(s.fail)
	if err != nil {
		return err
	}
	if s.table, err = startTable(ctx, s.settings, s.logs); err != nil {
		return err
	}
	go s.watchTable()
	if err := s.writeSAMFile(); err != nil {
		return err
	}
	s.notices.start(ctx, s.table, s.logs)
	if s.host, err = lambda.NewHost(s.logs); err != nil {
		return err
	}
	s.simulator = s.settings.simulator
	if s.simulator != nil {
		s.serveSimulator()
	}
	s.addFunctions()
	s.serve(s.settings.api, s.handler())
	if err := s.warm(ctx); err != nil {
		return err
	}
	if err := s.probe(ctx); err != nil {
		return err
	}
	s.schedule.start(s.host, s.settings.functions, s.settings.scheduleEvery)
	return nil
}

func (s *Stack) addFunctions() {
	for _, f := range s.settings.functions {
		s.host.Add(lambda.Config{
			Name:        f.LogicalID,
			Binary:      s.settings.binary(f),
			Timeout:     f.Timeout,
			MemorySize:  f.MemorySize,
			Environment: s.settings.environment(f, s.table.variables()),
		})
	}
}

// warm starts one process of each function, so that a function that refuses to
// start is detected now and not by the first request. It also generates the
// simulator's keys, for which functions would not wait long.
func (s *Stack) warm(ctx context.Context) error {
	functions := s.host.Functions()
	problems := make([]error, len(functions))
	var wait sync.WaitGroup
	if s.simulator != nil {
		wait.Go(s.simulator.MakeKeys)
	}
	for i, f := range functions {
		wait.Go(func() { problems[i] = f.Start(ctx) })
	}
	wait.Wait()
	if err := errors.Join(problems...); err != nil {
		return fmt.Errorf("%w\nthe last lines of the log:\n%s", err, s.LastLogs(10))
	}
	return nil
}

func (s *Stack) handler() http.Handler {
	var routes []httpapi.Route
	for _, f := range s.settings.functions {
		for _, r := range f.Routes {
			route := httpapi.Route{Method: r.Method, Path: r.Path, Function: f.LogicalID}
			if !s.settings.options.Unlimited {
				route.Limit = httpapi.Limit(r.Limit)
			}
			routes = append(routes, route)
		}
	}
	now := s.settings.options.Now
	if now == nil {
		now = time.Now
	}
	gateway, lambdaAPI := httpapi.New(routes, s.invoke, now), s.host.API()
	events, lines := loopback.Only(s.notices.bus, true), loopback.Only(s.logs, true)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, lambda.APIPath):
			lambdaAPI.ServeHTTP(w, r)
		case r.URL.Path == EventsPath && r.Method == http.MethodGet:
			events.ServeHTTP(w, r)
		case r.URL.Path == LinesPath && r.Method == http.MethodGet:
			lines.ServeHTTP(w, r)
		default:
			gateway.ServeHTTP(w, r)
		}
	})
}

func (s *Stack) invoke(ctx context.Context, function string, event []byte) ([]byte, error) {
	result, err := s.Invoke(ctx, function, event)
	switch {
	case err != nil:
		s.logs.printf("%s | not called: %v", function, err)
		return nil, httpapi.ErrUnavailable
	case result.Outcome == lambda.TimedOut:
		s.logs.printf("%s | %s", function, result.Payload)
		return nil, httpapi.ErrTimeout
	case result.Outcome != lambda.OK:
		s.logs.printf("%s | %s", function, result.Payload)
		return nil, httpapi.ErrBadGateway
	}
	return result.Payload, nil
}

func (s *Stack) watchTable() {
	select {
	case <-s.table.ended():
		select {
		case <-s.stopped:
		default:
			s.fail(fmt.Errorf("the DynamoDB emulator has ended: %v", s.table.err()))
		}
	case <-s.stopped:
	}
}

func (s *Stack) fail(err error) {
	select {
	case s.failed <- err:
	default: // an earlier reason is pending
	}
}

// Failed receives the reason when a part of the stack has ended by itself. The
// caller must then stop the stack.
func (s *Stack) Failed() <-chan error { return s.failed }

// Stop ends everything and returns when it has ended. Current requests get a few
// seconds. Stop may be called more than once.
func (s *Stack) Stop() {
	s.stopping.Do(func() {
		close(s.stopped)
		s.schedule.stop()
		s.notices.stop()
		if s.simulator != nil {
			s.simulator.Close()
		}
		if s.console != nil {
			s.console.Close()
		}
		s.closeServers()
		ctx, cancel := context.WithTimeout(context.Background(), stopTime)
		defer cancel()
		if s.host != nil {
			s.host.Close(ctx)
		}
		if s.table != nil {
			s.table.stop(ctx)
		}
		s.settings.closeListeners()
	})
}
