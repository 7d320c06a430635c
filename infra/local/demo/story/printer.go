package story

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// printer prints the story. It records the first error, after which it checks and
// prints nothing more, so that steps need not handle errors line by line.
type printer struct {
	out   io.Writer
	color bool
	err   error
}

// The colours of a terminal.
const (
	bold  = "1"
	dim   = "2"
	red   = "31"
	green = "32"
)

func (p *printer) paint(color, text string) string {
	if !p.color {
		return text
	}
	return "\x1b[" + color + "m" + text + "\x1b[0m"
}

func (p *printer) printf(format string, args ...any) {
	_, _ = fmt.Fprintf(p.out, format+"\n", args...) // nowhere to report it
}

func (p *printer) begin(number int, title string) {
	p.printf("%s", p.paint(bold, fmt.Sprintf("%2d  %s", number, title)))
}

// label aligns the texts after labels.
func label(text string) string { return fmt.Sprintf("%-14s", text) }

type mismatchError struct{ label, want, saw string }

// Error implements error.
func (e mismatchError) Error() string {
	return fmt.Sprintf("%s: expected %s, saw %s", e.label, e.want, e.saw)
}

// record keeps err if it is the first error; nil is none.
func (p *printer) record(err error) {
	if p.err == nil {
		p.err = err
	}
}

func (p *printer) expect(name, want, saw string) {
	if saw != want {
		p.record(mismatchError{name, want, saw})
	}
}

// show prints a passed check.
func (p *printer) show(name, saw string) {
	if p.err == nil {
		p.printf("    %s %s%s", p.paint(green, "✓"), p.paint(dim, label(name)), wrap(brief(saw)))
	}
}

// check is expect, then show.
func (p *printer) check(name, want, saw string) {
	p.expect(name, want, saw)
	p.show(name, saw)
}

func (p *printer) printFailure() {
	mismatch, is := errors.AsType[mismatchError](p.err)
	if !is {
		p.printf("    %s %s", p.paint(red, "✗"), p.err)
		return
	}
	want, saw := brief(mismatch.want), brief(mismatch.saw)
	if want == saw { // they differ in what was cut
		want, saw = mismatch.want, mismatch.saw
	}
	p.printf("    %s %sexpected  %s", p.paint(red, "✗"), label(mismatch.label), want)
	p.printf("      %ssaw       %s", label(""), saw)
}

var longParameter = regexp.MustCompile(`([?&][A-Za-z_]+=)([^&\s]{8})[^&\s]{9,}`)

// brief cuts the long parameters of addresses: ids of devices, and the codes of
// launches, which are credentials.
func brief(text string) string { return longParameter.ReplaceAllString(text, "${1}${2}…") }

const width = 100

// wrap breaks a long address between two of its parameters.
func wrap(text string) string {
	if len(text) <= width {
		return text
	}
	at := strings.LastIndexByte(text[:width], '&')
	if at < 0 {
		return text
	}
	return text[:at] + "\n      " + label("") + wrap(text[at:])
}

// canonical encodes a value as JSON with sorted keys, for comparison.
func canonical(value any) string {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return err.Error()
	}
	return string(bytes.TrimSpace(text.Bytes()))
}
