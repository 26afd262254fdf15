package rivals

import (
	"fmt"
	"time"

	"github.com/goaroundhq/goaround/benchmarks/herd/sim"
)

// stored is a process that sends first attempts at once, and asks the store before every
// other. A process that cannot reach it falls back to full jitter.
type stored struct {
	alone
	process int
	// book runs in the store, and returns how long to wait from its answer.
	book func(now time.Duration) time.Duration
	// more is what the process adds to it.
	more func(attempt int) time.Duration
}

func (s *stored) Ended(c *sim.Call, r sim.Reply) {
	if s.w.Storeless(s.process) {
		s.alone.Ended(c, r)
		return
	}
	if r.OK {
		return
	}
	var wait time.Duration
	s.w.Ask(s.process, func() { wait = s.book(s.w.Now()) }, func() {
		s.w.After(wait+s.more(c.Attempt), func() { s.w.Send(c) })
	})
}

func shared(name string, more func(int) time.Duration, start func(w *sim.World) func(now time.Duration) time.Duration) sim.Strategy {
	return sim.Strategy{Name: name, Start: func(w *sim.World) func(int) sim.Client {
		book := start(w)
		return func(process int) sim.Client { return &stored{alone{w, blind(w)}, process, book, more} }
	}}
}

func nothing(int) time.Duration { return 0 }

// Ring is the simplest coordination: a shared counter modulo the number of slots, and
// any time inside the slot. The process may add an exponential backoff, up to most.
func Ring(slots int, width, most time.Duration) sim.Strategy {
	name, more := fmt.Sprintf("ring of %d slots, %s", slots, seconds(width)), nothing
	if most > 0 {
		name += " + exponential.." + seconds(most)
		more = func(attempt int) time.Duration { return ceiling(attempt, most) }
	}
	return shared(name, more, func(w *sim.World) func(time.Duration) time.Duration {
		counter := 0
		return func(time.Duration) time.Duration {
			counter++
			return time.Duration(counter%slots)*width + upTo(w.Rng, width)
		}
	})
}

// GCRA books retries one after the other at a fixed rate, which somebody must know: a
// share of the capacity that the server has when all is well.
func GCRA(share float64) sim.Strategy {
	return shared(fmt.Sprintf("GCRA at %g C", share), nothing, func(w *sim.World) func(time.Duration) time.Duration {
		every := time.Duration(float64(time.Second) / (share * w.Case.Capacity))
		var next time.Duration
		return func(now time.Duration) time.Duration {
			at := max(next, now)
			next = at + every
			return at - now
		}
	})
}
