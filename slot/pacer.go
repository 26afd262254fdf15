package slot

import (
	"context"
	"time"
)

// Pacer hands out slots to callers of a target. Implementations are safe for
// concurrent use.
//
// A pacer must never make things worse: when what it depends on is out of reach
// it answers from local knowledge or with an error, promptly, and the caller
// falls back to its own backoff.
type Pacer interface {
	// Reserve books the next attempt of a call to target. Feedback tells how the
	// previous attempt ended. It returns promptly: how long to wait is the
	// reservation's business, not Reserve's.
	//
	// An error matching ErrDeadline says that no slot comes before the context's
	// deadline; the call ends. Any other error makes the caller fall back to
	// its backoff.
	Reserve(ctx context.Context, target string, f Feedback) (Reservation, error)

	// Report tells how an attempt ended when no further slot is wanted. It never
	// blocks.
	Report(target string, f Feedback)
}

// Reservation is a booked slot, in the manner of golang.org/x/time/rate.
type Reservation interface {
	// Delay is how long to wait from now until the slot, at least 0.
	Delay() time.Duration
	// Cancel gives the slot back; for a caller that will not use it, or that has used it and
	// will not tell how the attempt ended. Otherwise it does nothing when the slot is over.
	Cancel()
}

// Awaiter is a reservation whose slot may not be known yet when it is made: its Delay is
// then an estimate, never above what is possible. [Turn.Wait] waits with it.
type Awaiter interface {
	Reservation
	// Wait returns nil when the slot has come. When the context ends first it gives
	// the slot back and returns the context's cause; when it turns out that no slot
	// comes before the context's deadline, an error matching ErrDeadline.
	Wait(ctx context.Context) error
}

// Result is how an attempt ended, seen by the target's capacity.
type Result uint8

const (
	// Success: the target did its work.
	Success Result = iota
	// Rejected: the target answered that it has no room (429, 503).
	Rejected
	// Failed: no answer, or an answer that says the target is broken.
	Failed
)

// String returns the result in lower case, for logs and metric labels.
func (r Result) String() string {
	switch r {
	case Success:
		return "success"
	case Rejected:
		return "rejected"
	case Failed:
		return "failed"
	default:
		return "invalid"
	}
}

// Feedback tells a pacer how an attempt ended.
type Feedback struct {
	Attempt int           // which attempt of the call this was; the first is 1
	Result  Result        // how it ended
	Latency time.Duration // from sending it to its result
	// Hint is what the server asked to wait before the next attempt, 0 for nothing.
	// A pacer gives no slot before it where it can. Plan.Next fills it in.
	Hint time.Duration
}
