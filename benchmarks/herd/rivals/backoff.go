package rivals

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/goaroundhq/goaround/benchmarks/herd/sim"
)

// delay is how long a caller waits after its last attempt; not ok means that it gives up.
type delay func(c *sim.Call, r sim.Reply) (d time.Duration, ok bool)

// alone is a process that sends first attempts at once, and decides the others without
// regard to anybody else.
type alone struct {
	w     *sim.World
	delay delay
}

func (a *alone) First(c *sim.Call) { a.w.Send(c) }

func (a *alone) Ended(c *sim.Call, r sim.Reply) {
	if r.OK {
		return
	}
	d, ok := a.delay(c, r)
	if !ok {
		a.w.GiveUp(c)
		return
	}
	a.w.After(d, func() { a.w.Send(c) })
}

func (a *alone) Left(*sim.Call) {}

// backoff is a strategy of delays that need nothing but random numbers.
func backoff(name string, delay func(rng *rand.Rand, attempt int) time.Duration) sim.Strategy {
	return hinted(name, func(rng *rand.Rand, attempt int, _ time.Duration) time.Duration {
		return delay(rng, attempt)
	})
}

func hinted(name string, wait func(rng *rand.Rand, attempt int, hint time.Duration) time.Duration) sim.Strategy {
	return sim.Strategy{Name: name, Start: func(w *sim.World) func(int) sim.Client {
		return func(int) sim.Client {
			return &alone{w, func(c *sim.Call, r sim.Reply) (time.Duration, bool) {
				return wait(w.Rng, c.Attempt, r.Hint), true
			}}
		}
	}}
}

func seconds(d time.Duration) string { return fmt.Sprintf("%g s", d.Seconds()) }

const base = 100 * time.Millisecond

// ceiling is base, doubled with every attempt, and at most most.
func ceiling(attempt int, most time.Duration) time.Duration {
	c := base
	for range attempt - 1 {
		if c *= 2; c >= most {
			return most
		}
	}
	return c
}

func upTo(rng *rand.Rand, d time.Duration) time.Duration {
	return time.Duration(rng.Float64() * float64(d))
}

// Constant waits the same after every attempt.
func Constant(d time.Duration) sim.Strategy {
	return backoff("constant "+seconds(d), func(*rand.Rand, int) time.Duration { return d })
}

// Exponential doubles the wait.
func Exponential(most time.Duration) sim.Strategy {
	return backoff("exponential 0.1.."+seconds(most), func(_ *rand.Rand, attempt int) time.Duration {
		return ceiling(attempt, most)
	})
}

// FullJitter waits any time up to a ceiling that doubles ("Exponential Backoff and
// Jitter", AWS Architecture Blog, 2015).
func FullJitter(most time.Duration) sim.Strategy {
	return backoff("full jitter 0.1.."+seconds(most), func(rng *rand.Rand, attempt int) time.Duration {
		return upTo(rng, ceiling(attempt, most))
	})
}

// EqualJitter waits half of the ceiling and any time up to the other half (same source).
func EqualJitter(most time.Duration) sim.Strategy {
	return backoff("equal jitter 0.1.."+seconds(most), func(rng *rand.Rand, attempt int) time.Duration {
		half := ceiling(attempt, most) / 2
		return half + upTo(rng, half)
	})
}

// DecorrelatedJitter waits between the base and three times the last wait (same source).
func DecorrelatedJitter(most time.Duration) sim.Strategy {
	return sim.Strategy{Name: "decorrelated jitter 0.1.." + seconds(most), Start: func(w *sim.World) func(int) sim.Client {
		last := map[*sim.Call]time.Duration{}
		return func(int) sim.Client {
			return &alone{w, func(c *sim.Call, _ sim.Reply) (time.Duration, bool) {
				d := min(base+upTo(w.Rng, 3*max(last[c], base)-base), most)
				last[c] = d
				return d, true
			}}
		}
	}}
}
