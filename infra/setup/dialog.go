package setup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"signpost/infra/stage"
)

// ask asks until the answer is valid. An empty answer accepts the proposed one, "-"
// means no value.
func (s *session) ask(ctx context.Context, q question, proposed string) (string, error) {
	s.say("\n%s\n  %s", q.text, q.help)
	for {
		fmt.Fprintf(s.io.Err, "  [%s]: ", proposed)
		answer, err := s.io.Line(ctx)
		if err != nil {
			return "", s.resumable(err)
		}
		switch answer = strings.TrimSpace(answer); answer {
		case "":
			answer = proposed
		case "-":
			answer = ""
		}
		if err = q.validate(answer); err == nil {
			return answer, nil
		}
		s.say("  %v", err)
	}
}

func (s *session) askClientSecret(ctx context.Context) (string, error) {
	s.say("\nOAuth client secret\n  Control Hub shows it beside the client id. It is stored in Secrets Manager only.")
	fmt.Fprint(s.io.Err, "  (hidden; leave it empty to enter it later): ")
	answer, err := s.io.Hidden(ctx)
	return strings.TrimSpace(answer), s.resumable(err)
}

func (s *session) say(format string, args ...any) { fmt.Fprintf(s.io.Err, format+"\n", args...) }

// resumable returns err, and if it is not nil prints how to resume the dialog.
func (s *session) resumable(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, io.EOF) {
		err = errors.New("there are no more answers: use --batch to ask nothing")
	}
	if _, saved, _ := stage.Read(s.ConfigDir, s.Stage); saved {
		s.say("\nThe answers so far are kept: %s resumes here.", s.command("setup"))
	}
	return err
}
