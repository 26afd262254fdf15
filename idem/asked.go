package idem

import (
	"context"
	"errors"
	"time"
)

// StoreOp is what a [Guard] asks a [Store], or its [Waiter], to do.
type StoreOp uint8

// The questions of a guard, named after the methods that they call.
const (
	StoreClaim StoreOp = iota
	StoreExtend
	StoreComplete
	StoreRelease
	StoreAbandon
	StoreWait
)

// String returns the method in lower case, for logs and metric labels.
func (o StoreOp) String() string {
	switch o {
	case StoreClaim:
		return "claim"
	case StoreExtend:
		return "extend"
	case StoreComplete:
		return "complete"
	case StoreRelease:
		return "release"
	case StoreAbandon:
		return "abandon"
	case StoreWait:
		return "wait"
	default:
		return "invalid"
	}
}

// epoch is what clock counts from: what only grows costs half as much to read as the time of day.
var epoch = time.Now()

// clock is the time since epoch when somebody wants to know how long something takes, and else
// zero: to read it costs more than the question does to a store in memory.
func clock(wanted bool) time.Duration {
	if !wanted {
		return 0
	}
	return time.Since(epoch)
}

// asks is when a question to the store begins, for asked.
func (g *Guard) asks() time.Duration { return clock(g.observer.Asked != nil) }

// asked tells the observer of a question that began then.
func (g *Guard) asked(ctx context.Context, op StoreOp, began time.Duration, err error) {
	if g.observer.Asked != nil {
		g.observer.Asked(ctx, AskedInfo{Op: op, Latency: clock(true) - began, Err: err})
	}
}

// await asks the waiter. That the time for it is over is no failure.
func (g *Guard) await(ctx context.Context, id ID) error {
	began := g.asks()
	err := g.waiter.Wait(ctx, id)
	if ctx.Err() != nil {
		err = nil
	}
	if !errors.Is(err, errors.ErrUnsupported) { // a wrapper, over a store without: nobody was asked
		g.asked(ctx, StoreWait, began, err)
	}
	return err
}

// reused is the error of a claim that found another operation under its key.
func reused(fingerprint []byte, result ClaimResult, err error) error {
	if err == nil && result.State != Acquired && differ(fingerprint, result.Fingerprint) {
		return ErrKeyReused
	}
	return err
}
