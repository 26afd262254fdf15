package main

import (
	"bytes"
	"errors"
	"fmt"
	"image/color"
	"os"
	"path/filepath"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

const preface = `# What a server holds under load

Written by ` + "`go run ./load -write`" + ` in the folder benchmarks; the documentation of the command says what runs.
Server and clients share the machine, and the clients call again as soon as they are answered:
latencies are those of a server that is never idle.

What a request leaves behind is the slope by requests done of a straight fit by these and by the
rate, since records come and go with the rate. The fit goes through means of 16 stretches of the
run after its first fifth, as samples that follow each other are not independent. A value is flat
when the slope and three of its standard errors are below the bound, and grows when the slope less
three of them is above it. What is neither is undecided, and fails like what grows. Records live
longer in the first tenth, so that the maps of the store have all their room before anything is
judged: that is the hill.

Only the server is watched: neither the memory of the Redis process nor the transport of this
project, which the clients do not use, to leave the server more of the machine.

`

// ownFolder is that of this command.
func ownFolder() (string, error) {
	for _, folder := range []string{"load", "benchmarks/load"} {
		if _, err := os.Stat(folder); err == nil {
			return folder, nil
		}
	}
	return "", errors.New("-write works in the folder benchmarks, and in the root above it")
}

// writeFiles writes RESULTS.md and the plot.
func (r *result) writeFiles(folder string) error {
	var page bytes.Buffer
	fmt.Fprintf(&page, "%s%s, %s.\n\n", preface, r.Date, r.Machine)
	if err := r.writeText(&page); err != nil {
		return err
	}
	fmt.Fprintf(&page, "\n![heap and goroutines over requests done](load.svg)\n")
	svg, err := r.plot()
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join(folder, "load.svg"), svg, 0o644),
		os.WriteFile(filepath.Join(folder, "RESULTS.md"), page.Bytes(), 0o644),
	)
}

// The plot brings its own ground, so that it can be read on a light page and on a dark one.
var (
	ground = color.RGBA{0xfb, 0xfb, 0xf8, 0xff}
	ink    = color.RGBA{0x2b, 0x2b, 0x2b, 0xff}
	faint  = color.RGBA{0xdd, 0xdd, 0xd8, 0xff}
	line   = color.RGBA{0x00, 0x72, 0xb2, 0xff}
	pale   = color.RGBA{0x9c, 0xc4, 0xdd, 0xff}
)

func init() {
	plot.DefaultFont = font.Font{Typeface: "Liberation", Variant: "Sans"}
	plotter.DefaultFont = plot.DefaultFont
}

// plot draws heap and goroutines over requests, one above the other: samples as a faint line,
// and what is judged as points.
func (r *result) plot() ([]byte, error) {
	heap, err := r.panel("heap after a collection, MiB", r.Heap, 1<<20, func(s sample) float64 { return float64(s.Live) })
	if err != nil {
		return nil, err
	}
	goroutines, err := r.panel("goroutines", r.Goroutines, 1, func(s sample) float64 { return float64(s.Goroutines) })
	if err != nil {
		return nil, err
	}
	goroutines.X.Label.Text = "millions of requests; line: samples, points: means of stretches, less what follows the rate"
	panels := [][]*plot.Plot{{heap}, {goroutines}}
	canvas := vgsvg.NewWith(vgsvg.UseWH(20*vg.Centimeter, 11*vg.Centimeter))
	all := draw.New(canvas)
	all.SetColor(ground)
	all.Fill(all.Path())
	tiles := draw.Tiles{
		Rows: len(panels), Cols: 1, PadY: 4 * vg.Millimeter,
		PadTop: 4 * vg.Millimeter, PadBottom: 4 * vg.Millimeter, PadLeft: 4 * vg.Millimeter, PadRight: 8 * vg.Millimeter,
	}
	for i, row := range plot.Align(panels, tiles, all) {
		panels[i][0].Draw(row[0])
	}
	var svg bytes.Buffer
	_, err = canvas.WriteTo(&svg)
	return bytes.ReplaceAll(svg.Bytes(), []byte("font-family:Liberation Sans"), []byte("font-family:Liberation Sans,Arimo,Arial,Helvetica,sans-serif")), err
}

// panel draws one value from zero up, because how much of all of it changes is the question.
func (r *result) panel(title string, g growth, unit float64, value func(sample) float64) (*plot.Plot, error) {
	samples, judged := make(plotter.XYs, len(r.Samples)), make(plotter.XYs, len(g.level))
	for i, s := range r.Samples {
		samples[i] = plotter.XY{X: float64(s.Done) / 1e6, Y: value(s) / unit}
	}
	for i, level := range g.level {
		judged[i] = plotter.XY{X: r.course.done[i] / 1e6, Y: level / unit}
	}
	curve, err := plotter.NewLine(samples)
	if err != nil {
		return nil, err
	}
	points, err := plotter.NewScatter(judged)
	if err != nil {
		return nil, err
	}
	curve.Color, curve.Width = pale, vg.Points(1.2)
	points.GlyphStyle = draw.GlyphStyle{Color: line, Radius: vg.Points(3), Shape: draw.CircleGlyph{}}
	p := plot.New()
	p.BackgroundColor = ground
	p.Title.Text, p.Title.TextStyle.Color = title, ink
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Color, a.Tick.Color, a.Label.TextStyle.Color, a.Tick.Label.Color = ink, ink, ink, ink
	}
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = faint, faint
	p.Add(grid, curve, points)
	p.X.Min, p.Y.Min, p.Y.Max = 0, 0, p.Y.Max*1.1
	return p, nil
}
