package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestCommandWritesOneJSONObject(t *testing.T) {
	t.Parallel()
	var stdout, stderr bytes.Buffer
	args := []string{"-json", "-calls", "40", "-clients", "8", "-outage", "50ms", "-seed", "7"}
	if status := command(t.Context(), args, &stdout, &stderr); status != exitKept {
		t.Fatalf("exit status %d, want %d; stderr:\n%s", status, exitKept, &stderr)
	}
	decoder := json.NewDecoder(&stdout)
	var object map[string]any
	if err := decoder.Decode(&object); err != nil {
		t.Fatal(err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		t.Errorf("stdout goes on after the object (%v)", err)
	}
	for _, key := range []string{
		"calls", "ok", "failed", "attempts", "effects", "duplicate_effects", "lost",
		"replayed", "seconds", "p50_ms", "p99_ms", "faults", "seed", "naive",
	} {
		if _, ok := object[key]; !ok {
			t.Errorf("no %q in %v", key, object)
		}
	}
	if object["calls"] != 40.0 || object["ok"] != 40.0 || object["seed"] != 7.0 {
		t.Errorf("got %v, want 40 calls, all ok, of seed 7", object)
	}
}

func TestCommandWritesATable(t *testing.T) {
	t.Parallel()
	var stdout, stderr bytes.Buffer
	args := []string{"-calls", "20", "-clients", "4", "-outage", "50ms"}
	if status := command(t.Context(), args, &stdout, &stderr); status != exitKept {
		t.Fatalf("exit status %d, want %d", status, exitKept)
	}
	for line := range strings.Lines(stdout.String()) {
		if len(line) > 80 {
			t.Errorf("wider than a terminal: %q", line)
		}
	}
	for _, want := range []string{"duplicate effects", "duplicates prevented", "Every order ran exactly once."} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("no %q in\n%s", want, &stdout)
		}
	}
	for _, want := range []string{"outage begins", "outage ends", "20 of 20 calls"} {
		if !strings.Contains(stderr.String(), want) {
			t.Errorf("no %q in the progress\n%s", want, &stderr)
		}
	}
}

func TestCommandRefuses(t *testing.T) {
	t.Parallel()
	used := filepath.Join(t.TempDir(), "used")
	if err := os.WriteFile(used, []byte("order-000001 receipt-1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args   []string
		status int
		says   string
	}{
		{[]string{"-calls", "0"}, exitUsage, "-calls 0: must be at least 1"},
		{[]string{"-clients", "-3"}, exitUsage, "-clients -3: must be at least 1"},
		{[]string{"-outage", "-1s"}, exitUsage, "-outage -1s: must be between"},
		{[]string{"-outage", "1h"}, exitUsage, "must be between 0 and 20s"},
		{[]string{"-outage", "soon"}, exitUsage, "invalid value"},
		{[]string{"now"}, exitUsage, `unexpected argument "now"`},
		{[]string{"-h"}, exitKept, "-naive"},
		{[]string{"-ledger", used}, exitBroken, "is not empty"},
		{[]string{"-ledger", filepath.Join(used, "below")}, exitBroken, "orders: open"},
	} {
		var stdout, stderr bytes.Buffer
		status := command(t.Context(), test.args, &stdout, &stderr)
		if status != test.status || !strings.Contains(stderr.String(), test.says) {
			t.Errorf("%v: exit status %d and %q, want %d and %q", test.args, status, &stderr, test.status, test.says)
		}
		if stdout.Len() > 0 {
			t.Errorf("%v: wrote %q to stdout", test.args, &stdout)
		}
	}
}
