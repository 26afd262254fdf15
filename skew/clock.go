package skew

import (
	"math/bits"
	"sync/atomic"
	"time"
)

const (
	// disruption is how far the operating system's clock and the monotonic one may move
	// apart before that is called a jump. They are read one after the other, and a thread
	// may be kept waiting in between.
	disruption = 100 * time.Millisecond
	// restGrain is how exactly it is known how long a machine slept: the clock that runs on
	// may count whole seconds, when it falls asleep and when it wakes.
	restGrain = 2 * time.Second
)

// Clock reads the time together with a bound on its error. It is safe for concurrent use;
// make one with [New]. A nil *Clock reads the operating system's clock with [Unknown]
// status, so that a caller who was given no clock needs no special case.
//
// Without sources a clock is the operating system's, corrected and bounded as [WithOffset]
// and [WithUncertainty] say. With sources it is that until they were first heard, in
// [Clock.Sync] or [Clock.Run]; from then on it is the machine's monotonic clock, set by the
// sources, and does not follow what is done to the operating system's.
type Clock struct {
	config
	local  *Local
	known  atomic.Pointer[knowledge] // nil until sources were heard
	rounds *rounds
}

// knowledge is what the sources agreed on: true time - local time lies in the span at the
// moment, and drifts from there.
type knowledge struct {
	span   span
	at     time.Duration // since the local anchor
	heard  time.Duration // the last answer that it rests on
	status Status        // Bounded or Disagree
	jump   time.Duration // of the operating system's clock, by then
	rest   time.Duration // of the machine, by then
	noted  atomic.Bool   // that there was a jump since
	slept  atomic.Bool   // that the machine was seen to have slept since, even if the jump is undone
}

// New makes a clock from the operating system's clock and the given options. It asks no
// source; [Clock.Sync] and [Clock.Run] do.
func New(opts ...Option) *Clock {
	c := &Clock{config: newConfig(opts)}
	c.local = NewLocal(c.system)
	for _, s := range c.sources {
		if d, ok := s.(interface{ strays(drift) }); ok {
			d.strays(c.drift)
		}
	}
	c.rounds = newRounds(c.sources, c.local.stand())
	return c
}

// Read returns the interval that holds the true time. It never blocks, whatever the sources
// do, and costs little more than a look at the operating system's clock.
func (c *Clock) Read() (r Reading) { // results that are filled in place are not copied
	if c == nil {
		now := time.Now()
		return Reading{Earliest: now, Latest: now}
	}
	k := c.known.Load()
	if k == nil {
		now := c.local.now().Add(c.offset)
		return Reading{Earliest: now.Add(-c.uncertainty), Latest: now.Add(c.uncertainty), Status: c.status}
	}
	elapsed, jump := c.local.look()
	if k.disrupted(jump) {
		return c.readDisrupted(k, elapsed)
	}
	// Nanoseconds are enough here: both clocks agree that we are not far from the anchor.
	aged := c.drift.in(elapsed - k.at)
	r.Earliest = time.Unix(0, c.local.wall+int64(elapsed+k.span.low-aged))
	r.Latest = time.Unix(0, c.local.wall+int64(elapsed+k.span.high+aged))
	r.Status = k.status
	return r
}

// readDisrupted reads after the operating system's clock jumped.
func (c *Clock) readDisrupted(k *knowledge, elapsed time.Duration) Reading {
	s, now, aged := c.disrupted(k), c.local.at(elapsed), c.drift.in(elapsed-k.at)
	return Reading{Earliest: now.Add(s.low - aged), Latest: now.Add(s.high + aged), Status: Disrupted}
}

// Now returns the middle of [Clock.Read].
func (c *Clock) Now() time.Time {
	if c == nil {
		return time.Now()
	}
	return c.Read().Mid()
}

// Offset returns how far the operating system's clock is behind: the correction that
// [Clock.Now] makes to it. It changes when that clock is set.
func (c *Clock) Offset() time.Duration {
	if c == nil {
		return 0
	}
	k := c.known.Load()
	if k == nil {
		return c.offset
	}
	_, jump := c.local.look()
	s := k.span
	if k.disrupted(jump) {
		s = c.disrupted(k)
	}
	return s.mid() - jump
}

// LastSync returns when a source last gave an answer that the reading rests on, by this
// clock; the zero time when none did.
func (c *Clock) LastSync() time.Time {
	if c == nil {
		return time.Time{}
	}
	k := c.known.Load()
	if k == nil {
		return time.Time{}
	}
	return c.local.at(k.heard).Add(k.span.mid())
}

// disrupted reports whether the operating system's clock jumped since, or the machine slept.
func (k *knowledge) disrupted(jump time.Duration) bool {
	by := jump - k.jump
	return by > disruption || by < -disruption || k.slept.Load()
}

// disrupted is what is known in spite of a jump. The local time has not followed it, but
// has stood still if the machine slept. The first who notices wakes Run.
func (c *Clock) disrupted(k *knowledge) span {
	if !k.noted.Load() && k.noted.CompareAndSwap(false, true) {
		c.rounds.hurry()
	}
	rest, _ := c.local.suspended()
	if rest-k.rest >= disruption {
		k.slept.Store(true)
	}
	return k.span.rested(rest-k.rest, c.drift)
}

// rested is the span after the machine slept for d.
func (s span) rested(d time.Duration, r drift) span {
	if d < disruption {
		return s
	}
	return span{s.low + d, s.high + d}.grow(restGrain + r.in(d))
}

// drift is a rate at which a clock may go wrong, in parts of 2^64 of the time that it shows.
type drift uint64

// perMillion is the drift of a clock that gains or loses ppm of the true time: one that
// loses them shows less time than has passed.
func perMillion(ppm int) drift {
	rate, _ := bits.Div64(uint64(ppm), 0, uint64(1_000_000-ppm))
	return drift(rate)
}

// in is how far the clock strays in d at most, rounded up.
func (r drift) in(d time.Duration) time.Duration {
	stray, _ := bits.Mul64(uint64(max(d, 0)), uint64(r))
	return time.Duration(stray) + 1
}
