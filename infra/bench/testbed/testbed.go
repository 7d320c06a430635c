// Package testbed provides what the benchmark runs on: a local stack with the built
// functions, the table's emulator and the simulated Webex, and a Lambda host that
// starts further processes of the functions with other settings.
package testbed

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"time"

	"signpost/infra/local/lambda"
	"signpost/infra/local/stack"
	"signpost/infra/template"
)

// Testbed is a running stack, and a host for separate processes.
type Testbed struct {
	// Root is the project's directory.
	Root string
	// Stack has all functions started, and no schedule.
	Stack *stack.Stack
	// Functions are the template's.
	Functions []template.Function

	host   *lambda.Host
	folder string
	output
}

// Prepare starts the stack of the project in root, with settings for all
// functions, on free ports.
func Prepare(ctx context.Context, root string) (*Testbed, error) {
	t := &Testbed{Root: root}
	read, err := template.Read(filepath.Join(root, "template.yaml"))
	if err != nil {
		return nil, err
	}
	t.Functions = read.Functions
	if t.folder, err = os.MkdirTemp("", "bench"); err != nil {
		return nil, err
	}
	t.Stack, err = stack.Start(ctx, stack.Options{
		Root: root, EphemeralPorts: true, DataDir: t.folder, ScheduleEvery: stack.ScheduleOff,
		Unlimited: true,
	})
	if err == nil {
		t.host, err = lambda.NewHost(&t.output)
	}
	if err != nil {
		t.Close()
		return nil, err
	}
	return t, nil
}

// Close stops the stack and the host's processes.
func (t *Testbed) Close() {
	if t.host != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		t.host.Close(ctx)
	}
	if t.Stack != nil {
		t.Stack.Stop()
	}
	_ = os.RemoveAll(t.folder) // a leftover temporary directory does no harm
}

// Built returns the path of a program that `make bench` or `make build` built.
func (t *Testbed) Built(path ...string) string {
	return t.absolute(append([]string{".build"}, path...)...)
}

// absolute returns the absolute path of a file below the project's root, since
// functions run in another directory.
func (t *Testbed) absolute(path ...string) string {
	joined := filepath.Join(append([]string{t.Root}, path...)...)
	if absolute, err := filepath.Abs(joined); err == nil {
		return absolute
	}
	return joined
}

// Binary returns the path of a function's program.
func (t *Testbed) Binary(f template.Function) string { return t.Built("functions", f.Folder()) }

// NodeModules returns the folder of npm's packages.
func (t *Testbed) NodeModules() string { return t.absolute("infra", "node_modules") }

// Isolated returns a function of the template that runs in processes of its own, with
// the stack's settings and these changes; an empty value removes a setting. Each
// invocation has this timeout.
func (t *Testbed) Isolated(logicalID string, changes map[string]string, timeout time.Duration) (*lambda.Function, error) {
	for _, f := range t.Functions {
		if f.LogicalID != logicalID {
			continue
		}
		environment, err := t.Stack.Environment(logicalID)
		if err != nil {
			return nil, err
		}
		maps.Copy(environment, changes)
		maps.DeleteFunc(environment, func(_, value string) bool { return value == "" })
		return t.host.Add(lambda.Config{
			Name: logicalID, Binary: t.Binary(f), Environment: environment,
			Timeout: timeout, MemorySize: f.MemorySize,
		}), nil
	}
	return nil, fmt.Errorf("the template has no function %s", logicalID)
}

// Program returns a function for any program that uses the Runtime API.
func (t *Testbed) Program(name, binary string) *lambda.Function {
	return t.host.Add(lambda.Config{Name: name, Binary: binary, Timeout: time.Second, MemorySize: 512})
}

// output keeps the end of the processes' output, to explain a failure.
type output struct {
	mu   sync.Mutex
	text []byte
}

const keptOutput = 4 << 10

// Write implements io.Writer.
func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text = append(o.text, b...)
	if len(o.text) > 2*keptOutput {
		o.text = bytes.Clone(o.text[len(o.text)-keptOutput:])
	}
	return len(b), nil
}

// Output returns the end of the processes' output.
func (o *output) Output() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return string(o.text)
}
