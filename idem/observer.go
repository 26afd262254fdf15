package idem

import (
	"context"
	"time"
)

// Ending is how a claim ended.
type Ending uint8

const (
	// Completed: the operation is done.
	Completed Ending = iota
	// Released: nothing happened.
	Released
	// Abandoned: the outcome is not known.
	Abandoned
)

// String returns the ending in lower case, for logs and metric labels.
func (e Ending) String() string {
	switch e {
	case Completed:
		return "completed"
	case Released:
		return "released"
	case Abandoned:
		return "abandoned"
	default:
		return "invalid"
	}
}

// Observer is told what happens to the claims of a [Guard]. Functions that are nil
// cost nothing; the others are called on the caller's path and must be quick.
type Observer struct {
	// Claimed is called with the store's last answer to Guard.Claim. The error is
	// ErrKeyReused when the record there is of an operation with another fingerprint,
	// although Claim returns none then: that is no repetition. Who claims without a
	// fingerprint, as package server does, finds out later and is not told of here.
	Claimed func(ctx context.Context, id ID, result ClaimResult, err error)
	// Renewed is called after a lease was renewed, or could not be.
	Renewed func(ctx context.Context, c Claim, err error)
	// Ended is called when a claim ended. ErrFenced after Completed means that the
	// operation was run twice, ErrFull that its result was not kept, any other
	// error that the store could not be told.
	Ended func(ctx context.Context, c Claim, how Ending, err error)
	// Asked is called after each question to the store, also one that is asked again,
	// with the time that it took; what Guard.Recover asks is left out. ErrFenced,
	// ErrLost and ErrFull are answers, of a store that works. Some are asked when
	// nobody waits for them, so several at a time.
	Asked func(ctx context.Context, op StoreOp, took time.Duration, err error)
	// Waited is called when a claim has waited for another owner's run (WithWait),
	// with the time and the store's last answer: Pending when the wait was too short,
	// or the store did not answer the looks at what had become of it. It is called
	// before Claimed, and also for an operation that has another fingerprint.
	Waited func(ctx context.Context, id ID, took time.Duration, result ClaimResult)
}

// and returns an observer that tells o and then next.
func (o Observer) and(next Observer) Observer {
	joined := Observer{
		Claimed: both(o.Claimed, next.Claimed),
		Renewed: next.Renewed,
		Ended:   both(o.Ended, next.Ended),
		Asked:   both(o.Asked, next.Asked),
		Waited:  both(o.Waited, next.Waited),
	}
	switch {
	case next.Renewed == nil:
		joined.Renewed = o.Renewed
	case o.Renewed != nil:
		joined.Renewed = func(ctx context.Context, c Claim, err error) {
			o.Renewed(ctx, c, err)
			next.Renewed(ctx, c, err)
		}
	}
	return joined
}

// both calls the two functions one after the other, or is the one that there is.
func both[A, B, C any](first, second func(context.Context, A, B, C)) func(context.Context, A, B, C) {
	switch {
	case first == nil:
		return second
	case second == nil:
		return first
	default:
		return func(ctx context.Context, a A, b B, c C) {
			first(ctx, a, b, c)
			second(ctx, a, b, c)
		}
	}
}
