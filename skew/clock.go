package skew

import (
	"fmt"
	"time"
)

// Clock reads the time together with a bound on its error. It is immutable and
// safe for concurrent use; make one with [New]. A nil *Clock reads the operating
// system's clock with [Unknown] status, so that a caller who was given no clock
// needs no special case.
type Clock struct {
	offset      time.Duration
	uncertainty time.Duration
	status      Status
}

// Option configures a [Clock].
type Option func(*Clock)

// WithOffset corrects the operating system's clock by d: true time = local
// time + d. The default is 0.
func WithOffset(d time.Duration) Option { return func(c *Clock) { c.offset = d } }

// WithUncertainty states that the corrected clock is off by at most d, which
// makes its readings [Bounded]. It panics when d is negative. Without it the
// readings are [Unknown].
func WithUncertainty(d time.Duration) Option {
	if d < 0 {
		panic(fmt.Sprintf("skew: WithUncertainty(%v): must not be negative", d))
	}
	return func(c *Clock) { c.uncertainty, c.status = d, Bounded }
}

// New makes a clock from the operating system's clock and the given options.
func New(opts ...Option) *Clock {
	c := new(Clock)
	for _, opt := range opts {
		opt(c)
	}
	return c
}

// Read returns the interval that holds the true time. It never blocks.
func (c *Clock) Read() Reading {
	now := c.Now()
	if c == nil {
		return Reading{Earliest: now, Latest: now}
	}
	return Reading{Earliest: now.Add(-c.uncertainty), Latest: now.Add(c.uncertainty), Status: c.status}
}

// Now returns the middle of [Clock.Read].
func (c *Clock) Now() time.Time {
	if c == nil {
		return time.Now()
	}
	return time.Now().Add(c.offset)
}

// Offset returns the correction that [Clock.Now] adds to the local clock.
func (c *Clock) Offset() time.Duration {
	if c == nil {
		return 0
	}
	return c.offset
}
