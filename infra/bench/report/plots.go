package report

import (
	"fmt"
	"os"
	"path/filepath"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
)

// The files that Save writes.
const (
	TableFile = "results.md"
	ColdFile  = "cold-start.svg"
	ScaleFile = "rate-and-memory.svg"
)

// Save writes the table and the plots into folder.
func (r *Report) Save(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, TableFile), []byte(r.Markdown()), 0o644); err != nil {
		return err
	}
	if err := r.plotCold(filepath.Join(folder, ColdFile)); err != nil {
		return fmt.Errorf("plot cold starts: %w", err)
	}
	if err := r.plotScale(folder); err != nil {
		return fmt.Errorf("plot rate and memory: %w", err)
	}
	return nil
}

func (r *Report) plotCold(file string) error {
	p := plot.New()
	p.Title.Text = "Cold start: spawn to the first request for work"
	p.Y.Label.Text = "ms, median"
	p.Y.Min = 0
	values, names := make(plotter.Values, len(r.Cold)), make([]string, len(r.Cold))
	for i, bar := range r.Cold {
		values[i], names[i] = bar.Milliseconds, fmt.Sprintf("%s\n%.1f", bar.Name, bar.Milliseconds)
	}
	bars, err := plotter.NewBarChart(values, vg.Points(44))
	if err != nil {
		return err
	}
	bars.Color, bars.LineStyle.Width = plotutil.Color(2), 0
	p.Add(plotter.NewGrid(), bars)
	p.NominalX(names...)
	return p.Save(vg.Points(float64(90*len(r.Cold)+80)), vg.Points(320), file)
}
