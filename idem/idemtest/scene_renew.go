package idemtest

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/goaroundhq/goaround/idem"
)

var renewScenes = []rule{
	{name: "Renewing/KeepsASlowOperation", check: staysHeld()},
	{name: "Renewing/OutageShorterThanTheLeaseIsNotNoticed", check: staysHeld(lostRequest, lostRequest)},
	{name: "Renewing/LostRepliesAreNotNoticed", check: staysHeld(lostReply, lostReply)},
	{name: "Renewing/HangingStoreIsNotNoticed", check: staysHeld(hanging)},
	{name: "Renewing/SentTwiceIsNotNoticed", check: staysHeld(twice, twice, twice)},
	{name: "Renewing/OutagePastTheLeaseCancelsARepeatableOperation", check: func(e *env) {
		o := e.operation()
		o.run(o.guard(repeatable, Always(OpExtend, lostRequest)), func(ctx context.Context) (string, error) {
			o.expectCause(ctx, idem.ErrLost)
			return "late", nil
		}, "late")
		o.expectEnding(idem.Completed, nil) // nobody else came
		o.replays("late")
	}},
	{name: "Renewing/OutagePastTheLeaseStopsNoOtherOperation", check: func(e *env) {
		// Nobody can take it over, so that stopping it would help nobody.
		o := e.operation()
		o.run(o.guard(nil, Always(OpExtend, lostRequest)), func(ctx context.Context) (string, error) {
			o.comesToRefuse(idem.ErrUnknown)
			e.pass(6 * e.unit)
			return "late", ctx.Err()
		}, "late")
		o.expectEnding(idem.Completed, nil)
		o.replays("late")
	}},
	{name: "Renewing/OvertakenOperationIsFenced", check: func(e *env) {
		o := e.operation()
		o.run(o.guard(repeatable, Always(OpExtend, lostRequest)), func(context.Context) (string, error) {
			o.comesToRun("second", repeatable...)
			return "first", nil
		}, "first")
		o.expectEnding(idem.Completed, idem.ErrFenced)
		o.expectAttempts(1, 2)
		o.replays("second")
	}},
	{name: "Renewing/OvertakenOperationIsTold", check: func(e *env) {
		o := e.operation()
		var overtaken atomic.Bool
		outage := func(c Call) Fault {
			if c.Op == OpExtend && !overtaken.Load() {
				return forgotten // an error would count against the lease, and end the operation sooner
			}
			return Fault{}
		}
		o.run(o.guard(repeatable, outage), func(ctx context.Context) (string, error) {
			o.comesToRun("second", repeatable...)
			overtaken.Store(true)
			o.expectCause(ctx, idem.ErrFenced)
			return "first", nil
		}, "first")
		o.expectEnding(idem.Completed, idem.ErrFenced)
		o.replays("second")
	}},
}

// staysHeld disturbs the first renewals of an operation that takes longer than its lease.
// It must be run to its end by one owner, although anybody might take over a lapsed lease.
func staysHeld(faults ...Fault) func(*env) {
	return func(e *env) {
		o := e.operation()
		o.run(o.guard(repeatable, First(OpExtend, faults...)), func(ctx context.Context) (string, error) {
			for range 4 {
				e.pass(guardLease / 3 * e.unit)
				o.refuses(idem.ErrInProgress, repeatable...)
			}
			return "result", ctx.Err()
		}, "result")
		o.expectEnding(idem.Completed, nil)
		o.replays("result")
	}
}

func (o *operation) expectCause(ctx context.Context, want error) {
	o.Helper()
	if got := o.cause(ctx); !errors.Is(got, want) {
		o.Errorf("the operation was cancelled by %v, want %v", got, want)
	}
}
