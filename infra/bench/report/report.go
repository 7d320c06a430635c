// Package report formats the benchmark's results: a table for the terminal and in
// Markdown, and plots.
package report

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// Row is one row of the table: a figure and its target.
type Row struct {
	What   string
	Target string
	Figure string
	// Met is whether the target was reached.
	Met bool
	// Notes say how it was measured, and what limits it if the target was missed.
	Notes []string
}

func (r Row) verdict() string {
	if r.Met {
		return "met"
	}
	return "missed"
}

// Bar is one bar of the plot of cold starts.
type Bar struct {
	Name         string
	Milliseconds float64
}

// Point is one run of the verification.
type Point struct {
	Installations int
	PerSecond     float64
	PeakMiB       float64
}

// Report holds the results of one run of the benchmark.
type Report struct {
	Machine Machine
	Rows    []Row
	Cold    []Bar
	Scale   []Point
}

// Add appends rows to the table.
func (r *Report) Add(rows ...Row) { r.Rows = append(r.Rows, rows...) }

// Missed counts the targets that were not reached.
func (r *Report) Missed() int {
	missed := 0
	for _, row := range r.Rows {
		if !row.Met {
			missed++
		}
	}
	return missed
}

// Print writes the table for a terminal.
func (r *Report) Print(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "WHAT\tTARGET\tFIGURE\tVERDICT")
	for _, row := range r.Rows {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", row.What, row.Target, row.Figure, row.verdict())
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n%s\n%d of %d targets met.\n", r.Machine, len(r.Rows)-r.Missed(), len(r.Rows))
	return err
}

// PrintNotes writes the notes of each row.
func (r *Report) PrintNotes(w io.Writer) {
	for _, row := range r.Rows {
		fmt.Fprintf(w, "\n%s: %s\n", row.What, strings.Join(row.Notes, " "))
	}
}

// Markdown returns the table with its notes below.
func (r *Report) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "<!-- Written by `make bench`. -->\n\n%s\n\n", r.Machine)
	b.WriteString("| what | target | figure | verdict |\n| --- | --- | --- | --- |\n")
	for _, row := range r.Rows {
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", cell(row.What), cell(row.Target), cell(row.Figure), row.verdict())
	}
	b.WriteString("\nHow each was measured:\n\n")
	for _, row := range r.Rows {
		if len(row.Notes) > 0 {
			fmt.Fprintf(&b, "- **%s**: %s\n", row.What, strings.Join(row.Notes, " "))
		}
	}
	return b.String()
}

func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }
