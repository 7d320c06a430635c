// Package ground provides what the benchmark runs on: a local stack with the built
// functions, the table's emulator and the simulated Webex, and a Lambda host that
// starts further processes of the functions with other settings.
package ground

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

// Ground is a running stack, and a host for separate processes.
type Ground struct {
	// Root is the project's directory.
	Root string
	// Stack has all functions started, and no schedule.
	Stack *stack.Stack
	// Functions are the template's.
	Functions []template.Function

	host   *lambda.Host
	folder string
	printed
}

// Prepare starts the stack of the project in root, with settings for all
// functions, on free ports.
func Prepare(ctx context.Context, root string) (*Ground, error) {
	g := &Ground{Root: root}
	read, err := template.Read(filepath.Join(root, "template.yaml"))
	if err != nil {
		return nil, err
	}
	g.Functions = read.Functions
	if g.folder, err = os.MkdirTemp("", "bench"); err != nil {
		return nil, err
	}
	g.Stack, err = stack.Start(ctx, stack.Options{
		Root: root, EphemeralPorts: true, DataDir: g.folder, ScheduleEvery: stack.ScheduleOff,
		Unlimited: true,
	})
	if err == nil {
		g.host, err = lambda.NewHost(&g.printed)
	}
	if err != nil {
		g.Close()
		return nil, err
	}
	return g, nil
}

// Close stops the stack and the host's processes.
func (g *Ground) Close() {
	if g.host != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		g.host.Close(ctx)
	}
	if g.Stack != nil {
		g.Stack.Stop()
	}
	_ = os.RemoveAll(g.folder) // a leftover temporary directory does no harm
}

// Built returns the path of a program that `make bench` or `make build` built.
func (g *Ground) Built(path ...string) string {
	return g.absolute(append([]string{".build"}, path...)...)
}

// absolute returns the absolute path of a file below the project's root, since
// functions run in another directory.
func (g *Ground) absolute(path ...string) string {
	joined := filepath.Join(append([]string{g.Root}, path...)...)
	if absolute, err := filepath.Abs(joined); err == nil {
		return absolute
	}
	return joined
}

// Binary returns the path of a function's program.
func (g *Ground) Binary(f template.Function) string { return g.Built("functions", f.Folder()) }

// NodeModules returns the folder of npm's packages.
func (g *Ground) NodeModules() string { return g.absolute("infra", "node_modules") }

// Alone returns a function of the template for separate processes, with the stack's
// settings and these changes; an empty value removes a setting. Each invocation
// has this timeout.
func (g *Ground) Alone(logicalID string, changes map[string]string, timeout time.Duration) (*lambda.Function, error) {
	for _, f := range g.Functions {
		if f.LogicalID != logicalID {
			continue
		}
		environment, err := g.Stack.Environment(logicalID)
		if err != nil {
			return nil, err
		}
		maps.Copy(environment, changes)
		maps.DeleteFunc(environment, func(_, value string) bool { return value == "" })
		return g.host.Add(lambda.Config{
			Name: logicalID, Binary: g.Binary(f), Environment: environment,
			Timeout: timeout, MemorySize: f.MemorySize,
		}), nil
	}
	return nil, fmt.Errorf("the template has no function %s", logicalID)
}

// Program returns a function for any program that uses the Runtime API.
func (g *Ground) Program(name, binary string) *lambda.Function {
	return g.host.Add(lambda.Config{Name: name, Binary: binary, Timeout: time.Second, MemorySize: 512})
}

// printed keeps the end of the processes' output, to explain a failure.
type printed struct {
	mu   sync.Mutex
	text []byte
}

const keptOfPrinted = 4 << 10

// Write implements io.Writer.
func (p *printed) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.text = append(p.text, b...)
	if len(p.text) > 2*keptOfPrinted {
		p.text = bytes.Clone(p.text[len(p.text)-keptOfPrinted:])
	}
	return len(b), nil
}

// Printed returns the end of the processes' output.
func (p *printed) Printed() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return string(p.text)
}
