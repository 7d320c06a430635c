package operate

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"signpost/infra/local/client"
	localstack "signpost/infra/local/stack"
	"signpost/infra/support"
	"signpost/infra/terminal"
	"signpost/shared/channel"
	"signpost/shared/installation"
	"signpost/shared/lifecycle"
	"signpost/shared/schedule"
)

// ConsoleOptions configure ServeConsole.
type ConsoleOptions struct {
	// Port is on this machine's loopback address; 0 selects a free one.
	Port int
	// Write allows changes.
	Write bool
	// Deployed returns the timeline of the stage's deployment.
	Deployed func(ctx context.Context, stage string) (support.Timeline, error)
}

// stopTime is how long requests may take to end after an interrupt.
const stopTime = 3 * time.Second

// ServeConsole serves the support console of the selected stack on this machine until ctx
// is done, which is not an error.
func (o *Operator) ServeConsole(ctx context.Context, options ConsoleOptions) error {
	shown := &deployment{operator: o}
	if _, err := shown.current(ctx); err != nil { // before a browser asks
		return err
	}
	timeline, err := o.timeline(ctx, options)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(options.Port)))
	if err != nil {
		return terminal.Fixable(fmt.Errorf("serve the console: %w", err), "signpost serve-console --port 0")
	}
	console := support.New(support.Options{
		Name: o.stackName(), Deployment: shown, Timeline: timeline, Write: options.Write, Now: time.Now,
	})
	server := &http.Server{Handler: console, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	o.Good(fmt.Sprintf("the support console of %s is at http://%s/ for this machine; Ctrl-C stops it", o.stackName(), listener.Addr()))
	select {
	case err := <-served:
		return fmt.Errorf("serve the console: %w", err)
	case <-ctx.Done():
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	_ = server.Shutdown(stopping) // requests that take longer are cut
	return nil
}

// stackName is what the user calls the selected stack.
func (o *Operator) stackName() string {
	switch {
	case o.Stage != "":
		return "stage " + o.Stage
	case o.localURL() != "":
		return "the local stack"
	}
	return "table " + cmp.Or(o.TableName, o.Environ[tableVariable])
}

func (o *Operator) timeline(ctx context.Context, options ConsoleOptions) (support.Timeline, error) {
	switch {
	case o.Stage != "":
		return options.Deployed(ctx, o.Stage)
	case o.localURL() != "":
		return localTimeline{client.New(o.localURL())}, nil
	}
	return unknownTimeline{}, nil
}

// unknownTimeline is that of a deployment whose stack is not known.
type unknownTimeline struct{}

func (unknownTimeline) Lines(context.Context, string, time.Time) ([]support.Line, error) {
	return nil, errors.New("log groups are found by the stage: select it with --stage")
}

// localTimeline is that of the local stack.
type localTimeline struct{ api client.Client }

// Lines returns the log lines and events that the stack has kept.
func (l localTimeline) Lines(ctx context.Context, orgKey string, since time.Time) ([]support.Line, error) {
	var logged struct{ Lines []string }
	if err := l.read(ctx, localstack.LinesPath+"?org="+url.QueryEscape(orgKey), &logged); err != nil {
		return nil, err
	}
	var announced struct {
		Events []struct {
			Time   time.Time
			Detail json.RawMessage
		}
	}
	if err := l.read(ctx, localstack.EventsPath, &announced); err != nil {
		return nil, err
	}
	var lines []support.Line
	for _, text := range logged.Lines {
		source, rest, _ := strings.Cut(text, " | ")
		if line, ok := support.ParseLine(strings.TrimSuffix(source, "Function"), rest, time.Time{}); ok && !line.At.Before(since) {
			lines = append(lines, line)
		}
	}
	for _, event := range announced.Events {
		var detail struct{ OrgKey string }
		if json.Unmarshal(event.Detail, &detail) != nil || detail.OrgKey != orgKey || event.Time.Before(since) {
			continue
		}
		if line, ok := support.ParseLine("event", string(event.Detail), event.Time); ok {
			lines = append(lines, line)
		}
	}
	return lines, nil
}

func (l localTimeline) read(ctx context.Context, path string, into any) error {
	answer, err := l.api.Send(ctx, http.MethodGet, path, nil, nil)
	if err == nil {
		err = answer.Into(into)
	}
	if err != nil {
		return fmt.Errorf("ask the local stack for its log: %w", err)
	}
	return nil
}

// assembledLife is how long a stack's settings and credentials are relied on: the console
// may run for days, and a deployment changes them.
const assembledLife = time.Minute

// deployment is what the console shows of a stack.
type deployment struct {
	operator *Operator

	mu        sync.Mutex
	assembled stack
	at        time.Time
}

// current is the stack with the channels as they are now, and with settings that were read
// within [assembledLife].
func (d *deployment) current(ctx context.Context) (stack, error) { return d.within(ctx, assembledLife) }

// latest is [deployment.current] with the settings as they are now: a change must not push
// those of before a deployment.
func (d *deployment) latest(ctx context.Context) (stack, error) { return d.within(ctx, 0) }

func (d *deployment) within(ctx context.Context, life time.Duration) (stack, error) {
	p, err := d.assemble(ctx, life)
	if err == nil {
		p.Service, p.Channels, err = p.Services.Latest(ctx)
	}
	return p, err
}

// assemble returns the stack as it was assembled within this time.
func (d *deployment) assemble(ctx context.Context, life time.Duration) (stack, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if now := time.Now(); now.Sub(d.at) >= life {
		p, err := d.operator.assemble(ctx)
		if err != nil {
			return stack{}, err
		}
		d.assembled, d.at = p, now
	}
	return d.assembled, nil
}

func (d *deployment) Installations(ctx context.Context) (support.Installations, error) {
	p, err := d.current(ctx)
	if err != nil {
		return support.Installations{}, err
	}
	rows, unreadable, err := p.installations(ctx)
	if err != nil {
		return support.Installations{}, err
	}
	passes, err := p.Store.Passes(ctx)
	if err != nil {
		return support.Installations{}, err
	}
	return support.Installations{Rows: p.after(passes, rows), Unreadable: unreadable, Channels: p.Channels, Count: installation.Estimate(passes)}, nil
}

func (d *deployment) Find(ctx context.Context, orgKey string) ([]installation.Installation, error) {
	p, err := d.current(ctx)
	if err != nil {
		return nil, err
	}
	return Selection{}.ofOrganization(ctx, p, orgKey)
}

func (d *deployment) Inspect(ctx context.Context, key installation.Key) (lifecycle.Inspection, channel.Channels, error) {
	p, err := d.current(ctx)
	if err != nil {
		return lifecycle.Inspection{}, channel.Channels{}, err
	}
	inspection, err := p.inspect(ctx, key, false)
	return inspection, p.Channels, err
}

func (d *deployment) Verify(ctx context.Context, key installation.Key) (support.Outcome, error) {
	p, err := d.latest(ctx)
	if err == nil {
		err = p.findInstalled(ctx, key)
	}
	if err != nil {
		return "", err
	}
	switch report := schedule.New(p.Service, p.Store).VerifyOne(ctx, key); {
	case report.Failed > 0:
		return support.Failed, nil
	case report.Left > 0:
		return support.Postponed, nil
	case report.Pushed+report.Deleted > 0:
		return support.Pushed, nil
	}
	return support.Verified, nil
}

// findInstalled returns [installation.ErrNotFound] without an installation.
func (p stack) findInstalled(ctx context.Context, key installation.Key) error {
	row, _, err := p.Store.Find(ctx, key, time.Now())
	if err == nil {
		err = requireInstalled(row)
	}
	return err
}

func (d *deployment) Reload(ctx context.Context, key installation.Key) (support.Outcome, error) {
	p, err := d.latest(ctx)
	if err == nil {
		err = p.Channels.CheckReload()
	}
	if err == nil {
		_, err = p.Vendor.Reload(ctx, key)
	}
	return support.Reloading, err
}
