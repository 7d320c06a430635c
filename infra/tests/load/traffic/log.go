package traffic

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Log reads the stack's log as it is written; it is for stack.Options.Out. It
// counts verifications and keeps the errors.
type Log struct {
	mu       sync.Mutex
	verified Verified
	failures []string
}

// Verified sums the reports of verifyconfigs.
type Verified struct{ Runs, Verified, Pushed, Deleted, Failed, Left int }

// Write implements io.Writer. Each call is one or more whole lines.
func (l *Log) Write(lines []byte) (int, error) {
	for line := range strings.Lines(string(lines)) {
		l.read(strings.TrimSpace(line))
	}
	return len(lines), nil
}

func (l *Log) read(line string) {
	_, text, _ := strings.Cut(line, " | ")
	var entry struct {
		Level, Msg string
		Verified
	}
	structured := json.Unmarshal([]byte(text), &entry) == nil
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case structured && entry.Msg == "verified" && entry.Level == "INFO":
		l.verified.Runs++
		l.verified.Verified += entry.Verified.Verified
		l.verified.Pushed += entry.Pushed
		l.verified.Deleted += entry.Deleted
		l.verified.Failed += entry.Failed
		l.verified.Left += entry.Left
	case structured && entry.Level == "ERROR",
		!structured && (strings.HasPrefix(text, "failed: ") || strings.HasPrefix(text, "not called: ") || strings.HasPrefix(text, "panic: ")):
		l.failures = append(l.failures, line)
	}
}

func (l *Log) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.verified, l.failures = Verified{}, nil
}

func (l *Log) sum() Verified {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.verified
}

// errors are the lines that report an error. A failed verification is one even
// if the log blames Webex: here Webex has no faults.
func (l *Log) errors() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	lines := l.failures
	if l.verified.Failed > 0 {
		lines = append(lines, fmt.Sprintf("%d verifications failed", l.verified.Failed))
	}
	return lines
}

// Late reports whether a function gave up waiting for DynamoDB.
func (l *Log) Late() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.ContainsFunc(l.failures, func(line string) bool {
		return strings.Contains(line, "DynamoDB") && (strings.Contains(line, "deadline exceeded") || strings.Contains(line, "timeout"))
	})
}

// countProcesses counts the processes of functions every second until ctx is
// done, and then sends the highest count; 0 if the system does not tell.
func countProcesses(ctx context.Context) <-chan int {
	most := make(chan int, 1)
	go func() {
		ticker := time.NewTicker(time.Second)
		defer ticker.Stop()
		highest := 0
		for {
			select {
			case <-ctx.Done():
				most <- highest
				return
			case <-ticker.C:
				highest = max(highest, functionProcesses(ctx))
			}
		}
	}()
	return most
}

// functionProcesses counts this process's children, but for the emulator and
// the command that lists them.
func functionProcesses(ctx context.Context) int {
	listed, err := exec.CommandContext(ctx, "ps", "-A", "-o", "ppid=,comm=").Output()
	if err != nil {
		return 0
	}
	count := 0
	for line := range strings.Lines(string(listed)) {
		parent, command, _ := strings.Cut(strings.TrimSpace(line), " ")
		name := path.Base(strings.TrimSpace(command))
		if parent == strconv.Itoa(os.Getpid()) && name != "ps" && !strings.HasPrefix(name, "dynoxide") {
			count++
		}
	}
	return count
}
