package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"
)

// errFound says by the exit code that something is not as it should be; what,
// has been printed.
var errFound = errors.New("found something")

// screen prints for people, or JSON for programs.
type screen struct {
	out    io.Writer
	json   bool
	colour bool
}

// wantsColour is true on a terminal, unless NO_COLOR says otherwise.
func wantsColour(out io.Writer) bool {
	file, ok := out.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func (s screen) print(value any) error {
	encoder := json.NewEncoder(s.out)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(value)
}

func (s screen) painted(code, text string) string {
	if !s.colour {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (s screen) good(text string)  { fmt.Fprintln(s.out, s.painted("32", "✓"), plain(text)) }
func (s screen) bad(text string)   { fmt.Fprintln(s.out, s.painted("31", "✗"), plain(text)) }
func (s screen) faint(text string) { fmt.Fprintln(s.out, s.painted("2", "–"), plain(text)) }
func (s screen) blank()            { fmt.Fprintln(s.out) }
func (s screen) title(text string) { fmt.Fprintln(s.out, s.painted("1", plain(text))) }

// plain keeps what customers named themselves from steering the terminal.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' || r == 0x7f || (r >= 0x80 && r < 0xa0) || (r >= 0x202a && r <= 0x202e) || (r >= 0x2066 && r <= 0x2069) {
			return '�'
		}
		return r
	}, text)
}

// rows prints aligned columns.
func (s screen) rows(header []string, n int, row func(i int) []string) {
	writer := tabwriter.NewWriter(s.out, 0, 4, 2, ' ', 0)
	if len(header) > 0 {
		fmt.Fprintln(writer, strings.Join(header, "\t"))
	}
	for i := range n {
		cells := row(i)
		for c := range cells {
			cells[c] = strings.ReplaceAll(plain(cells[c]), "\t", " ")
		}
		fmt.Fprintln(writer, strings.Join(cells, "\t"))
	}
	writer.Flush()
}

func (s screen) table3(a, b, c string, n int, row func(i int) (string, string, string)) {
	s.rows([]string{a, b, c}, n, func(i int) []string {
		x, y, z := row(i)
		return []string{x, y, z}
	})
}

// when writes a time by its distance, "-" for none.
func when(t, now time.Time) string {
	if t.IsZero() {
		return "-"
	}
	distance := t.Sub(now).Round(time.Second)
	if distance == 0 {
		return "just now"
	}
	if distance < 0 {
		return (-distance).String() + " ago"
	}
	return "in " + distance.String()
}

// stamp is RFC 3339 for programs, "" for no time.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
