package terminal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

func TestHostileNamesDoNotControlTheTerminal(t *testing.T) {
	if got := Plain("a\x1b[31mb\u202ec\r\td"); strings.ContainsAny(got, "\x1b\r\t\u202e") {
		t.Errorf("got %q", got)
	}
	if got := Plain("Zürich 🏢"); got != "Zürich 🏢" {
		t.Errorf("got %q", got)
	}
}

func TestMarksAndProgressOnlyOnATerminal(t *testing.T) {
	var out, problems bytes.Buffer
	s := NewIO(strings.NewReader(""), &out, &problems, nil)
	s.Good("one")
	s.Bad("two")
	s.Bar("work", 2).Step()
	if got := out.String() + problems.String(); got != "ok     one\nFAILED two\n" {
		t.Errorf("got %q", got)
	}
	out.Reset()
	s.Terminal, s.Colour, s.Progress = true, true, true
	s.Good("one")
	bar := s.Bar("work", 2)
	bar.Step()
	bar.End()
	if got := out.String(); got != "\x1b[32m✓\x1b[0m one\n" {
		t.Errorf("got %q", got)
	}
	if !strings.Contains(problems.String(), "1 of 2") || !strings.HasSuffix(problems.String(), "\r\x1b[K") {
		t.Errorf("drawn was %q", problems.String())
	}
}

// TestLinesAndInterruption: a question ends with its context, even without an
// answer.
func TestLinesAndInterruption(t *testing.T) {
	s := &IO{In: strings.NewReader("one\r\ntwo")}
	for _, want := range []string{"one", "two"} {
		if got, err := s.Line(t.Context()); got != want || err != nil {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	}
	if _, err := s.Line(t.Context()); err != io.EOF {
		t.Errorf("after the last line: %v", err)
	}
	silent, _ := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := (&IO{In: silent, Err: io.Discard}).Confirm(ctx, "Remove it?", "it"); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
}

func TestExitCodes(t *testing.T) {
	for want, err := range map[int]error{
		ExitOK:       nil,
		ExitFailed:   Fixable(errors.New("x"), "y"),
		ExitUsage:    fmt.Errorf("x: %w", Usagef("y")),
		ExitFindings: ErrFindings,
	} {
		if got := ExitCode(err); got != want {
			t.Errorf("%v: %d, want %d", err, got, want)
		}
	}
}
