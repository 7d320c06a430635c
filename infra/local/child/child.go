// Package child runs programs that live no longer than the local stack, and
// passes on what they print, a line at a time, with a name before it.
//
// It owns how a process is started, signalled and waited for. What the process
// is for is its caller's business.
package child

import (
	"fmt"
	"io"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// grace is how long a process that was asked to end may take.
const grace = 2 * time.Second

// Program says what to run.
type Program struct {
	Name string // before each line of its output
	Path string
	Args []string
	Env  []string // all of its environment
	Dir  string
}

// Process is a running program.
type Process struct {
	cmd   *exec.Cmd
	ended chan struct{}
	err   error // read after ended
}

// Start runs a program, with its output going to logs.
func Start(program Program, logs io.Writer) (*Process, error) {
	output := &lineWriter{out: logs, prefix: program.Name + " | "}
	cmd := exec.Command(program.Path, program.Args...)
	cmd.Env, cmd.Dir = program.Env, program.Dir
	cmd.Stdout, cmd.Stderr = output, output
	cmd.SysProcAttr = ownGroup()
	cmd.WaitDelay = grace // a grandchild may hold the pipes open
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", program.Name, err)
	}
	p := &Process{cmd: cmd, ended: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		output.flush()
		close(p.ended)
	}()
	return p, nil
}

// Ended is closed when the process is gone and all that it printed is passed on.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Err is why the process ended; nil for exit status 0. Read it after Ended.
func (p *Process) Err() error { return p.err }

// PID is the process's number.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Alive tells whether the process has not ended yet.
func (p *Process) Alive() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// Terminate asks the process to end, without waiting for it.
func (p *Process) Terminate() { p.signal(syscall.SIGTERM) }

// Kill ends the process and all that it started.
func (p *Process) Kill() { p.signal(syscall.SIGKILL) }

// Retire asks the process to end and kills it if it does not, without waiting.
func (p *Process) Retire() {
	p.Terminate()
	time.AfterFunc(grace, p.Kill)
}

func (p *Process) signal(signal syscall.Signal) {
	if p.Alive() { // else its number may belong to another process by now
		signalGroup(p.cmd.Process, signal)
	}
}

// lineWriter passes on whole lines, each with a name before it.
type lineWriter struct {
	mu     sync.Mutex
	out    io.Writer
	prefix string
	rest   []byte
}

// maxLine bounds what is kept of a line that does not end.
const maxLine = 64 << 10

// Write implements io.Writer.
func (w *lineWriter) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range b {
		if c == '\n' || len(w.rest) >= maxLine {
			w.line()
		}
		if c != '\n' {
			w.rest = append(w.rest, c)
		}
	}
	return len(b), nil
}

func (w *lineWriter) line() {
	_, _ = io.WriteString(w.out, w.prefix+string(w.rest)+"\n") // nowhere to report it
	w.rest = w.rest[:0]
}

func (w *lineWriter) flush() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.rest) > 0 {
		w.line()
	}
}
