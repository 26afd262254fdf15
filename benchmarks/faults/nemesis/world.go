package nemesis

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/goaroundhq/goaround/benchmarks/faults/site"
)

// Process is a server or a client of the run. None of its methods fails because the process
// has just ended, but those that do harm report whether there was one to hit.
type Process interface {
	Kill() (hit bool, err error) // as kill -9; whoever runs the process starts it again at once
	Stop() (hit bool, err error) // SIGSTOP
	Continue() error
}

// World is what can be harmed. One strike at a time may use it.
type World struct {
	Site             *site.Site
	Servers, Clients []Process
	Rand             *rand.Rand
	// Lease is that of the servers; a server is stopped for longer.
	Lease time.Duration
	// Outage is how long pacer-gone lasts. The default is what Rand says, 1 to 3 seconds.
	Outage time.Duration
	// Log tells of what is done. It must not be nil.
	Log func(format string, a ...any)
}

// between is a time from short to long.
func (w *World) between(short, long time.Duration) time.Duration {
	return short + time.Duration(w.Rand.Int64N(int64(long-short)+1))
}

// coin is either side of one.
func (w *World) coin() bool { return w.Rand.IntN(2) == 0 }

// some is one of n, by number, or one time in three all of them.
func (w *World) some(n int) []int {
	if w.Rand.IntN(3) > 0 {
		return []int{w.Rand.IntN(n)}
	}
	return w.Rand.Perm(n)
}

// last lets the harm last. It returns the error of a context that ends before.
func last(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
