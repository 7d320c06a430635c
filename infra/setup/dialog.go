package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
)

// dialog talks to a person.
type dialog struct {
	in  *bufio.Reader
	out io.Writer
	// hidden reads a line that is not shown; nil where nothing can be hidden.
	hidden func() (string, error)
}

func newDialog(in io.Reader, out io.Writer) dialog {
	return dialog{in: bufio.NewReader(in), out: out}
}

func (d dialog) say(format string, args ...any) { fmt.Fprintf(d.out, format+"\n", args...) }

// ask asks until the answer is good. An empty answer takes the proposed one.
func (d dialog) ask(q question, proposed string) (string, error) {
	d.say("\n%s\n  %s", q.text, q.help)
	for {
		fmt.Fprintf(d.out, "  [%s]: ", proposed)
		answer, err := d.line()
		if err != nil {
			return "", err
		}
		switch answer {
		case "":
			answer = proposed
		case "-":
			answer = ""
		}
		err = q.check(answer)
		if err == nil {
			return answer, nil
		}
		d.say("  %v", err)
	}
}

// askSecret asks for what must not be shown.
func (d dialog) askSecret(text, help string) (string, error) {
	fmt.Fprintf(d.out, "\n%s\n  %s\n  (not shown; empty for later): ", text, help)
	if d.hidden != nil {
		answer, err := d.hidden()
		return strings.TrimSpace(answer), err
	}
	return d.line()
}

func (d dialog) line() (string, error) {
	text, err := d.in.ReadString('\n')
	if errors.Is(err, io.EOF) && text != "" {
		err = nil
	}
	if errors.Is(err, io.EOF) {
		err = errors.New("there are no more answers: use -batch to ask nothing")
	}
	return strings.TrimSpace(text), err
}
