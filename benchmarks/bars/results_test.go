package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestResultsSayWhenAndWhere(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	raw := "goos: linux\ngoarch: amd64\ncpu: Abacus 3\n" + output
	when := time.Date(2026, 11, 24, 23, 0, 0, 0, time.UTC)
	if err := writeResults(folder, []byte(raw), []byte("| a table |\n"), 12, when); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(folder, "RESULTS.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Measured 2026-11-24 with go", "linux/amd64", "Abacus 3, each benchmark 12 times.", "\n\n| a table |\n"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("no %q in\n%s", want, page)
		}
	}
	if kept, err := os.ReadFile(filepath.Join(folder, "raw.txt")); err != nil || string(kept) != raw {
		t.Errorf("the raw output is %q, %v", kept, err)
	}
}

func TestNothingMeasuredIsAnError(t *testing.T) {
	t.Parallel()
	if err := writeResults(t.TempDir(), []byte("PASS\n"), nil, 12, time.Now()); err == nil {
		t.Error("results of nothing were written")
	}
}
