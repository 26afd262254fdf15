package main

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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
			"| what | bar | |\n|---|--:|---|\n| a | 1 | kept |\n| b | 2 | kept |\n| c | 3 | MISSED |\n| c2 | 3 | MISSED |\n\n" +
			"| date | what | kept |\n|---|---|---|\n| 2026-11-24 | f | yes |\n| 2026-11-24 | g | NO: lost |\n| 2026-11-24 | h | - |\n")},
		"bars.txt": {Data: []byte("what  bar  \nd  1.00  kept\ne  2.00  not in every stream\n")},
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
4 of 8 bars and promises are kept, and not these:

| what | bar | |
|---|--:|---|
| c | 3 | MISSED |
| c2 | 3 | MISSED |

| date | what | kept |
|---|---|---|
| 2026-11-24 | g | NO: lost |

    e  2.00  not in every stream
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// What made a page is what it says, and not what would make it today.
func TestCommands(t *testing.T) {
	t.Parallel()
	r := room{folder: "x", steps: []step{{args: []string{"./x", "-seed", "1"}}}}
	for page, want := range map[string][]string{
		"# No runs\n": {"go run ./x -seed 1"},
		"- `-seed 7 -calls 9`, in 5 s: a 1\n- `-seed 8`, in 6 s: b 2\n- `-seed 7 -calls 9`, in 4 s: c 1\n": {"go run ./x -seed 7 -calls 9", "go run ./x -seed 8"},
	} {
		got, err := r.commands(fstest.MapFS{"RESULTS.md": {Data: []byte(page)}})
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: commands %q, %v; want %q", page, got, err, want)
		}
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

func TestVerdict(t *testing.T) {
	t.Parallel()
	failed := exec.CommandContext(t.Context(), "go", "no-such-command").Run()
	if failed == nil {
		t.Fatal("go knows every command")
	}
	for _, tt := range []struct {
		breaks bool
		err    error
		good   bool
	}{
		{false, nil, true}, {false, failed, false}, {false, os.ErrNotExist, false},
		{true, nil, false}, {true, failed, true}, {true, os.ErrNotExist, false},
	} {
		if err := (step{breaks: tt.breaks}).verdict(tt.err); (err == nil) != tt.good {
			t.Errorf("breaks %v, error %v: %v", tt.breaks, tt.err, err)
		}
	}
}
