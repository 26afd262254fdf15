package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

const (
	// steadily is how often callers come by themselves, a fifth of what a service can do.
	steadily = time.Second / 20
	// herd is how many more a press of the button adds, and rush the time in which they come.
	herd = 1000
	rush = time.Second
	// maxWaiting bounds the callers of a fleet.
	maxWaiting = 10 * herd
)

var errCrowded = errors.New("no more callers")

// callers come to both fleets at the same moments.
type callers struct {
	fleets [2]*fleet
	most   int64 // of a fleet that wait

	mu      sync.Mutex // held while callers are added, or their end is begun
	ended   bool
	running sync.WaitGroup
}

// steady lets them come one by one until the context ends.
func (c *callers) steady(ctx context.Context) {
	next := time.NewTicker(steadily)
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-next.C:
			_ = c.add(ctx, 1, 0) // one caller less, where thousands wait
		}
	}
}

// add lets n come to each fleet, within the given time. It fails, and adds none, when so
// many would not fit.
func (c *callers) add(ctx context.Context, n int, within time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return context.Canceled
	}
	for _, f := range c.fleets {
		if f.waiting()+int64(n) > c.most {
			return fmt.Errorf("%w: of a fleet, %d may wait", errCrowded, c.most)
		}
	}
	for range n {
		delay := time.Duration(rand.Float64() * float64(within))
		for _, f := range c.fleets {
			f.begun.Add(1)
			c.running.Go(func() { f.come(ctx, delay) })
		}
	}
	return nil
}

// come is a caller.
func (f *fleet) come(ctx context.Context, delay time.Duration) {
	select {
	case <-ctx.Done():
		f.gaveUp.Add(1)
		return
	case <-time.After(delay):
	}
	_ = f.order(ctx) // its observer has counted how it ended
}

// wait returns when the last has left. The context they came with must have ended.
func (c *callers) wait() {
	c.mu.Lock()
	c.ended = true
	c.mu.Unlock()
	c.running.Wait()
}
