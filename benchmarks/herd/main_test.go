package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/benchmarks/herd/real"
	"github.com/goaroundhq/goaround/benchmarks/herd/report"
	"github.com/goaroundhq/goaround/benchmarks/herd/sim"
)

// The real run starts this program again.
func TestMain(m *testing.M) {
	if real.Child() {
		return
	}
	os.Exit(m.Run())
}

// decode is what the command printed: exactly one object.
func decode(t *testing.T, out io.Reader) report.Document {
	t.Helper()
	var d report.Document
	decoder := json.NewDecoder(out)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&d); err != nil {
		t.Fatal(err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		t.Error("more than one object was printed")
	}
	return d
}

func TestSimulate(t *testing.T) {
	t.Parallel()
	var out, again bytes.Buffer
	args := []string{"-sim", "-json", "-n", "200", "-streams", "2"}
	if err := run(t.Context(), args, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), args, &again, io.Discard); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(out.Bytes(), again.Bytes()) {
		t.Error("the same command printed something else")
	}
	d := decode(t, &out)
	names := map[string]bool{}
	for _, r := range d.Rows {
		names[r.Name] = true
		if r.DonePercent < 100 && r.Worst.DrainOverIdeal != nil {
			t.Errorf("%s has a drain although it did not finish", r.Name)
		}
	}
	if d.Kind != "sim" || d.Settings["callers"] != 200.0 || len(names) != len(d.Rows) || len(names) < 20 {
		t.Errorf("kind %q, settings %v, %d rows of %d names", d.Kind, d.Settings, len(d.Rows), len(names))
	}
}

func TestMeasure(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	folder := t.TempDir()
	args := []string{"-real", "-json", "-n", "20", "-processes", "2", "-outage", "500ms", "-only", "fleet, prior C", "-write", folder}
	if err := run(t.Context(), args, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	d := decode(t, &out)
	if d.Kind != "real" || len(d.Rows) != 1 || d.Rows[0].Name != prior || d.Rows[0].DonePercent != 100 {
		t.Errorf("kind %q, rows %+v", d.Kind, d.Rows)
	}
	for _, name := range []string{"RESULTS.md", "real.csv", "real-arrivals.svg", "real-completions.svg"} {
		if _, err := os.Stat(filepath.Join(folder, name)); err != nil {
			t.Error(err)
		}
	}
}

// The picture of the front page is drawn from a whole run, and says plainly what its lines are.
func TestPlotFront(t *testing.T) {
	t.Parallel()
	c := sim.Case{Callers: 10, Capacity: 10, Outage: time.Second}.Defaults()
	var outcomes []sim.Outcome
	for _, name := range real.Names("") {
		outcomes = append(outcomes, sim.Outcome{Strategy: name, Callers: c.Callers, Completions: []int{0, 10}})
	}
	folder := t.TempDir()
	picture := filepath.Join(folder, "real-front.svg")
	if err := plotFront(folder, c, outcomes[1:]); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(picture); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("part of a run is drawn: %v", err)
	}
	if err := plotFront(folder, c, outcomes); err != nil {
		t.Fatal(err)
	}
	svg, err := os.ReadFile(picture)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"10 callers, a server that does 10 calls a second", "ideal", "goaround, a queue that all share", "full jitter, 0.1 to 10 s", "go-retryablehttp, its default waits"} {
		if !strings.Contains(string(svg), want) {
			t.Errorf("the picture does not say %q", want)
		}
	}
}

func TestWrite(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for range 2 { // the second time what was written is replaced
		args := []string{"-n", "50", "-streams", "1", "-only", "fleet, cold", "-write", folder}
		if err := run(t.Context(), args, io.Discard, io.Discard); err != nil {
			t.Fatal(err)
		}
	}
	page, err := os.ReadFile(filepath.Join(folder, "RESULTS.md"))
	if err != nil {
		t.Fatal(err)
	}
	for text, times := range map[string]int{"## Simulated": 1, "| **ours, fleet, cold** |": 1, "(sim-arrivals.svg)": 1} {
		if got := strings.Count(string(page), text); got != times {
			t.Errorf("%q is there %d times, want %d", text, got, times)
		}
	}
}

func TestReplacePart(t *testing.T) {
	t.Parallel()
	page := replacePart(replacePart([]byte("# Head\n"), "sim", []byte("one")), "real", []byte("two"))
	page = replacePart(page, "sim", []byte("three $1"))
	want := "# Head\n\n<!-- sim -->\nthree $1\n<!-- end of sim -->\n\n<!-- real -->\ntwo\n<!-- end of real -->\n"
	if string(page) != want {
		t.Errorf("page\n%s\nwant\n%s", page, want)
	}
}

func TestFlags(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"-sim", "-real"}, {"-bars", "-real"}, {"-bars", "-json"}, {"-n", "0"}, {"-streams", "0"}, {"-processes", "-1"}, {"-capacity", "0"}, {"-outage", "0s"},
		{"-outage", "1h"}, {"-cost", "2"}, {"extra"}, {"-unknown"}, {"-case", "no such case"}, {"-real", "-only", "no such strategy"},
		{"-only", "no such strategy"},
	} {
		if err := run(t.Context(), args, io.Discard, io.Discard); err == nil || errors.Is(err, flag.ErrHelp) {
			t.Errorf("%q: error %v", args, err)
		}
	}
	var out, help bytes.Buffer
	if err := run(t.Context(), []string{"-json", "-case", "no such case"}, &out, io.Discard); err == nil {
		t.Error("no error of a case that is not there")
	}
	if d := decode(t, &out); d.Error == "" || d.Rows == nil {
		t.Errorf("JSON of an error: %+v", d)
	}
	if err := run(t.Context(), []string{"-help"}, io.Discard, &help); !errors.Is(err, flag.ErrHelp) || !strings.Contains(help.String(), "-streams") {
		t.Errorf("-help: %v\n%s", err, help.String())
	}
}
