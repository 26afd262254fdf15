package call

import (
	"context"
	"sync"
	"time"
)

const (
	beat = 10 * time.Millisecond
	// still is a pause between two beats in which the process cannot have run all the time:
	// it was stopped, or others had the machine.
	still = 25 * time.Millisecond
	// memory is how long pauses are remembered: longer than any call takes.
	memory = 2 * time.Minute
)

// canary notices when the process stands still, whose calls cannot return then.
type canary struct {
	mu     sync.Mutex
	last   time.Time
	pauses []pause
}

type pause struct{ from, to time.Time }

func newCanary() *canary { return &canary{last: time.Now()} }

func (c *canary) run(ctx context.Context) {
	beats := time.NewTicker(beat)
	defer beats.Stop()
	for ctx.Err() == nil {
		<-beats.C
		c.beat(time.Now())
	}
}

func (c *canary) beat(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now.Sub(c.last) > still {
		c.pauses = append(c.pauses, pause{c.last, now})
	}
	c.last = now
	for len(c.pauses) > 0 && now.Sub(c.pauses[0].to) > memory {
		c.pauses = c.pauses[1:]
	}
}

// late is how long after its deadline a call came back, and the part of it in which the
// process did not stand still. Both are 0 for a call that was in time.
func (c *canary) late(deadline, back time.Time) (all, running time.Duration) {
	all = max(back.Sub(deadline), 0)
	if all == 0 {
		return 0, 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	running = all
	pauses := c.pauses
	if back.Sub(c.last) > still { // it has not noticed yet
		pauses = append(pauses[:len(pauses):len(pauses)], pause{c.last, back})
	}
	for _, p := range pauses {
		running -= overlap(p, pause{deadline, back})
	}
	return all, running
}

func overlap(a, b pause) time.Duration {
	from, to := a.from, a.to
	if b.from.After(from) {
		from = b.from
	}
	if b.to.Before(to) {
		to = b.to
	}
	return max(to.Sub(from), 0)
}
