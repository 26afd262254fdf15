package idemtest

import (
	"context"

	"github.com/goaroundhq/goaround/idem"
)

var crashScenes = []rule{
	{name: "Crash/IsUnknownAndNeverRunsAgain", check: func(e *env) {
		o := e.operation()
		o.claim(o.guard(nil))
		o.refuses(idem.ErrInProgress)
		o.comesToRefuse(idem.ErrUnknown)
		e.pass(guardLease * e.unit)
		o.refuses(idem.ErrUnknown)
		o.expectRuns(0)
	}},
	{name: "Crash/RunsAgainWhenRepeatable", check: func(e *env) {
		o := e.operation()
		o.claim(o.guard(repeatable))
		o.refuses(idem.ErrInProgress, repeatable...)
		o.comesToRun("second", repeatable...)
		o.expectAttempts(2)
		o.replays("second")
	}},
}

// After a failover the store has forgotten what it acknowledged last.
var failoverScenes = []rule{
	{name: "Failover/ForgottenClaimKeepsItsResult", check: func(e *env) {
		o := e.operation()
		o.run(o.guard(nil, First(OpClaim, forgotten)), gives("result"), "result")
		o.expectEnding(idem.Completed, nil)
		o.replays("result")
	}},
	{name: "Failover/ForgottenClaimCancelsTheOperation", check: func(e *env) {
		o := e.operation()
		o.run(o.guard(nil, First(OpClaim, forgotten)), func(ctx context.Context) (string, error) {
			o.expectCause(ctx, idem.ErrLost)
			return "result", nil
		}, "result")
		o.expectEnding(idem.Completed, nil) // nobody else came
		o.replays("result")
	}},
	{name: "Failover/ForgottenClaimThatAnotherCompletedIsFenced", check: func(e *env) {
		o := e.operation()
		o.run(o.guard(nil, First(OpClaim, forgotten)), func(context.Context) (string, error) {
			o.run(o.guard(nil), gives("second"), "second")
			return "first", nil
		}, "first")
		o.expectEnding(idem.Completed, idem.ErrFenced) // that it ran twice does not go unseen
		o.replays("second")
	}},
	{name: "Failover/ForgottenClaimThatAnotherRunsIsFenced", check: func(e *env) {
		o := e.operation()
		g := o.guard(nil, First(OpClaim, forgotten))
		first := o.claim(g)
		var h idem.Held
		g.Hold(e.Context(), first, o.key, &h)
		o.run(o.guard(nil), func(context.Context) (string, error) {
			e.fenced("Complete", h.Complete(nil, []byte("first"), nil))
			return "second", nil
		}, "second")
		o.replays("second")
	}},
	{name: "Failover/ForgottenCompleteIsUnknownAfterItsLease", check: func(e *env) {
		o := e.operation()
		o.run(o.guard(nil, Always(OpComplete, forgotten)), gives("result"), "result")
		o.comesToRefuse(idem.ErrUnknown)
	}},
	{name: "Failover/ForgottenCompleteRunsAgainWhenRepeatable", check: func(e *env) {
		o := e.operation()
		o.run(o.guard(repeatable, Always(OpComplete, forgotten)), gives("first"), "first")
		o.comesToRun("second", repeatable...)
		o.expectAttempts(1, 2)
		o.replays("second")
	}},
	{name: "Failover/ForgottenReleaseIsUnknownAfterItsLease", check: func(e *env) {
		o := e.operation()
		o.fails(o.guard(nil, Always(OpRelease, forgotten)), undone, errOperation)
		o.comesToRefuse(idem.ErrUnknown)
	}},
	{name: "Failover/ForgottenAbandonIsUnknownAfterItsLease", check: func(e *env) {
		o := e.operation()
		o.fails(o.guard(nil, Always(OpAbandon, forgotten)), failed, errOperation)
		o.comesToRefuse(idem.ErrUnknown)
	}},
	{name: "Failover/ForgottenResultRunsAgainWithAHigherFence", check: withAdmin(func(e *env, a idem.Admin) {
		// The promise goes with the record, but not what others know of its fence.
		o := e.operation()
		o.run(o.guard(nil), gives("first"), "first")
		e.pass(e.unit)
		e.ok("Purge", a.Purge(e.Context(), o.recordID()))
		o.run(o.guard(nil), gives("second"), "second")
		o.expectAttempts(1, 1)
	})},
}

var clockScenes = []rule{
	{name: "ClockJump/ForwardsIsUnknownForAWhile", check: func(e *env) {
		o := e.operation()
		o.run(o.guard(nil, First(OpClaim, Fault{Jump: (guardLease - 1) * e.unit})), func(ctx context.Context) (string, error) {
			o.comesToRefuse(idem.ErrUnknown)
			o.comesToRefuse(idem.ErrInProgress) // the next renewal finds it untouched
			return "result", ctx.Err()
		}, "result")
		o.expectEnding(idem.Completed, nil)
		o.replays("result")
	}},
	{name: "ClockJump/ForwardsLetsOthersTakeOverAndIsFenced", check: func(e *env) {
		o := e.operation()
		jump := Fault{Jump: (guardLease - 1) * e.unit}
		g := o.guard(repeatable, Always(OpClaim, jump), Always(OpExtend, jump))
		o.run(g, func(ctx context.Context) (string, error) {
			o.comesToRun("second", repeatable...)
			o.expectCause(ctx, idem.ErrFenced)
			return "first", nil
		}, "first")
		o.expectEnding(idem.Completed, idem.ErrFenced)
		o.expectAttempts(1, 2)
		o.replays("second")
	}},
	{name: "ClockJump/BackwardsIsUnknownLater", check: func(e *env) {
		o := e.operation()
		o.claim(o.guard(nil, First(OpClaim, Fault{Jump: -guardLease / 2 * e.unit})))
		e.pass((guardLease + 2) * e.unit)
		o.refuses(idem.ErrInProgress)
		o.comesToRefuse(idem.ErrUnknown)
		o.expectRuns(0)
	}},
}
