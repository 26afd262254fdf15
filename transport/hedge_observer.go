package transport

import (
	"context"
	"time"

	"github.com/goaroundhq/goaround/slot"
)

// StepObserver is told what [Hedge] and [Resume] do. Functions that are nil cost nothing; the
// others are called on the call's path, or by whoever reads the body, and must be quick.
type StepObserver struct {
	// Hedge is called once for each attempt to which more exchanges were added, or refused,
	// when it ends.
	Hedge func(ctx context.Context, h Hedged)
	// Resume is called each time a download breaks, when it is known whether it goes on.
	Resume func(ctx context.Context, r Resumed)
}

// WithStepObserver reports hedges and resumed downloads. Several observers are told in the
// order in which they were given. The default reports nothing.
func WithStepObserver(o StepObserver) Option {
	return func(c *config) {
		all := &c.steps.observer
		all.Hedge, all.Resume = both(all.Hedge, o.Hedge), both(all.Resume, o.Resume)
	}
}

// Hedged describes an attempt of several exchanges, or one that was refused them.
type Hedged struct {
	Target  string
	Delay   time.Duration // before each hedge
	Latency time.Duration // of the attempt, until the header or the error that it ended with
	Hedges  int           // sent
	// Winner is the exchange whose outcome the attempt has: 0 for the first, n for the n-th
	// hedge.
	Winner int
	// Refused is why there was no further hedge, though it was time for one: ErrBudget or
	// ErrBody.
	Refused error
}

// Resumed describes how a download broke and what came of it.
type Resumed struct {
	Target string
	Offset int64         // how much of it the caller has
	Size   int64         // of the whole, -1 when that is not known
	Err    error         // that it broke with
	Delay  time.Duration // before the rest was asked for
	Source slot.Source   // who decided the delay
	// Status is that of the response to the request for the rest, 0 when there is none.
	Status int
	// Stop is why the download does not go on: slot.ErrAttempts, slot.ErrDeadline, ErrBudget,
	// the context's cause, the error of the request for the rest, or one that tells why its response
	// does not fit. It is nil when the download goes on.
	Stop error
}
