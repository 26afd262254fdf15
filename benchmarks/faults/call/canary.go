package call

import (
	"context"
	"maps"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"time"
)

const (
	beat = 10 * time.Millisecond
	// still is a pause between two beats in which the process cannot have run all the time:
	// it was stopped, or others had the machine.
	still = 25 * time.Millisecond
	// Memory is how long pauses are remembered. Deadlines must be shorter.
	Memory = 2 * time.Minute
)

// canary knows which calls are open, and notices when the process stands still, whose calls
// cannot return then.
type canary struct {
	mu     sync.Mutex
	last   time.Time
	used   time.Duration // of the processors, by then
	pauses []pause
	open   map[int]time.Time // deadlines of calls, by order
}

// pause is a time between two beats, in which the process did not run for as long as stood.
type pause struct {
	from, to time.Time
	stood    time.Duration
}

func newCanary() *canary {
	return &canary{last: time.Now(), used: used(), open: map[int]time.Time{}}
}

func (c *canary) run(ctx context.Context) {
	beats := time.NewTicker(beat)
	defer beats.Stop()
	for ctx.Err() == nil {
		<-beats.C
		c.beat(time.Now(), used())
	}
}

// used is the time that this process has had of the processors, as a part of what it could have.
func used() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0 // then whatever looks like a pause is one
	}
	return time.Duration(u.Utime.Nano()+u.Stime.Nano()) / time.Duration(runtime.GOMAXPROCS(0))
}

func (c *canary) beat(now time.Time, used time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pauses = append(c.pauses, c.unseen(now, used)...)
	c.last, c.used = now, used
	for len(c.pauses) > 0 && now.Sub(c.pauses[0].to) > Memory {
		c.pauses = c.pauses[1:]
	}
}

// unseen is the pause since the last beat, if there was one. What the process itself has used
// of it is none: calls may be late because of that.
func (c *canary) unseen(now time.Time, used time.Duration) []pause {
	gap := now.Sub(c.last)
	if stood := gap - (used - c.used); gap > still && stood > 0 {
		return []pause{{c.last, now, stood}}
	}
	return nil
}

func (c *canary) begin(order int, deadline time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open[order] = deadline
}

// end is how long after its deadline a call came back, and the part of it in which the
// process did not stand still. Both are 0 for a call that was in time.
func (c *canary) end(order int, back time.Time) (all, running time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	deadline := c.open[order]
	delete(c.open, order)
	return c.late(deadline, back, used)
}

// overdue is the open call that is late by the most, nil when none is by more than the
// [Tolerance].
func (c *canary) overdue(now time.Time) *Overdue {
	c.mu.Lock()
	defer c.mu.Unlock()
	var worst *Overdue
	for _, order := range slices.Sorted(maps.Keys(c.open)) {
		all, running := c.late(c.open[order], now, used)
		if running > Tolerance && (worst == nil || running > worst.Running) {
			worst = &Overdue{order, all, running}
		}
	}
	return worst
}

func (c *canary) late(deadline, back time.Time, used func() time.Duration) (all, running time.Duration) {
	all = max(back.Sub(deadline), 0)
	if all == 0 {
		return 0, 0
	}
	running = all
	for _, p := range slices.Concat(c.pauses, c.unseen(back, used())) { // it may not have noticed yet
		running -= p.within(deadline, back)
	}
	return all, running
}

// within is the part of the pause that lies between two times.
func (p pause) within(from, to time.Time) time.Duration {
	if p.from.After(from) {
		from = p.from
	}
	if p.to.Before(to) {
		to = p.to
	}
	share := float64(p.stood) / float64(p.to.Sub(p.from))
	return time.Duration(share * float64(max(to.Sub(from), 0)))
}
