package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// small is a run with faults of every kind that takes a few seconds.
func small(t *testing.T) config {
	return config{
		calls: 200, clients: 20, seed: 1, outage: 200 * time.Millisecond,
		ledger: filepath.Join(t.TempDir(), "ledger"),
	}
}

func quiet(c config) progress { return newProgress(io.Discard, c.calls) }

// executions reads the ledger without the code under test.
func executions(t *testing.T, path string) map[string]int {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	orders := make(map[string]int)
	for line := range strings.Lines(string(text)) {
		orders[strings.Fields(line)[0]]++
	}
	return orders
}

func TestEveryOrderRunsExactlyOnce(t *testing.T) {
	t.Parallel()
	c := small(t)
	r, err := run(t.Context(), c, quiet(c))
	if err != nil {
		t.Fatal(err)
	}
	orders := executions(t, c.ledger)
	if len(orders) != c.calls {
		t.Errorf("the ledger has %d orders, want %d", len(orders), c.calls)
	}
	for order, n := range orders {
		if n != 1 {
			t.Errorf("%s was executed %d times", order, n)
		}
	}
	if r.OK != c.calls || r.Effects != c.calls || r.DuplicateEffects != 0 || r.Lost != 0 {
		t.Errorf("report %+v, want %d ok and as many effects", r, c.calls)
	}
	if r.exitStatus() != exitKept {
		t.Errorf("exit status %d, want %d", r.exitStatus(), exitKept)
	}
	f := r.Faults
	if f.ResponseLost == 0 || f.Cut == 0 || f.Reset == 0 || f.Delayed == 0 || f.Outage == 0 {
		t.Errorf("faults %+v: some kind did not happen, so the run proves little", f)
	}
	if r.Attempts <= int64(r.Calls) || r.Requests < r.Attempts || r.Replayed == 0 {
		t.Errorf("%d calls, %d attempts, %d requests, %d replayed: nothing was tried again",
			r.Calls, r.Attempts, r.Requests, r.Replayed)
	}
	// What reached the middleware was executed or prevented, and nothing else.
	reached := r.Requests - f.Reset - f.Outage
	if reached != int64(r.Effects)+r.DuplicatesPrevented {
		t.Errorf("%d requests reached the middleware, but %d effects and %d prevented",
			reached, r.Effects, r.DuplicatesPrevented)
	}
}

func TestNaiveRunHasDuplicates(t *testing.T) {
	t.Parallel()
	c := small(t)
	c.naive = true
	r, err := run(t.Context(), c, quiet(c))
	if err != nil {
		t.Fatal(err)
	}
	twice := 0
	for _, n := range executions(t, c.ledger) {
		twice += n - 1
	}
	if twice == 0 || r.DuplicateEffects != twice {
		t.Errorf("%d duplicate effects, the ledger has %d; want the same and some", r.DuplicateEffects, twice)
	}
	if r.OK != c.calls || r.DuplicatesPrevented != 0 || r.exitStatus() != exitKept {
		t.Errorf("report %+v, want all ok, nothing prevented and exit status 0", r)
	}
}

// interrupter ends the run after some calls.
type interrupter struct {
	progress
	left   chan struct{}
	cancel context.CancelFunc
}

func (i *interrupter) done() {
	i.progress.done()
	select {
	case i.left <- struct{}{}:
	default:
		i.cancel()
	}
}

func TestInterruptedRunReportsWhatItHas(t *testing.T) {
	t.Parallel()
	c := small(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, err := run(ctx, c, &interrupter{quiet(c), make(chan struct{}, 30), cancel})
	if err != nil {
		t.Fatal(err)
	}
	if !r.Interrupted || r.Unfinished == 0 || r.OK < 30 || r.OK+r.Unfinished != c.calls {
		t.Errorf("report %+v, want at least 30 ok and the rest unfinished", r)
	}
	if r.DuplicateEffects != 0 || r.Lost != 0 || r.exitStatus() != exitInterrupted {
		t.Errorf("report %+v, want a kept promise and exit status %d", r, exitInterrupted)
	}
	if !strings.Contains(r.verdict(), "Interrupted") {
		t.Errorf("verdict %q does not say that it was interrupted", r.verdict())
	}
}
