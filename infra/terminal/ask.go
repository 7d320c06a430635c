package terminal

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"
)

// Line reads one line of In, without its end. It returns io.EOF if there is
// none, and the context's error if that ends first: Ctrl-C ends a question.
func (s *IO) Line(ctx context.Context) (string, error) {
	type answer struct {
		text string
		err  error
	}
	answers := make(chan answer, 1)
	reader, ok := s.In.(*bufio.Reader) // kept, since it may have read ahead
	if !ok {
		reader = bufio.NewReader(s.In)
		s.In = reader
	}
	go func() {
		text, err := reader.ReadString('\n')
		if err == io.EOF && text != "" {
			err = nil
		}
		answers <- answer{strings.TrimRight(text, "\r\n"), err}
	}()
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case answer := <-answers:
		return answer.text, answer.err
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
