// Package ground is what the benchmark measures on: a local stack of its own,
// with the built functions, the table's emulator and the simulated Webex, and a
// Lambda host that starts further processes of the functions, alone and with
// other settings.
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

// Ground is a running stack and the host for what is measured alone.
type Ground struct {
	// Root is the project's directory.
	Root string
	// Stack has every function warm, and no schedule.
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

// Close ends everything that was started.
func (g *Ground) Close() {
	if g.host != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		g.host.Close(ctx)
	}
	if g.Stack != nil {
		g.Stack.Stop()
	}
	_ = os.RemoveAll(g.folder) // a temporary directory: nothing follows from its staying
}

// Built is where `make bench` and `make build` put a program.
func (g *Ground) Built(path ...string) string {
	return g.absolute(append([]string{".build"}, path...)...)
}

// absolute is a path below the project's root: a function runs elsewhere.
func (g *Ground) absolute(path ...string) string {
	joined := filepath.Join(append([]string{g.Root}, path...)...)
	if absolute, err := filepath.Abs(joined); err == nil {
		return absolute
	}
	return joined
}

// Binary is where a function was built.
func (g *Ground) Binary(f template.Function) string { return g.Built("functions", f.Folder()) }

// NodeModules is where npm put its packages.
func (g *Ground) NodeModules() string { return g.absolute("infra", "node_modules") }

// Alone is a function of the template that the host starts processes of, with
// the stack's settings changed by changes. Its deadline is timeout away.
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

// Program is any program that speaks to the Runtime API.
func (g *Ground) Program(name, binary string) *lambda.Function {
	return g.host.Add(lambda.Config{Name: name, Binary: binary, Timeout: time.Second, MemorySize: 512})
}

// printed keeps the end of what the processes printed, to tell why one failed.
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

// Printed is the end of what the processes printed.
func (p *printed) Printed() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return string(p.text)
}
