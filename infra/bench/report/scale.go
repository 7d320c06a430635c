package report

import (
	"fmt"
	"image/color"
	"io"
	"math"
	"os"
	"path/filepath"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// plotScale plots rate and memory, one above the other, against the number of
// installations.
func (r *Report) plotScale(folder string) error {
	rate, err := r.plotLine("Verification, no latency at Webex", "installations a second", plotutil.Color(1),
		func(p Point) float64 { return p.PerSecond })
	if err != nil {
		return err
	}
	memory, err := r.plotLine("Peak resident set of the function", "MiB", plotutil.Color(0),
		func(p Point) float64 { return p.PeakMiB })
	if err != nil {
		return err
	}
	memory.X.Label.Text = "installations due in one run"
	canvas := vgsvg.New(vg.Points(560), vg.Points(480))
	tiles := draw.Tiles{Rows: 2, Cols: 1, PadY: vg.Points(14)}
	whole := draw.New(canvas)
	rate.Draw(tiles.At(whole, 0, 0))
	memory.Draw(tiles.At(whole, 0, 1))
	return write(filepath.Join(folder, ScaleFile), canvas)
}

func (r *Report) plotLine(title, unit string, colour color.Color, of func(Point) float64) (*plot.Plot, error) {
	p := plot.New()
	p.Title.Text, p.Y.Label.Text = title, unit
	p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	points, most := make(plotter.XYs, len(r.Scale)), 0.0
	for i, point := range r.Scale {
		points[i].X, points[i].Y = float64(point.Installations), of(point)
		most = math.Max(most, points[i].Y)
	}
	line, dots, err := plotter.NewLinePoints(points)
	if err != nil {
		return nil, err
	}
	line.Color, line.Width, dots.Color, dots.Shape = colour, vg.Points(1.5), colour, draw.CircleGlyph{}
	p.Add(plotter.NewGrid(), line, dots)
	p.Y.Min, p.Y.Max = 0, most*1.15
	return p, nil
}

func write(file string, drawing io.WriterTo) (err error) {
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	defer func() {
		if closed := out.Close(); err == nil {
			err = closed
		}
	}()
	if _, err := drawing.WriteTo(out); err != nil {
		return fmt.Errorf("write %s: %w", file, err)
	}
	return nil
}
