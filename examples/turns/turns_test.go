package main

import (
	"context"
	"crypto/rand"
	"math"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/slot"
)

// Two processes knock at a warehouse that is busy about as often as one does: they share the
// books, and so the line.
func TestProcessesShareTheLine(t *testing.T) {
	t.Parallel()
	one, two := knocks(t, 1), knocks(t, 2)
	if one == 0 || two > one+one/2 {
		t.Errorf("two processes knock %d times, and one %d times", two, one)
	}
}

// knocks counts them in a minute in which the warehouse is busy, with 20 calls in a process.
func knocks(t *testing.T, processes int) (n int) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var out strings.Builder
		var wg sync.WaitGroup
		for _, c := range newFleet(&warehouse{out: &out, busy: math.MaxInt}, processes) {
			defer closeQueue(t, c)
			for range 20 {
				wg.Go(func() { _, _ = c.reserve(ctx, "order-"+rand.Text(), 1) })
			}
		}
		wg.Wait()
		n = strings.Count(out.String(), "busy")
	})
	return n
}

// A process that finds the order in the hands of another one waits for that, and has the same
// ticket.
func TestProcessesShareTheTicket(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &warehouse{out: slow{}, stock: 10}
		var wg sync.WaitGroup
		for _, c := range newFleet(w, 2) {
			defer closeQueue(t, c)
			wg.Go(func() {
				if ticket, err := c.reserve(t.Context(), "order-17", 4); err != nil || ticket != "ticket-order-17" {
					t.Errorf("got %q, %v", ticket, err)
				}
			})
		}
		wg.Wait()
		if w.stock != 6 {
			t.Errorf("%d left", w.stock)
		}
	})
}

// slow makes a warehouse take its time, so that the second process comes before the first is done.
type slow struct{}

func (slow) Write(p []byte) (int, error) {
	time.Sleep(time.Second)
	return len(p), nil
}

func closeQueue(t *testing.T, c *client) {
	t.Helper()
	if err := c.plan.Pacer.(*slot.Queue).Close(); err != nil {
		t.Error(err)
	}
}
