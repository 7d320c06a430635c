package terminal

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"

	"golang.org/x/term"
)

// Line reads one line of In, without its line end. It returns io.EOF at the end
// of In, and the context's error if the context ends first: Ctrl-C interrupts a
// question.
func (s *IO) Line(ctx context.Context) (string, error) {
	reader, ok := s.In.(*bufio.Reader) // kept, since it may have read ahead
	if !ok {
		reader = bufio.NewReader(s.In)
		s.In = reader
	}
	text, err := readUntil(ctx, func() (string, error) { return reader.ReadString('\n') })
	if err == io.EOF && text != "" {
		err = nil
	}
	return strings.TrimRight(text, "\r\n"), err
}

// All reads In to its end, at most 1 MiB, or returns the context's error if the
// context ends first.
func (s *IO) All(ctx context.Context) (string, error) {
	return readUntil(ctx, func() (string, error) {
		text, err := io.ReadAll(io.LimitReader(s.In, 1<<20))
		return string(text), err
	})
}

// Hidden reads a line like Line, without echoing what is typed on a terminal. It
// restores the terminal, also when the context ends.
func (s *IO) Hidden(ctx context.Context) (string, error) {
	if s.keyboard == nil {
		return s.Line(ctx)
	}
	terminal := int(s.keyboard.Fd())
	before, err := term.GetState(terminal)
	if err != nil {
		return "", err
	}
	text, err := readUntil(ctx, func() (string, error) {
		text, err := term.ReadPassword(terminal)
		return string(text), err
	})
	fmt.Fprintln(s.Err)
	if restoreErr := term.Restore(terminal, before); err == nil {
		err = restoreErr
	}
	return text, err
}

// readUntil waits for read or for the end of the context. It reads in the background,
// since a read of a terminal cannot be interrupted.
func readUntil(ctx context.Context, read func() (string, error)) (string, error) {
	type result struct {
		text string
		err  error
	}
	results := make(chan result, 1)
	go func() {
		text, err := read()
		results <- result{text, err}
	}()
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case result := <-results:
		return result.text, result.err
	}
}

// Confirm asks for a word, such as a stack's name, before a change that cannot be
// undone. Any other answer is a [UsageError].
func (s *IO) Confirm(ctx context.Context, what, word string) error {
	fmt.Fprintf(s.Err, "%s\nType %s to continue: ", Plain(what), Plain(word))
	answer, err := s.Line(ctx)
	if err != nil {
		fmt.Fprintln(s.Err)
	}
	if err != nil && err != io.EOF {
		return err
	}
	if strings.TrimSpace(answer) != word {
		return Usagef("not confirmed: nothing was changed")
	}
	return nil
}
