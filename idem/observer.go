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
// cost nothing; the others are called on the caller's path and must be quick. Claimed and
// Waited have the context of the caller of Guard.Claim, Renewed and Ended that of the operation
// (Held.Context), Asked the one or the other; it may have ended.
type Observer struct {
	// Claimed is called with the store's last answer to Guard.Claim.
	Claimed func(ctx context.Context, info ClaimedInfo)
	// Renewed is called after a lease was renewed, or could not be.
	Renewed func(ctx context.Context, info RenewedInfo)
	// Ended is called when a claim ended.
	Ended func(ctx context.Context, info EndedInfo)
	// Asked is called after each question to the store, also one that is asked again;
	// what Guard.Recover asks is left out. Some are asked when nobody waits for them, so
	// several at a time.
	Asked func(ctx context.Context, info AskedInfo)
	// Waited is called when a claim has waited for another owner's run (WithWait). It is
	// called before Claimed, and also for an operation that has another fingerprint.
	Waited func(ctx context.Context, info WaitedInfo)
}

// ClaimedInfo describes a claim.
type ClaimedInfo struct {
	ID     ID
	Result ClaimResult
	// Err is the store's. It is ErrKeyReused when the record there is of an operation with
	// another fingerprint, although Guard.Claim returns none then: that is no repetition.
	// Who claims without a fingerprint, as package server does, finds out later and is not
	// told of here.
	Err error
}

// RenewedInfo describes the renewal of a lease.
type RenewedInfo struct {
	Claim Claim
	Err   error // why it could not be renewed
}

// EndedInfo describes how a claim ended.
type EndedInfo struct {
	Claim  Claim
	Ending Ending
	// Err is ErrFenced after Completed when the operation was run twice, ErrFull when its
	// result was not kept, and any other error when the store could not be told.
	Err error
}

// AskedInfo describes a question to the store.
type AskedInfo struct {
	Op      StoreOp
	Latency time.Duration // until the answer or the error
	// Err is the store's. ErrFenced, ErrLost and ErrFull are answers, of a store that works.
	Err error
}

// WaitedInfo describes a wait for another owner's run.
type WaitedInfo struct {
	ID     ID
	Waited time.Duration
	// Result is the store's last answer: Pending when the wait was too short, or the store
	// did not answer the looks at what had become of the run.
	Result ClaimResult
}

// and returns an observer that tells o and then next.
func (o Observer) and(next Observer) Observer {
	return Observer{
		Claimed: both(o.Claimed, next.Claimed),
		Renewed: both(o.Renewed, next.Renewed),
		Ended:   both(o.Ended, next.Ended),
		Asked:   both(o.Asked, next.Asked),
		Waited:  both(o.Waited, next.Waited),
	}
}

// both calls the two functions one after the other, or is the one that there is.
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
