package story

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// telling is what is printed.
type telling struct {
	out   io.Writer
	color bool
}

func newTelling(out io.Writer, color bool) *telling {
	if out == nil {
		out = io.Discard
	}
	return &telling{out, color}
}

// The colours of a terminal.
const (
	bold  = "1"
	dim   = "2"
	red   = "31"
	green = "32"
)

func (t *telling) paint(color, text string) string {
	if !t.color {
		return text
	}
	return "\x1b[" + color + "m" + text + "\x1b[0m"
}

// printf prints a line. Nobody is left to hear of an error.
func (t *telling) printf(format string, args ...any) {
	_, _ = fmt.Fprintf(t.out, format+"\n", args...)
}

func (t *telling) begin(number int, title string) {
	t.printf("%s", t.paint(bold, fmt.Sprintf("%2d  %s", number, title)))
}

// labelWidth aligns what is said about each label.
const labelWidth = 14

func label(text string) string { return fmt.Sprintf("%-*s", labelWidth, text) }

// mismatchError says what was expected and what was seen.
type mismatchError struct{ label, want, saw string }

// Error implements error.
func (e mismatchError) Error() string {
	return fmt.Sprintf("%s: expected %s, saw %s", e.label, e.want, e.saw)
}

// expect is an error if what was seen is not what was wanted.
func expect(name, want, saw string) error {
	if saw != want {
		return mismatchError{name, want, saw}
	}
	return nil
}

// show prints what was seen, and was right.
func (t *telling) show(name, saw string) {
	t.printf("    %s %s%s", t.paint(green, "✓"), t.paint(dim, label(name)), wrap(brief(saw)))
}

// check prints what was seen if it is what was wanted, and is an error if not.
func (t *telling) check(name, want, saw string) error {
	if err := expect(name, want, saw); err != nil {
		return err
	}
	t.show(name, saw)
	return nil
}

// fail prints why a step failed.
func (t *telling) fail(err error) {
	mismatch, is := errors.AsType[mismatchError](err)
	if !is {
		t.printf("    %s %s", t.paint(red, "✗"), err)
		return
	}
	want, saw := brief(mismatch.want), brief(mismatch.saw)
	if want == saw { // they differ in what was cut
		want, saw = mismatch.want, mismatch.saw
	}
	t.printf("    %s %sexpected  %s", t.paint(red, "✗"), label(mismatch.label), want)
	t.printf("      %ssaw       %s", label(""), saw)
}

var longParameter = regexp.MustCompile(`([?&][A-Za-z_]+=)([^&\s]{8})[^&\s]{9,}`)

// brief cuts the long parameters of addresses: ids of devices, and the codes of
// launches, which are credentials.
func brief(text string) string { return longParameter.ReplaceAllString(text, "${1}${2}…") }

// width is how long a line's text may be.
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

// list is text for several things.
func list(items ...string) string { return strings.Join(items, ", ") }
