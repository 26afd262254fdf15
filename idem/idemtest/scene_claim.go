package idemtest

import (
	"context"
	"errors"
	"time"

	"github.com/goaroundhq/goaround/idem"
)

// The scenes are rules about a guard over the store when the connection between them is
// bad: what a guard promises, it must be able to keep on every store.

var (
	lostRequest = Fault{LoseRequest: true}
	lostReply   = Fault{LoseReply: true}
	hanging     = Fault{LoseRequest: true, DelayReply: Forever}
	full        = Fault{LoseRequest: true, Err: idem.ErrFull}
	forgotten   = Fault{Forget: true}
	twice       = Fault{Twice: true}
)

var claimScenes = []rule{
	{name: "Claiming/LostRequestRunsNothing", check: func(e *env) {
		o := e.operation()
		o.fails(o.guard(nil, First(OpClaim, lostRequest)), gives("result"), ErrDisturbed)
		o.expectRuns(0)
		o.run(o.guard(nil), gives("result"), "result")
	}},
	{name: "Claiming/LostReplyFreesTheKey", check: func(e *env) {
		o := e.operation()
		o.fails(o.guard(nil, First(OpClaim, lostReply)), gives("result"), ErrDisturbed)
		o.expectRuns(0)
		o.comesToRun("result")
		o.replays("result")
	}},
	{name: "Claiming/LostReplyThatCannotBeHandedBackIsUnknownAfterItsLease", check: func(e *env) {
		o := e.operation()
		o.fails(o.guard(nil, First(OpClaim, lostReply), Always(OpRelease, lostRequest)), gives("result"), ErrDisturbed)
		o.refuses(idem.ErrInProgress)
		o.comesToRefuse(idem.ErrUnknown)
		o.expectRuns(0)
	}},
	{name: "Claiming/LostReplyThatCannotBeHandedBackIsTakenOver", check: func(e *env) {
		o := e.operation()
		o.fails(o.guard(repeatable, First(OpClaim, lostReply), Always(OpRelease, lostRequest)), gives("result"), ErrDisturbed)
		o.comesToRun("result", repeatable...)
		o.expectAttempts(2)
	}},
	{name: "Claiming/LateRequestIsHandedBack", check: func(e *env) {
		o := e.operation()
		late := Fault{DelayRequest: (guardCall + 1) * e.unit}
		o.fails(o.guard(nil, First(OpClaim, late)), gives("result"), context.DeadlineExceeded)
		e.pass(2 * e.unit) // it has landed
		o.comesToRun("result")
		o.expectRuns(1)
	}},
	{name: "Claiming/VeryLateRequestIsUnknownAfterItsLease", check: func(e *env) {
		o := e.operation()
		late := Fault{DelayRequest: (3*guardCall + 1) * e.unit}
		o.fails(o.guard(nil, First(OpClaim, late)), gives("result"), context.DeadlineExceeded)
		e.pass((2*guardCall + 3) * e.unit)
		o.comesToRefuse(idem.ErrUnknown)
		o.expectRuns(0)
	}},
	{name: "Claiming/LateRequestForWhatIsDoneChangesNothing", check: func(e *env) {
		o := e.operation()
		late := Fault{DelayRequest: 2 * guardCall * e.unit}
		o.fails(o.guard(nil, First(OpClaim, late)), gives("first"), context.DeadlineExceeded)
		o.run(o.guard(nil), gives("second"), "second")
		e.pass((guardCall + 2) * e.unit)
		o.replays("second")
	}},
	{name: "Claiming/SentTwiceRunsOnce", check: func(e *env) {
		o := e.operation()
		o.run(o.guard(nil, Always(OpClaim, twice)), gives("result"), "result")
		o.expectAttempts(1)
		o.replays("result")
	}},
	{name: "Claiming/StoreDownRunsNothing", check: func(e *env) {
		o := e.operation()
		for _, opts := range [][]idem.GuardOption{nil, repeatable} {
			o.fails(o.guard(opts, Always(OpClaim, lostRequest)), gives("result"), ErrDisturbed)
		}
		o.expectRuns(0)
		o.run(o.guard(nil), gives("result"), "result")
	}},
	{name: "Claiming/FullStoreRunsNothing", check: func(e *env) {
		o := e.operation()
		o.fails(o.guard(nil, Always(OpClaim, full)), gives("result"), idem.ErrFull)
		o.expectRuns(0)
	}},
	{name: "Claiming/HangingStoreIsBounded", check: func(e *env) {
		o := e.operation()
		hanging := Fault{LoseRequest: true, DelayReply: 2 * guardPatience * e.unit}
		o.bounded(func() {
			o.fails(o.guard(nil, Always(OpClaim, hanging), Always(OpRelease, hanging)), gives("result"), context.DeadlineExceeded)
		})
		o.expectRuns(0)
	}},
	{name: "Claiming/SlowStoreRunsOnce", check: func(e *env) {
		o := e.operation()
		slow := Fault{DelayRequest: e.unit / 2, DelayReply: e.unit / 2}
		o.run(o.guard(nil, Always(OpClaim, slow), Always(OpComplete, slow)), gives("result"), "result")
		o.replays("result")
	}},
	{name: "Claiming/CallerWhoLeftLosesNoResult", check: func(e *env) {
		o := e.operation()
		ctx, leave := context.WithCancel(e.Context())
		time.AfterFunc(e.unit, leave)
		slow := Fault{DelayReply: 2 * e.unit}
		g := o.guard(nil, Always(OpClaim, slow), Always(OpComplete, slow))
		if got, err := o.doIn(ctx, g, gives("result")); got != "result" || err != nil {
			e.Errorf("got %q, %v", got, err)
		}
		if !errors.Is(ctx.Err(), context.Canceled) {
			e.Error("the caller was still there")
		}
		o.replays("result")
	}},
}
