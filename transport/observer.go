package transport

import (
	"context"
	"time"

	"github.com/goaroundhq/goaround/slot"
)

// Attempt describes one attempt of a call and what follows it.
type Attempt struct {
	Target  string
	Number  int  // the first is 1
	Keyed   bool // the call has an idempotency key
	Status  int  // of the response; 0 when there is none
	Err     error
	Latency time.Duration // until the response header or the error
	Verdict Verdict
	// Delay is the wait before the next attempt, and Source who decided it. Both are
	// zero when there is none.
	Delay  time.Duration
	Source slot.Source
	// Last tells that no attempt is to follow (nor does one when the context ends in the
	// delay, see Observer.Call); Stop is why, when the verdict would have allowed one. It
	// matches slot.ErrAttempts, slot.ErrDeadline, slot.ErrHint, ErrBudget, ErrBody, which may
	// be joined with why the body could not be opened, or the cause of a context that ended
	// just as the attempt did.
	Last bool
	Stop error
	// PacerErr is why the pacer could not decide the delay.
	PacerErr error
}

// Call describes how a call ended.
type Call struct {
	Target   string
	Keyed    bool  // it has an idempotency key
	Attempts int   // that were made; 0 when there was no slot for the first (WithGatedFirst)
	Status   int   // of the response that came back; 0 when there is none
	Err      error // that came back, nil with a response
	// Stop is that of the last attempt; also slot.ErrDeadline when there was no slot before
	// the deadline.
	Stop    error
	Latency time.Duration // until the response header or the error, with all waits
}

// Observer is told what calls do. Functions that are nil cost nothing; the others are
// called on the call's path and must be quick.
type Observer struct {
	// Attempt is called after each attempt, when it is decided what follows.
	Attempt func(ctx context.Context, a Attempt)
	// Call is called once for each call, when it ends.
	Call func(ctx context.Context, c Call)
}

// and returns an observer that tells o and then next.
func (o Observer) and(next Observer) Observer {
	return Observer{Attempt: both(o.Attempt, next.Attempt), Call: both(o.Call, next.Call)}
}

func both[T any](first, second func(context.Context, T)) func(context.Context, T) {
	switch {
	case first == nil:
		return second
	case second == nil:
		return first
	default:
		return func(ctx context.Context, v T) {
			first(ctx, v)
			second(ctx, v)
		}
	}
}
