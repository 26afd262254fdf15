package sim

import (
	"slices"
	"time"
)

// Tally counts what happens in a run. What happens must be told in the order of time.
type Tally struct {
	of   Case
	o    Outcome
	last time.Duration   // success of the cohort
	in   []time.Duration // paced arrivals in the last 100 ms
}

// NewTally begins to count.
func NewTally(c Case) *Tally { return &Tally{of: c, o: Outcome{Capacity: c.Back()}} }

// Born is a caller.
func (t *Tally) Born(at time.Duration) {
	if t.of.Cohort(at) {
		t.o.Callers++
	}
}

// Sent is an attempt; free when it is a first one that was sent at once.
func (t *Tally) Sent(free bool) {
	t.o.Calls++
	if !free {
		t.o.Paced++
	}
}

// Arrived is an attempt that reached the server.
func (t *Tally) Arrived(now time.Duration, free bool) {
	t.o.Arrivals = count(t.o.Arrivals, now)
	if free {
		return
	}
	old := 0
	for old < len(t.in) && t.in[old] <= now-Bin {
		old++
	}
	t.in = append(t.in[old:], now)
	t.o.Peak = max(t.o.Peak, len(t.in))
	if now-Bin >= t.of.Outage {
		t.o.PeakAfter = max(t.o.PeakAfter, len(t.in))
	}
}

// Served is the success of a caller.
func (t *Tally) Served(now, born time.Duration) {
	t.o.Successes++
	t.o.Completions = count(t.o.Completions, now)
	if t.of.Cohort(born) {
		t.last = now
		t.o.Latencies = append(t.o.Latencies, now-born)
	}
}

// Stored is calls of the store.
func (t *Tally) Stored(n int) { t.o.Stores += n }

// Outcome is what came of it.
func (t *Tally) Outcome(strategy string) Outcome {
	o := t.o
	slices.Sort(o.Latencies)
	o.Strategy, o.Done = strategy, len(o.Latencies)
	o.Drain, o.Ideal = max(t.last-t.of.Outage, 0), t.of.Ideal(o.Done)
	return o
}

func count(bins []int, at time.Duration) []int {
	bin := int(max(at, 0) / Bin)
	for len(bins) <= bin {
		bins = append(bins, 0)
	}
	bins[bin]++
	return bins
}
