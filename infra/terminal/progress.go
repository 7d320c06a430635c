package terminal

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// slow is how long a wait lasts before the user is told about it.
const slow = 2 * time.Second

// Waiting prints on Err what the command is waiting for if that takes longer than
// two seconds. The caller must call done at the end of the wait.
func (s *IO) Waiting(what string) (done func()) {
	if s.JSON {
		return func() {}
	}
	began := time.Now()
	timer := time.AfterFunc(slow, func() { fmt.Fprintf(s.Err, "… %s\n", what) })
	return func() {
		if !timer.Stop() {
			fmt.Fprintf(s.Err, "… %s took %s\n", what, time.Since(began).Round(100*time.Millisecond))
		}
	}
}

// barWidth is the width of a progress bar, in characters.
const barWidth = 30

// Bar is a progress bar on Err. It is drawn only if Err is a terminal.
type Bar struct {
	io    *IO
	what  string
	total int

	mu   sync.Mutex
	done int
}

// Bar returns a progress bar for total steps.
func (s *IO) Bar(what string, total int) *Bar {
	b := &Bar{io: s, what: what, total: max(total, 1)}
	b.draw()
	return b
}

// Step counts one step.
func (b *Bar) Step() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.done++
	b.draw()
}

// End removes the bar.
func (b *Bar) End() {
	if b.io.Progress {
		fmt.Fprint(b.io.Err, "\r\x1b[K")
	}
}

func (b *Bar) draw() {
	if !b.io.Progress {
		return
	}
	full := min(barWidth, barWidth*b.done/b.total)
	fmt.Fprintf(b.io.Err, "\r\x1b[K%s [%s%s] %d of %d", b.what, strings.Repeat("█", full), strings.Repeat("·", barWidth-full), b.done, b.total)
}
