package main

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"time"

	"github.com/goaroundhq/goaround/benchmarks/herd/report"
	"github.com/goaroundhq/goaround/benchmarks/herd/sim"
	"github.com/goaroundhq/goaround/benchmarks/machine"
)

// shownArrivals and shownCompletions are the strategies in the plots: the best-known
// rivals beside ours. More curves than this cannot be told apart.
var (
	shownArrivals = []string{
		"full jitter 0.1..10 s", "go-retryablehttp, no bound", "Retry-After 5 s", "GCRA at 2 C",
		"ours, server-assigned", "ours, fleet, cold", "ours, fleet, gated, prior C",
	}
	shownCompletions = []string{
		"ours, fleet, prior C", "ours, fleet, cold", "ours, server-assigned", "full jitter 0.1..10 s",
		"full jitter 0.1..60 s", "go-retryablehttp, no bound", "AWS adaptive, no bound", "Retry-After 5 s",
	}
)

// front are the strategies of the picture on the front page of the repository, named for
// those who have read nothing else yet.
var front = []struct{ strategy, name string }{
	{"ours, fleet, gated, cold", "goaround, a queue that all share"},
	{"full jitter 0.1..10 s", "full jitter, 0.1 to 10 s"},
	{"go-retryablehttp, no bound", "go-retryablehttp, its default waits"},
}

func writeSimulated(o options, sections []report.Section, c sim.Case, first []sim.Outcome) error {
	var text bytes.Buffer
	fmt.Fprintf(&text, "Simulated with `go run ./herd%s`, %d random streams of the first case, a third of them of the others, and a tenth of crowds.\n"+
		"Each number is the median of the streams, \"worst\" the worst of them.\n\n%s\n", flagsOf(o), o.streams, legend)
	if err := plotAll(o.write, "sim", c, first, shownArrivals, shownCompletions, &text); err != nil {
		return err
	}
	if err := report.Losses(&text, sections, cold); err != nil {
		return err
	}
	return writeResults(o.write, "sim", "Simulated", &text, sections)
}

func flagsOf(o options) string {
	if o.full {
		return " -full"
	}
	return ""
}

// legend says what the columns are.
const legend = `- done: callers who were served before nobody waits any longer (see -horizon); drain, p50 and p99 are those of callers, a drain only where all were served
- calls/ok: attempts per success
- drain/ideal: from the end of the outage to the last success, by what callers / capacity would take
- peak/C: the most arrivals in any 100 ms by what the server can do in 100 ms, of all attempts but first ones that were sent at once; "after outage" only those after it
- store/retry: calls of the store by the same attempts

GCRA is told the capacity, or half or twice of it, which callers do not know: its other rows say what a wrong guess costs.
Ours is told nothing where it is cold. Where calls arrive all the time (Poisson) or a deadline is set, calls/ok counts all
callers, and the other columns those who met the outage.
`

// plotAll writes both plots of the outcomes that are there, and links to them.
func plotAll(folder, kind string, c sim.Case, outcomes []sim.Outcome, arrivals, completions []string, text *bytes.Buffer) error {
	f := frame(fmt.Sprintf("%d callers, C=%g/s", c.Callers, c.Capacity), c)
	for name, plot := range map[string]struct {
		shown []string
		draw  func(string, report.Frame, []report.Curve) error
	}{
		"arrivals":    {arrivals, report.Arrivals},
		"completions": {completions, report.Completions},
	} {
		if curves := choose(outcomes, plot.shown); len(curves) > 0 {
			if err := plot.draw(filepath.Join(folder, kind+"-"+name+".svg"), f, curves); err != nil {
				return err
			}
		}
	}
	fmt.Fprintf(text, "![arrivals per 100 ms against the capacity](%[1]s-arrivals.svg)\n\n![callers served over time](%[1]s-completions.svg)\n\n", kind)
	return nil
}

func frame(title string, c sim.Case) report.Frame {
	return report.Frame{
		Title: title, Outage: c.Outage, Capacity: c.Back(), Ideal: c.Ideal(c.Callers), Until: c.Outage + 2*c.Ideal(c.Callers),
	}
}

// plotFront writes the picture of the front page, when all of its strategies were run.
func plotFront(folder string, c sim.Case, outcomes []sim.Outcome) error {
	var curves []report.Curve
	for _, s := range front {
		for _, curve := range choose(outcomes, []string{s.strategy}) {
			curve.Name = s.name
			curves = append(curves, curve)
		}
	}
	if len(curves) < len(front) {
		return nil
	}
	title := fmt.Sprintf("%d callers, a server that does %g calls a second", c.Callers, c.Capacity)
	return report.Completions(filepath.Join(folder, "real-front.svg"), frame(title, c), curves)
}

func choose(outcomes []sim.Outcome, names []string) []report.Curve {
	var curves []report.Curve
	for _, name := range names {
		for _, o := range outcomes {
			if o.Strategy == name {
				curves = append(curves, report.Curve{Name: name, Ours: strings.HasPrefix(name, "ours"), Outcome: o})
			}
		}
	}
	return curves
}

// writeResults writes the CSV, and the part of RESULTS.md that is of this kind.
func writeResults(folder, kind, title string, text *bytes.Buffer, sections []report.Section) error {
	var table bytes.Buffer
	if err := report.CSV(&table, sections); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, kind+".csv"), table.Bytes(), 0o644); err != nil {
		return err
	}
	var part bytes.Buffer
	fmt.Fprintf(&part, "## %s\n\n%s, %s.\n\n%s", title, time.Now().UTC().Format("2006-01-02"), system(), text)
	for _, s := range sections {
		if err := report.Markdown(&part, s); err != nil {
			return err
		}
	}
	path := filepath.Join(folder, "RESULTS.md")
	page, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	return os.WriteFile(path, replacePart(page, kind, part.Bytes()), 0o644)
}

// replacePart puts a part of the page in the place of the one of that kind, or at the end.
func replacePart(page []byte, kind string, part []byte) []byte {
	if len(page) == 0 {
		page = []byte("# What becomes of a herd\n\nWritten by `go run ./herd -full -write herd` and `go run ./herd -real -write herd` in the folder benchmarks.\nPackage sim says what the model is, package rivals what the strategies do.\n")
	}
	begin, end := "<!-- "+kind+" -->\n", "<!-- end of "+kind+" -->\n"
	whole := begin + string(bytes.TrimSpace(part)) + "\n" + end
	old := regexp.MustCompile("(?s)" + begin + ".*" + end)
	if old.Match(page) {
		return old.ReplaceAllLiteral(page, []byte(whole))
	}
	return append(page, "\n"+whole...)
}

// system says on what kind of machine this runs.
func system() string {
	return fmt.Sprintf("%s/%s, %d x %s, %s", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), cmp.Or(machine.Processor(), "unknown processor"), runtime.Version())
}
