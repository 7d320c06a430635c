// Package terminal is the input and output of all commands: streams, marks,
// tables, JSON, confirmations, progress, and the errors that decide the exit code.
package terminal

import (
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"golang.org/x/term"

	"signpost/infra/jsonfile"
)

// IO is where a command reads and prints. Results go to Out; questions,
// progress and errors go to Err, so that Out can be piped.
type IO struct {
	In       io.Reader
	Out, Err io.Writer
	// JSON selects JSON on Out, for programs: nothing else is printed there.
	JSON bool
	// Terminal reports whether Out is a terminal: only there marks are ✓ and ✗.
	Terminal bool
	// Colour reports whether Out may be coloured.
	Colour bool
	// Progress reports whether Err is a terminal that can show a progress bar.
	Progress bool
	// keyboard is In if that is a terminal, where typed text can be hidden.
	keyboard *os.File
}

// NewIO returns the IO for these streams and this environment.
// NO_COLOR (no-color.org) and TERM=dumb turn colours off.
func NewIO(in io.Reader, out, problems io.Writer, environ map[string]string) *IO {
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

// IsTerminal reports whether a stream is a terminal.
func IsTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// Print prints a value as indented JSON on Out.
func (s *IO) Print(value any) error {
	text, err := jsonfile.Encode(value)
	if err != nil {
		return err
	}
	_, err = s.Out.Write(text)
	return err
}

// Good prints one line of a result that is as it should be. Without a terminal the
// marks of Good, Bad and Note are the words ok, FAILED and note.
func (s *IO) Good(text string) { s.marked("32", "✓", "ok", text) }

// Bad prints one line about a problem.
func (s *IO) Bad(text string) { s.marked("31", "✗", "FAILED", text) }

// Note prints one line that is neither good nor bad.
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

// Table prints aligned columns, below a header unless it is empty.
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

// Plain replaces control characters, so that names chosen by customers cannot
// control the terminal.
func Plain(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' || r == 0x7f || (r >= 0x80 && r < 0xa0) || (r >= 0x202a && r <= 0x202e) || (r >= 0x2066 && r <= 0x2069) {
			return '�'
		}
		return r
	}, text)
}
