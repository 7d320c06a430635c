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

// logs writes the log and keeps the end of it.
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
	_, _ = fmt.Fprintf(l, format+"\n", args...) // a failure cannot be logged
}

// Logs returns what was logged so far; of a long log, the end.
func (s *Stack) Logs() string {
	s.logs.mu.Lock()
	defer s.logs.mu.Unlock()
	return string(s.logs.kept)
}

// LastLogs returns the last lines of the log.
func (s *Stack) LastLogs(count int) string {
	lines := strings.Split(strings.TrimRight(s.Logs(), "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-count):], "\n")
}
