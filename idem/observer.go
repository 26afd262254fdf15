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
	// Claimed is called with the store's last answer to [Guard.Claim]. The error is
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
	// with the time that it took; what [Guard.Recover] asks is left out. ErrFenced,
	// ErrLost and ErrFull are answers, of a store that works. Some are asked when
	// nobody waits for them, so several at a time.
	Asked func(ctx context.Context, op StoreOp, took time.Duration, err error)
	// Waited is called when a claim has waited for another owner's run ([WithWait]),
	// with the time and the store's last answer: Pending when the wait was too short,
	// or the store did not answer the looks at what had become of it. It is called
	// before Claimed, and also for an operation that has another fingerprint.
	Waited func(ctx context.Context, id ID, took time.Duration, result ClaimResult)
}

// and returns an observer that tells o and then next.
func (o Observer) and(next Observer) Observer {
	return Observer{
		Claimed: either(o.Claimed, o.Claimed != nil, next.Claimed, next.Claimed != nil, func(ctx context.Context, id ID, result ClaimResult, err error) {
			o.Claimed(ctx, id, result, err)
			next.Claimed(ctx, id, result, err)
		}),
		Renewed: either(o.Renewed, o.Renewed != nil, next.Renewed, next.Renewed != nil, func(ctx context.Context, c Claim, err error) {
			o.Renewed(ctx, c, err)
			next.Renewed(ctx, c, err)
		}),
		Ended: either(o.Ended, o.Ended != nil, next.Ended, next.Ended != nil, func(ctx context.Context, c Claim, how Ending, err error) {
			o.Ended(ctx, c, how, err)
			next.Ended(ctx, c, how, err)
		}),
		Asked: either(o.Asked, o.Asked != nil, next.Asked, next.Asked != nil, func(ctx context.Context, op StoreOp, took time.Duration, err error) {
			o.Asked(ctx, op, took, err)
			next.Asked(ctx, op, took, err)
		}),
		Waited: either(o.Waited, o.Waited != nil, next.Waited, next.Waited != nil, func(ctx context.Context, id ID, took time.Duration, result ClaimResult) {
			o.Waited(ctx, id, took, result)
			next.Waited(ctx, id, took, result)
		}),
	}
}

// either is both, or the one that there is.
func either[F any](first F, isFirst bool, next F, isNext bool, both F) F {
	switch {
	case !isFirst:
		return next
	case !isNext:
		return first
	default:
		return both
	}
}
