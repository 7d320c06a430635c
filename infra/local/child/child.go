// Package child runs programs that end with the local stack, and forwards their
// output line by line, prefixed with a name.
//
// It owns how a process is started, signalled and waited for.
package child

import (
	"fmt"
	"io"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// grace is the time that a process has between SIGTERM and SIGKILL.
const grace = 2 * time.Second

// Program says what to run.
type Program struct {
	Name string // prefix of each line of its output
	Path string
	Args []string
	Env  []string // its whole environment; nil inherits this process's
	Dir  string
}

// Process is a running program.
type Process struct {
	cmd   *exec.Cmd
	ended chan struct{}
	err   error // read after ended
}

// Start runs a program and forwards its output to logs.
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

// Ended is closed when the process has ended and its output is forwarded.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Err says why the process ended; nil for exit status 0. Read it after Ended.
func (p *Process) Err() error { return p.err }

// PID returns the process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Alive reports whether the process still runs.
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

// Kill kills the process and its children.
func (p *Process) Kill() { p.signal(syscall.SIGKILL) }

// Retire asks the process to end and kills it later if it does not, without
// waiting.
func (p *Process) Retire() {
	p.Terminate()
	time.AfterFunc(grace, p.Kill)
}

func (p *Process) signal(signal syscall.Signal) {
	if p.Alive() { // otherwise its id may belong to another process
		signalGroup(p.cmd.Process, signal)
	}
}

// lineWriter forwards whole lines with a prefix.
type lineWriter struct {
	mu     sync.Mutex
	out    io.Writer
	prefix string
	rest   []byte
}

// maxLine bounds a line, in bytes: longer ones are split.
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
	_, _ = io.WriteString(w.out, w.prefix+string(w.rest)+"\n") // a failure cannot be logged
	w.rest = w.rest[:0]
}

func (w *lineWriter) flush() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.rest) > 0 {
		w.line()
	}
}
