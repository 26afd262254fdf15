package idem

import (
	"context"
	"math/rand/v2"
	"time"
)

// claimLater claims again whenever the pending record may have changed, until the wait or
// the caller's time is over. It returns the last answer that the store gave: one look that
// fails does not make an operation less pending. Each look is an owner of its own, because
// one whose answer was lost is handed back while others follow.
func (g *Guard) claimLater(ctx context.Context, r ClaimRequest, last ClaimResult) ClaimResult {
	waiting, cancel := context.WithTimeout(ctx, g.wait)
	defer cancel()
	for look := 0; last.State == Pending && g.pause(waiting, r.ID, last.LeaseLeft, look); look++ {
		r.Owner = NewOwner()
		if result, err := g.claim(ctx, r); err == nil {
			last = result
		}
	}
	return last
}

// The interval at which a store is asked again that says nothing, or nothing useful.
const (
	firstPoll = 50 * time.Millisecond
	lastPoll  = time.Second
)

// pollAfter is the time until a store is asked again that was asked n times more than once.
// Many ask it when it comes back, so they do not ask at the same time.
func pollAfter(n int) time.Duration {
	interval := pollInterval(n)
	return interval/2 + rand.N(interval)
}

func pollInterval(n int) time.Duration { return min(firstPoll<<min(n, 10), lastPoll) }

// pause returns when another look is worthwhile; false when the wait is over. It gets
// slower with every look that found nothing.
func (g *Guard) pause(ctx context.Context, id ID, leaseLeft time.Duration, look int) bool {
	limit := max(leaseLeft, time.Millisecond)
	if g.waiter == nil {
		return sleep(ctx, min(limit, pollAfter(look))) == nil
	}
	interval := pollInterval(look)
	if look > 0 && sleep(ctx, min(limit, interval/10)) != nil {
		return false
	}
	bounded, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if g.await(bounded, id) != nil {
		return sleep(ctx, interval) == nil // the waiter is broken
	}
	return ctx.Err() == nil
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
