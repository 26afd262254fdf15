package rivals

import (
	"math/rand/v2"
	"time"

	"github.com/goaroundhq/goaround/benchmarks/herd/sim"
)

// RetryAfter is a server, or what stands in front of it, that asks everyone to wait the
// same, and clients who do, plus any time up to the spread.
func RetryAfter(d, spread time.Duration) sim.Strategy {
	name := "Retry-After " + seconds(d)
	if spread > 0 {
		name += " + 0.." + seconds(spread)
	}
	return backoff(name, func(rng *rand.Rand, _ int) time.Duration { return d + upTo(rng, spread) })
}

// Assigned is a server that books a seat in its own queue for everyone whom it refuses,
// and clients who come back at that time. While the server is away nobody books
// anything, and the clients do what goaround does without a pacer: full jitter.
func Assigned() sim.Strategy {
	s := hinted("ours, server-assigned", func(rng *rand.Rand, attempt int, hint time.Duration) time.Duration {
		if hint > 0 {
			return hint
		}
		return upTo(rng, ceiling(attempt, fallbackMost))
	})
	s.Ours, s.Seats = true, true
	return s
}
