package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

func TestChoose(t *testing.T) {
	t.Parallel()
	for names, want := range map[string]int{"": len(rooms), "none": 0, "herd": 1, "herd,bars": 2} {
		if chosen, err := choose(names); err != nil || len(chosen) != want {
			t.Errorf("%q: %d measurements, %v; want %d", names, len(chosen), err, want)
		}
	}
	if _, err := choose("bars,heard"); err == nil {
		t.Error("a measurement that does not exist was chosen")
	}
}

// What is measured is there to be run.
func TestRoomsHaveCommands(t *testing.T) {
	t.Parallel()
	for _, r := range rooms {
		if _, err := os.Stat(filepath.Join("..", r.folder, "main.go")); err != nil {
			t.Error(err)
		}
		for _, s := range r.steps {
			if s.args[0] != "./"+r.folder {
				t.Errorf("%s is not of %s", s, r.folder)
			}
		}
	}
}

func TestSection(t *testing.T) {
	t.Parallel()
	r := room{folder: "x", steps: []step{{args: []string{"./x", "-bars"}, output: "bars.txt"}}}
	folder := fstest.MapFS{
		"RESULTS.md": {Data: []byte("# What it costs\n\nMeasured 2026-11-24 with go1.26.8 on linux.\n\n" +
			"| a | 1 | kept |\n| b | 2 | kept |\n| c | 3 | MISSED |\n" +
			"| 2026-11-24 | f | yes |\n| 2026-11-24 | g | NO: lost |\n")},
		"bars.txt": {Data: []byte("d  1.00  kept\ne  2.00  not in every stream\n")},
		"raw.csv":  {Data: []byte("1,2\n")},
		"main.go":  {Data: []byte("package main\n")},
	}
	got, err := r.section(folder)
	if err != nil {
		t.Fatal(err)
	}
	want := `## What it costs

[All figures](x/RESULTS.md). Measured 2026-11-24 with go1.26.8 on linux.
Data: [raw.csv](x/raw.csv), [bars.txt](x/bars.txt).
4 of 7 bars and promises are kept, and not these:

    | c | 3 | MISSED |
    | 2026-11-24 | g | NO: lost |
    e  2.00  not in every stream
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestSectionOfWhatIsMissing(t *testing.T) {
	t.Parallel()
	r := room{folder: "x"}
	if _, err := r.section(fstest.MapFS{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without results: %v", err)
	}
	if _, err := r.section(fstest.MapFS{"RESULTS.md": {Data: []byte("no title\n")}}); err == nil {
		t.Error("a page without a title was summed up")
	}
}

func TestPageNamesEachRoom(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "herd"), 0o700); err != nil {
		t.Fatal(err)
	}
	herd := filepath.Join(folder, "herd", "RESULTS.md")
	if err := os.WriteFile(herd, []byte("# Of a herd\n\n2026-11-24, linux, go1.26.8.\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := writePage(folder); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(folder, "RESULTS.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"\n## bars\n\nNot measured yet.\n\nMade by:\n\n    go run ./bars -write\n",
		"\n## Of a herd\n\n[All figures](herd/RESULTS.md). 2026-11-24, linux, go1.26.8.\n\nMade by:\n\n    go run ./herd -full -write herd\n    go run ./herd -real",
	} {
		if !strings.Contains(string(page), want) {
			t.Errorf("no\n%s\nin\n%s", want, page)
		}
	}
}
