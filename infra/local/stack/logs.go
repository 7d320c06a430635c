package stack

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"
)

// keptLog bounds how much of the log is kept in memory.
const keptLog = 16 << 20

// logs passes on the log and keeps its end.
type logs struct {
	mu   sync.Mutex
	out  io.Writer
	kept []byte
}

func newLogs(out io.Writer) *logs {
	if out == nil {
		out = io.Discard
	}
	return &logs{out: out}
}

// Write implements io.Writer. Each call is one or more whole lines.
func (l *logs) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.kept = append(l.kept, b...)
	if excess := len(l.kept) - keptLog; excess > keptLog/4 {
		l.kept = bytes.Clone(l.kept[excess:])
	}
	return l.out.Write(b)
}

func (l *logs) printf(format string, args ...any) {
	_, _ = fmt.Fprintf(l, format+"\n", args...) // nowhere to report it
}

func (l *logs) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.kept)
}

// tail is the last lines of the log.
func (l *logs) tail(count int) string {
	lines := strings.Split(strings.TrimRight(l.text(), "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-count):], "\n")
}
