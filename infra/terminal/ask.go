package terminal

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"

	"golang.org/x/term"
)

// Line reads one line of In, without its end. It returns io.EOF if there is
// none, and the context's error if that ends first: Ctrl-C ends a question.
func (s *IO) Line(ctx context.Context) (string, error) {
	reader, ok := s.In.(*bufio.Reader) // kept, since it may have read ahead
	if !ok {
		reader = bufio.NewReader(s.In)
		s.In = reader
	}
	text, err := until(ctx, func() (string, error) { return reader.ReadString('\n') })
	if err == io.EOF && text != "" {
		err = nil
	}
	return strings.TrimRight(text, "\r\n"), err
}

// mostRead bounds what All reads, in bytes.
const mostRead = 1 << 20

// All reads all of In, up to 1 MB, or returns the context's error if that ends
// first.
func (s *IO) All(ctx context.Context) (string, error) {
	return until(ctx, func() (string, error) {
		text, err := io.ReadAll(io.LimitReader(s.In, mostRead))
		return string(text), err
	})
}

// Hidden reads a line like Line, without showing what is typed on a terminal. It
// leaves the terminal as it was, also when the context ends.
func (s *IO) Hidden(ctx context.Context) (string, error) {
	if s.keyboard == nil {
		return s.Line(ctx)
	}
	terminal := int(s.keyboard.Fd())
	before, err := term.GetState(terminal)
	if err != nil {
		return "", err
	}
	text, err := until(ctx, func() (string, error) {
		text, err := term.ReadPassword(terminal)
		return string(text), err
	})
	fmt.Fprintln(s.Err)
	if restoreErr := term.Restore(terminal, before); err == nil {
		err = restoreErr
	}
	return text, err
}

// until reads in the background, since a read of a terminal cannot be
// interrupted, and waits for it or for the context.
func until(ctx context.Context, read func() (string, error)) (string, error) {
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

// Confirm asks for a word, such as a stack's name, before something that cannot
// be undone. Any other answer is a UsageError.
func (s *IO) Confirm(ctx context.Context, what, word string) error {
	fmt.Fprintf(s.Err, "%s\nType %s to go on: ", Plain(what), Plain(word))
	answer, err := s.Line(ctx)
	if err != nil && err != io.EOF {
		fmt.Fprintln(s.Err)
		return err
	}
	if strings.TrimSpace(answer) != word {
		return Usagef("not confirmed: nothing was changed (--yes confirms in a script)")
	}
	return nil
}
