package server

import (
	"context"
	"fmt"
	"time"
)

// Defaults of [Admission].
const (
	DefaultRoom    = 1000        // of WithWaitingRoom
	DefaultMaxWait = time.Second // of WithWaitingRoom
	DefaultGrace   = time.Second
	DefaultHorizon = time.Minute
)

// longest bounds what options can set, so that sums of instants do not overflow.
const longest = time.Hour

// Limit says what [Admission] lets in: [AdmitConcurrency] or [AdmitRate].
type Limit struct{ capacity func() capacity }

// AdmitConcurrency lets n requests be inside at a time. How long a place is taken, and so
// when the next will be free, is learned from the requests. It panics unless n is
// positive.
func AdmitConcurrency(n int) Limit {
	if n <= 0 {
		panic(fmt.Sprintf("server: AdmitConcurrency(%d): must be positive", n))
	}
	return Limit{func() capacity { return newPlaces(n) }}
}

// AdmitRate lets requests in at a rate, and up to burst of them at once after a time
// without any. It panics unless the rate is between one an hour and 1e9 a second, and the
// burst between 1 and a million.
func AdmitRate(perSecond float64, burst int) Limit {
	if !(perSecond >= 1.0/3600 && perSecond <= 1e9) { // not a number is neither
		panic(fmt.Sprintf("server: AdmitRate(%v, %d): rate must be between 1/3600 and 1e9", perSecond, burst))
	}
	if burst < 1 || burst > 1e6 {
		panic(fmt.Sprintf("server: AdmitRate(%v, %d): burst must be between 1 and 1e6", perSecond, burst))
	}
	return Limit{func() capacity { return newTokens(perSecond, burst) }}
}

// Verdict is what [Admission] decides about a request.
type Verdict string

// The verdicts.
const (
	// Admitted: the request goes to its handler.
	Admitted Verdict = "admitted"
	// Refused: it is answered with 503 and a slot.
	Refused Verdict = "refused"
	// Left: its context ended while it waited for a place.
	Left Verdict = "left"
)

// Entry describes what was decided about a request.
type Entry struct {
	Verdict Verdict
	// Claimed: the request came for its seat with a ticket, in time.
	Claimed bool
	// Waited is how long it waited inside for a place.
	Waited time.Duration
	// Slot is when a refused caller was told to come back, from now.
	Slot time.Duration
	// Kept: a seat is kept for the refused caller there. It is not when too many are kept
	// already, or when the slot would lie too far ahead and the caller is to ask again.
	Kept bool
	// Waiting is how many others wait inside.
	Waiting int
	// Rate is how many requests in a second the limit lets in, as far as is known.
	Rate float64
}

// AdmissionObserver is told what [Admission] does. Functions that are nil cost nothing;
// the others are called on the request's path and must be quick.
type AdmissionObserver struct {
	// Decided is called once for each request, before its handler or its refusal.
	Decided func(ctx context.Context, e Entry)
}

type admissionConfig struct {
	room     int
	maxWait  time.Duration
	grace    time.Duration
	horizon  time.Duration
	observer AdmissionObserver
}

// AdmissionOption configures [Admission].
type AdmissionOption func(*admissionConfig)

// WithWaitingRoom lets up to n requests without a seat wait inside, each for at most
// maxWait, before they are refused; but no more than can expect to get a place in that
// time. WithWaitingRoom(0, 0) lets none. The default is [DefaultRoom] and
// [DefaultMaxWait]. It panics when one is negative, or only one is 0, or maxWait is more
// than an hour.
//
// Mind clients that know only Retry-After before you make it smaller: it counts in
// seconds, so all who are told the same one can come at once, and in a room they are
// served one after the other.
func WithWaitingRoom(n int, maxWait time.Duration) AdmissionOption {
	if n < 0 || maxWait < 0 || maxWait > longest || (n == 0) != (maxWait == 0) {
		panic(fmt.Sprintf("server: WithWaitingRoom(%d, %v): must be positive and at most an hour, or both 0", n, maxWait))
	}
	return func(c *admissionConfig) { c.room, c.maxWait = n, maxWait }
}

// WithGrace sets how long after its slot a seat is kept for whoever shows its ticket, and
// how long one who did waits inside for a place before its slot is moved; where places
// become free less often than that, it waits for the next one, up to 10 s. Give it the
// round trip of the slowest clients and some more. The default is [DefaultGrace]. It
// panics unless d is positive and at most an hour.
func WithGrace(d time.Duration) AdmissionOption {
	if d <= 0 || d > longest {
		panic(fmt.Sprintf("server: WithGrace(%v): must be positive and at most an hour", d))
	}
	return func(c *admissionConfig) { c.grace = d }
}

// WithHorizon sets how far ahead slots are given at most. They are given for 10 s to the
// first in a line, and from then on for as long as the line has lasted at about its present
// pace. Callers for whom there is none so soon are told to ask again at a random time of
// the last third, with a ticket that counts once there is room for them. Far slots save them
// calls; near ones forget sooner those who were told to come and do not, and follow a
// handler sooner that has become faster. Mind that clients have a longest wait that they
// accept from a server. The default is [DefaultHorizon]. It panics unless d is between a
// second and an hour.
func WithHorizon(d time.Duration) AdmissionOption {
	if d < time.Second || d > longest {
		panic(fmt.Sprintf("server: WithHorizon(%v): must be between a second and an hour", d))
	}
	return func(c *admissionConfig) { c.horizon = d }
}

// WithAdmissionObserver reports what was decided. Several observers are told in the order in
// which they were given. The default reports nothing.
func WithAdmissionObserver(o AdmissionObserver) AdmissionOption {
	return func(c *admissionConfig) { c.observer.Decided = both(c.observer.Decided, o.Decided) }
}

func newAdmissionConfig(opts []AdmissionOption) admissionConfig {
	c := admissionConfig{room: DefaultRoom, maxWait: DefaultMaxWait, grace: DefaultGrace, horizon: DefaultHorizon}
	for _, opt := range opts {
		opt(&c)
	}
	return c
}
