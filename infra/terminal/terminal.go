// Package terminal is what all commands read from and print with: streams,
// marks, tables, JSON, confirmations, progress, and the errors that decide the
// exit code. It knows no command. This file holds the streams and how text and
// tables are printed; errors.go, ask.go and progress.go hold the rest.
package terminal

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"golang.org/x/term"
)

// IO is where a command reads and prints. Results go to Out; questions,
// progress and errors go to Err, so that Out can be piped.
type IO struct {
	In       io.Reader
	Out, Err io.Writer
	// JSON asks for JSON on Out, for programs: nothing else is printed there.
	JSON bool
	// Terminal is whether Out is a terminal: only there marks are ✓ and ✗.
	Terminal bool
	// Colour is whether Out may be coloured.
	Colour bool
	// Progress is whether Err is a terminal, where a progress bar can be drawn.
	Progress bool
	// keyboard is In if that is a terminal, where typed text can be hidden.
	keyboard *os.File
}

// Of returns the IO of a process with these streams and this environment.
// NO_COLOR (no-color.org) and TERM=dumb turn colours off.
func Of(in io.Reader, out, problems io.Writer, environ map[string]string) *IO {
	terminal := IsTerminal(out)
	dumb := environ["TERM"] == "dumb"
	keyboard, ok := in.(*os.File)
	if !ok || !IsTerminal(in) {
		keyboard = nil
	}
	return &IO{
		keyboard: keyboard,
		In:       in, Out: out, Err: problems, Terminal: terminal,
		Colour:   terminal && environ["NO_COLOR"] == "" && !dumb,
		Progress: IsTerminal(problems) && !dumb,
	}
}

// IsTerminal is whether a stream is a terminal.
func IsTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// Print prints a value as indented JSON on Out.
func (s *IO) Print(value any) error {
	encoder := json.NewEncoder(s.Out)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(value)
}

// Good, Bad and Note print one line of a result with its mark. Away from a
// terminal the marks are the words ok, FAILED and note.
func (s *IO) Good(text string) { s.marked("32", "✓", "ok", text) }

// Bad is a line about something that is not well.
func (s *IO) Bad(text string) { s.marked("31", "✗", "FAILED", text) }

// Note is a line that judges nothing.
func (s *IO) Note(text string) { s.marked("2", "–", "note", text) }

func (s *IO) marked(colour, mark, word, text string) {
	if s.Terminal {
		fmt.Fprintln(s.Out, s.painted(colour, mark), Plain(text))
		return
	}
	fmt.Fprintf(s.Out, "%-6s %s\n", word, Plain(text))
}

// Title prints a heading.
func (s *IO) Title(text string) { fmt.Fprintln(s.Out, s.painted("1", Plain(text))) }

// Blank prints an empty line.
func (s *IO) Blank() { fmt.Fprintln(s.Out) }

func (s *IO) painted(code, text string) string {
	if !s.Colour {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// Table prints aligned columns, below a header if there is one.
func (s *IO) Table(header []string, rows [][]string) {
	writer := tabwriter.NewWriter(s.Out, 0, 4, 2, ' ', 0)
	if len(header) > 0 {
		fmt.Fprintln(writer, strings.Join(header, "\t"))
	}
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = strings.NewReplacer("\t", " ", "\n", " ").Replace(Plain(cell))
		}
		fmt.Fprintln(writer, strings.Join(cells, "\t"))
	}
	writer.Flush()
}

// Plain replaces control characters, so that names which customers chose cannot
// steer the terminal.
func Plain(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' || r == 0x7f || (r >= 0x80 && r < 0xa0) || (r >= 0x202a && r <= 0x202e) || (r >= 0x2066 && r <= 0x2069) {
			return '�'
		}
		return r
	}, text)
}
