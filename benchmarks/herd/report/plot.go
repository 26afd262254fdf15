package report

import (
	"bytes"
	"fmt"
	"image/color"
	"os"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/goaroundhq/goaround/benchmarks/herd/sim"
)

// Curve is an outcome to be plotted.
type Curve struct {
	Name    string
	Ours    bool
	Outcome sim.Outcome
}

// Frame is what all curves of a plot have in common.
type Frame struct {
	Title    string
	Outage   time.Duration
	Capacity float64 // per second
	Ideal    time.Duration
	Until    time.Duration // end of the axis of time
}

// The plots bring their own ground, so that they can be read on a light page and on a
// dark one. The colours of curves are those of Okabe and Ito, told apart by most people.
var (
	ground   = color.RGBA{0xfb, 0xfb, 0xf8, 0xff}
	ink      = color.RGBA{0x2b, 0x2b, 0x2b, 0xff}
	faint    = color.RGBA{0xdd, 0xdd, 0xd8, 0xff}
	away     = color.RGBA{0xf0, 0xe2, 0xdd, 0xff} // the outage
	limit    = color.RGBA{0xd5, 0x5e, 0x00, 0xff} // the capacity
	own      = color.RGBA{0x00, 0x72, 0xb2, 0xff}
	theirs   = color.RGBA{0x6b, 0x6b, 0x6b, 0xff}
	wheel    = []color.Color{own, color.RGBA{0x00, 0x9e, 0x73, 0xff}, color.RGBA{0xcc, 0x79, 0xa7, 0xff}, color.RGBA{0xe6, 0x9f, 0x00, 0xff}, color.RGBA{0x56, 0xb4, 0xe9, 0xff}, limit, theirs, color.RGBA{0x99, 0x44, 0x22, 0xff}}
	typeface = font.Font{Typeface: "Liberation", Variant: "Sans"}
)

const (
	width       = 20 * vg.Centimeter
	panelHeight = 3.1 * vg.Centimeter
	curveHeight = 11 * vg.Centimeter
	margin      = 8 * vg.Millimeter
)

// Arrivals plots what reached the server in each 100 ms, a panel for each curve, and
// the capacity as a line. The scale is logarithmic.
func Arrivals(path string, f Frame, curves []Curve) error {
	panels := make([][]*plot.Plot, len(curves))
	for i, c := range curves {
		p, err := arrivals(f, c)
		if err != nil {
			return err
		}
		if i == 0 {
			p.Title.Text = f.Title + ": arrivals per 100 ms, on a logarithmic scale (line: the capacity; shaded: the outage)\n\n" + p.Title.Text
		}
		if i == len(curves)-1 {
			p.X.Label.Text = "seconds"
		}
		panels[i] = []*plot.Plot{p}
	}
	return save(path, panels, panelHeight*vg.Length(len(curves))+1.6*vg.Centimeter)
}

// least is what no arrivals are on the logarithmic axis.
const leastArrivals = 0.7

func arrivals(f Frame, c Curve) (*plot.Plot, error) {
	p := paper()
	p.Title.Text = c.Name
	p.Title.TextStyle.Font.Size = 10
	p.X.Min, p.X.Max = 0, f.Until.Seconds()
	p.Y.Min, p.Y.Max = leastArrivals, 1000
	p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, decades{}
	shade, err := band(f, leastArrivals, 1000)
	if err != nil {
		return nil, err
	}
	bars, err := plotter.NewPolygon(outline(c.Outcome.Arrivals, f.Until))
	if err != nil {
		return nil, err
	}
	bars.Color, bars.Width = theirs, 0
	if c.Ours {
		bars.Color = own
	}
	capacity, err := plotter.NewLine(plotter.XYs{
		{X: 0, Y: f.Capacity * sim.Bin.Seconds()}, {X: f.Until.Seconds(), Y: f.Capacity * sim.Bin.Seconds()},
	})
	if err != nil {
		return nil, err
	}
	capacity.Color, capacity.Width = limit, vg.Points(1.2)
	p.Add(shade, bars, capacity)
	return p, nil
}

// outline goes around bars that stand on the axis.
func outline(bins []int, until time.Duration) plotter.XYs {
	xys := plotter.XYs{{X: 0, Y: leastArrivals}}
	last := min(len(bins), int(until/sim.Bin))
	for i, n := range bins[:last] {
		at := (time.Duration(i) * sim.Bin).Seconds()
		y := max(float64(n), leastArrivals)
		xys = append(xys, plotter.XY{X: at, Y: y}, plotter.XY{X: at + sim.Bin.Seconds(), Y: y})
	}
	return append(xys, plotter.XY{X: xys[len(xys)-1].X, Y: leastArrivals})
}

// Completions plots how many callers were served over time, and how many could have been.
func Completions(path string, f Frame, curves []Curve) error {
	p := paper()
	p.Title.Text = f.Title + ": callers served (shaded: the outage)"
	p.X.Label.Text, p.Y.Label.Text = "seconds", "callers"
	var most float64
	for i, c := range curves {
		line, err := plotter.NewLine(served(c.Outcome, f.Until))
		if err != nil {
			return err
		}
		line.Color, line.Width = wheel[i%len(wheel)], vg.Points(1.4)
		if c.Ours {
			line.Width = vg.Points(2.4)
		}
		if i >= len(wheel)/2 {
			line.Dashes = []vg.Length{vg.Points(5), vg.Points(2)}
		}
		p.Add(line)
		p.Legend.Add(c.Name, line)
		most = max(most, float64(c.Outcome.Callers))
	}
	shade, err := band(f, 0, most)
	if err != nil {
		return err
	}
	ideal, err := plotter.NewLine(plotter.XYs{
		{X: f.Outage.Seconds(), Y: 0}, {X: (f.Outage + f.Ideal).Seconds(), Y: most}, {X: f.Until.Seconds(), Y: most},
	})
	if err != nil {
		return err
	}
	ideal.Color, ideal.Dashes = ink, []vg.Length{vg.Points(2), vg.Points(2)}
	p.Add(shade, ideal)
	p.Legend.Add("ideal", ideal)
	// In the outage nobody is served, so there is room.
	p.Legend.Left, p.Legend.Top, p.Legend.XOffs, p.Legend.YOffs = true, true, vg.Points(6), -vg.Points(10)
	p.Legend.Padding = vg.Points(3)
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 0, f.Until.Seconds(), 0, most*1.02
	return save(path, [][]*plot.Plot{{p}}, curveHeight)
}

func served(o sim.Outcome, until time.Duration) plotter.XYs {
	xys := plotter.XYs{{}}
	sum := 0
	for i := range int(until / sim.Bin) {
		if i < len(o.Completions) {
			sum += o.Completions[i]
		}
		xys = append(xys, plotter.XY{X: (time.Duration(i+1) * sim.Bin).Seconds(), Y: float64(sum)})
	}
	return xys
}

// band shades the outage.
func band(f Frame, bottom, top float64) (*plotter.Polygon, error) {
	end := f.Outage.Seconds()
	p, err := plotter.NewPolygon(plotter.XYs{{X: 0, Y: bottom}, {X: end, Y: bottom}, {X: end, Y: top}, {X: 0, Y: top}})
	if err != nil {
		return nil, err
	}
	p.Color, p.Width = away, 0
	return p, nil
}

// decades marks 1, 10, 100 and 1000.
type decades struct{}

func (decades) Ticks(_, _ float64) []plot.Tick {
	var ticks []plot.Tick
	for v := 1.0; v <= 1000; v *= 10 {
		ticks = append(ticks, plot.Tick{Value: v, Label: fmt.Sprint(v)})
	}
	return ticks
}

func init() {
	plot.DefaultFont = typeface
	plotter.DefaultFont = typeface
}

// paper is an empty plot.
func paper() *plot.Plot {
	p := plot.New()
	p.BackgroundColor = ground
	p.Title.TextStyle.Color = ink
	p.Title.Padding = vg.Points(4)
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Color, a.Tick.Color, a.Label.TextStyle.Color, a.Tick.Label.Color = ink, ink, ink, ink
	}
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = faint, faint
	p.Add(grid)
	return p
}

// save writes the panels, one below the other.
func save(path string, panels [][]*plot.Plot, height vg.Length) error {
	canvas := vgsvg.NewWith(vgsvg.UseWH(width, height))
	all := draw.New(canvas)
	all.SetColor(ground)
	all.Fill(all.Path())
	tiles := draw.Tiles{
		Rows: len(panels), Cols: 1, PadY: vg.Millimeter * 2,
		PadTop: margin / 2, PadBottom: margin / 2, PadLeft: margin / 2, PadRight: margin,
	}
	for i, row := range plot.Align(panels, tiles, all) {
		panels[i][0].Draw(row[0])
	}
	var svg bytes.Buffer
	if _, err := canvas.WriteTo(&svg); err != nil {
		return err
	}
	return os.WriteFile(path, bytes.ReplaceAll(svg.Bytes(), []byte(family), []byte(family+fallbacks)), 0o644)
}

// The library names one font. These have letters of the same width, and are there where it
// is not.
const (
	family    = "font-family:Liberation Sans"
	fallbacks = ",Arimo,Arial,Helvetica,sans-serif"
)
