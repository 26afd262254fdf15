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
	// rush is the time in which those come whom a press of the button adds.
	rush = time.Second
	// maxWaiting bounds the callers of a fleet.
	maxWaiting = 10_000
)

var errCrowded = errors.New("no more callers")

// callers come to both fleets at the same moments.
type callers struct {
	fleets [2]*fleet
	most   int64           // of a fleet that wait
	all    context.Context // of all callers there will ever be

	mu      sync.Mutex         // held while callers are added or leave
	ctx     context.Context    // of those who came since the last were sent home
	home    context.CancelFunc // sends them
	ended   bool
	running sync.WaitGroup
}

// newCallers has none yet. When the context ends, so do they.
func newCallers(ctx context.Context, fleets [2]*fleet) *callers {
	c := &callers{fleets: fleets, most: maxWaiting, all: ctx}
	c.ctx, c.home = context.WithCancel(ctx)
	return c
}

// steady lets them come one by one until the context ends.
func (c *callers) steady(ctx context.Context, every time.Duration) {
	next := time.NewTicker(every)
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-next.C:
			_ = c.add(1, 0) // one caller less, where thousands wait
		}
	}
}

// add lets n come to each fleet, within the given time. It fails, and adds none, when so
// many would not fit.
func (c *callers) add(n int, within time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return context.Canceled
	}
	for _, f := range c.fleets {
		if f.coming.Load()+f.waiting()+int64(n) > c.most {
			return fmt.Errorf("%w: of a fleet, %d may wait", errCrowded, c.most)
		}
	}
	ctx := c.ctx
	for range n {
		delay := time.Duration(rand.Float64() * float64(within))
		for _, f := range c.fleets {
			f.coming.Add(1)
			c.running.Go(func() { f.come(ctx, delay) })
		}
	}
	return nil
}

// come is a caller.
func (f *fleet) come(ctx context.Context, delay time.Duration) {
	select {
	case <-ctx.Done():
		f.coming.Add(-1)
		return
	case <-time.After(delay):
	}
	f.begun.Add(1)
	f.coming.Add(-1) // no sooner: somewhere a caller is counted
	_ = f.order(ctx) // its observer has counted how it ended
}

// sendHome has all leave who wait or are about to come. Others may come.
func (c *callers) sendHome() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.home()
	c.ctx, c.home = context.WithCancel(c.all)
}

// wait sends them home for good, and returns when the last has left.
func (c *callers) wait() {
	c.mu.Lock()
	c.ended = true
	c.home()
	c.mu.Unlock()
	c.running.Wait()
}
