package report_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/benchmarks/herd/report"
	"github.com/goaroundhq/goaround/benchmarks/herd/sim"
)

// outcome is one in which done of 10 callers were served, the last after that long.
func outcome(done int, drain time.Duration) sim.Outcome {
	o := sim.Outcome{
		Strategy: "some", Callers: 10, Done: done, Drain: drain, Ideal: 125 * time.Millisecond,
		Calls: 30, Successes: done, Paced: 20, Peak: 5, PeakAfter: 4, Stores: 10, Capacity: 100,
		Arrivals: []int{30, 0, 2}, Completions: []int{0, 0, done},
	}
	for i := range done {
		o.Latencies = append(o.Latencies, time.Duration(i+1)*time.Second)
	}
	return o
}

func TestRow(t *testing.T) {
	t.Parallel()
	r := report.NewRow("some", true, []sim.Outcome{
		outcome(10, 375*time.Millisecond), outcome(10, 125*time.Millisecond), outcome(10, 250*time.Millisecond),
	})
	if got, worst := *r.DrainOverIdeal, *r.Worst.DrainOverIdeal; got != 2 || worst != 3 {
		t.Errorf("drain %v, worst %v; want 2, 3", got, worst)
	}
	if *r.CallsPerSuccess != 3 || r.PeakOverCapacity != 0.5 || r.PeakAfterOutage != 0.4 || r.StoresPerPaced != 0.5 || *r.P50 != 6 || *r.P99 != 10 {
		t.Errorf("row %+v", r)
	}
}

// A run that did not serve everyone has no drain, and is the worst of all.
func TestRowOfUnfinishedRuns(t *testing.T) {
	t.Parallel()
	r := report.NewRow("some", false, []sim.Outcome{outcome(10, time.Second), outcome(5, time.Second), outcome(10, time.Second)})
	if r.DrainOverIdeal == nil || r.Worst.DrainOverIdeal != nil || r.DonePercent != 100 || r.Worst.DonePercent != 50 {
		t.Errorf("row %+v", r)
	}
	if none := report.NewRow("some", false, []sim.Outcome{outcome(0, 0)}); none.CallsPerSuccess != nil || none.P50 != nil {
		t.Errorf("row without a success %+v", none)
	}
}

func sections() []report.Section {
	return []report.Section{
		{Case: "first", Ideal: 0.1, Rows: []report.Row{
			report.NewRow("quick, theirs", false, []sim.Outcome{outcome(10, 250*time.Millisecond)}),
			report.NewRow("stuck, ours", true, []sim.Outcome{outcome(0, 0)}),
		}},
		{Case: "second", Ideal: 0.1},
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	s := sections()
	d := report.Document{Kind: "sim", Settings: map[string]any{"callers": 10}, Section: s[0], Cases: s[1:]}
	if err := report.JSON(&out, d); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Kind string
		Rows []map[string]any
	}
	decoder := json.NewDecoder(&out)
	if err := decoder.Decode(&got); err != nil {
		t.Fatal(err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		t.Error("more than one value")
	}
	if len(got.Rows) != 2 || got.Kind != "sim" {
		t.Fatalf("kind %q, %d rows; want sim, 2", got.Kind, len(got.Rows))
	}
	for _, name := range []string{
		"name", "done_percent", "calls_per_success", "drain_over_ideal", "peak_over_capacity", "store_calls_per_retry", "p50_s", "p99_s",
	} {
		if _, ok := got.Rows[0][name]; !ok {
			t.Errorf("row without %s", name)
		}
	}
	if v, ok := got.Rows[1]["drain_over_ideal"]; v != nil || !ok {
		t.Errorf("the drain of a strategy that did not finish is %v, want null", v)
	}
}

func TestEmptyJSON(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := report.JSON(&out, report.Document{}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), `"rows": []`) {
		t.Errorf("rows are not an empty array:\n%s", out.String())
	}
}

func TestCSV(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := report.CSV(&out, sections()); err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(&out).ReadAll() // which looks that all have as many fields
	if err != nil {
		t.Fatal(err)
	}
	if len(records) != 3 || records[1][2] != "quick, theirs" || records[1][6] != "2" || records[2][6] != "" {
		t.Errorf("records %q", records)
	}
}

func TestMarkdown(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := report.Markdown(&out, sections()[0]); err != nil {
		t.Fatal(err)
	}
	var table []string
	for line := range strings.Lines(out.String()) {
		if strings.HasPrefix(line, "|") {
			table = append(table, line)
		}
	}
	if len(table) != 4 || !strings.Contains(table[3], "| **stuck, ours** | 0.0 | - | - |") {
		t.Fatalf("table\n%s", out.String())
	}
	for _, line := range table {
		if got, want := strings.Count(line, "|"), strings.Count(table[0], "|"); got != want {
			t.Errorf("%d bars in a line, want %d: %s", got, want, line)
		}
	}
}

func TestLosses(t *testing.T) {
	t.Parallel()
	row := func(name string, ours bool, done int, drain time.Duration) report.Row {
		return report.NewRow(name, ours, []sim.Outcome{outcome(done, drain)})
	}
	var out bytes.Buffer
	err := report.Losses(&out, []report.Section{
		{Case: "lost", Rows: []report.Row{
			row("quicker", false, 10, 125*time.Millisecond), row("as quick", false, 10, 250*time.Millisecond),
			row("own", true, 10, 250*time.Millisecond), row("another of ours", true, 10, 125*time.Millisecond),
		}},
		{Case: "fewer served", Rows: []report.Row{row("own", true, 5, time.Second), row("more", false, 6, time.Second)}},
		{Case: "won", Rows: []report.Row{row("own", true, 10, time.Second), row("stuck", false, 9, time.Second)}},
		{Case: "not tried", Rows: []report.Row{row("more", false, 6, time.Second)}},
	}, "own")
	if err != nil {
		t.Fatal(err)
	}
	want := "- lost (100.0 %, 2.00): quicker (100.0 %, 1.00)\n- fewer served (50.0 %, -): more (60.0 %, -)\n"
	if !strings.HasSuffix(out.String(), "\n\n"+want+"\n") {
		t.Errorf("losses\n%s\nwant\n%s", out.String(), want)
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := report.Text(&out, sections()[0]); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "first (ideal drain 0.1 s)") || !strings.Contains(strings.Join(strings.Fields(out.String()), " "), "quick, theirs 100.0 3.00 2.00") {
		t.Errorf("table\n%s", out.String())
	}
}

// A plot is a well-formed SVG, and says what it shows.
func TestPlots(t *testing.T) {
	t.Parallel()
	f := report.Frame{Title: "a herd", Outage: time.Second, Capacity: 100, Ideal: time.Second, Until: 3 * time.Second}
	curves := []report.Curve{
		{Name: "theirs", Outcome: outcome(5, time.Second)},
		{Name: "of goaround", Ours: true, Outcome: outcome(10, time.Second)},
	}
	for name, draw := range map[string]func(string, report.Frame, []report.Curve) error{
		"arrivals": report.Arrivals, "completions": report.Completions,
	} {
		path := filepath.Join(t.TempDir(), name+".svg")
		if err := draw(path, f, curves); err != nil {
			t.Fatal(err)
		}
		svg, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := xml.Unmarshal(svg, new(struct{ XMLName xml.Name })); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, want := range []string{"a herd", "theirs", "of goaround", "seconds"} {
			if !bytes.Contains(svg, []byte(want)) {
				t.Errorf("%s does not say %q", name, want)
			}
		}
	}
}
