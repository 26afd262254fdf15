package idemtest

import (
	"context"
	"errors"

	"github.com/goaroundhq/goaround/idem"
)

var errOperation = errors.New("idemtest: the operation failed")

// undone is an operation that fails before it did anything.
func undone(context.Context) (string, error) { return "", idem.NothingHappened(errOperation) }

// failed is an operation that fails halfway.
func failed(context.Context) (string, error) { return "", errOperation }

var endScenes = []rule{
	{name: "Ending/LostRequestIsSentAgain", check: keeps(lostRequest)},
	{name: "Ending/LostReplyIsSentAgain", check: keeps(lostReply)},
	{name: "Ending/SentTwiceIsKept", check: keeps(twice, twice)},
	{name: "Ending/TwoThatAreLostAreSentAgain", check: keeps(lostReply, lostRequest)},
	{name: "Ending/LateCopyChangesNothing", check: func(e *env) {
		keeps(Fault{DelayRequest: (guardCall + 2) * e.unit})(e)
	}},
	{name: "Ending/AllRepliesLostIsKept", check: func(e *env) {
		o := e.operation()
		o.run(o.guard(nil, Always(OpComplete, lostReply)), gives("result"), "result")
		o.expectEnding(idem.Completed, ErrDisturbed)
		o.replays("result")
	}},
	{name: "Ending/RefusedCompleteIsNeverReleased", check: func(e *env) {
		o := e.operation()
		o.run(o.guard(nil, Always(OpComplete, lostRequest)), gives("result"), "result")
		o.expectEnding(idem.Completed, ErrDisturbed)
		o.refuses(idem.ErrInProgress)
		o.comesToRefuse(idem.ErrUnknown)
		if n := o.called(OpRelease) + o.called(OpAbandon); n != 0 {
			e.Errorf("released or abandoned %d times", n)
		}
	}},
	{name: "Ending/RefusedCompleteIsTakenOver", check: func(e *env) {
		o := e.operation()
		o.run(o.guard(repeatable, Always(OpComplete, lostRequest)), gives("first"), "first")
		o.comesToRun("second", repeatable...)
		o.expectAttempts(1, 2)
		o.replays("second")
	}},
	{name: "Ending/FullStoreStillNotesThatItIsDone", check: func(e *env) {
		o := e.operation()
		o.run(o.guard(nil, First(OpComplete, full)), gives("result"), "result")
		o.expectEnding(idem.Completed, idem.ErrFull)
		o.refuses(idem.ErrNotStored)
	}},
	{name: "Ending/FullStoreThatNotesNothingIsUnknownAfterItsLease", check: func(e *env) {
		o := e.operation()
		o.run(o.guard(nil, Always(OpComplete, full)), gives("result"), "result")
		o.comesToRefuse(idem.ErrUnknown)
	}},
	{name: "Ending/HangingStoreIsBounded", check: func(e *env) {
		o := e.operation()
		hanging := Fault{LoseRequest: true, DelayReply: 2 * guardPatience * e.unit}
		o.bounded(func() {
			o.run(o.guard(nil, Always(OpComplete, hanging)), gives("result"), "result")
		})
	}},
	{name: "Ending/LostReleaseIsSentAgain", check: frees(lostRequest)},
	{name: "Ending/LostReleaseReplyIsSentAgain", check: frees(lostReply)},
	{name: "Ending/ReleaseSentTwiceFreesTheKey", check: frees(twice)},
	{name: "Ending/RefusedReleaseIsUnknownAfterItsLease", check: func(e *env) {
		o := e.operation()
		o.fails(o.guard(nil, Always(OpRelease, lostRequest)), undone, errOperation)
		o.comesToRefuse(idem.ErrUnknown)
	}},
	{name: "Ending/LateReleaseFreesNobodyElsesClaim", check: func(e *env) {
		o := e.operation()
		late := Fault{DelayRequest: (guardCall + 3) * e.unit}
		o.fails(o.guard(nil, First(OpRelease, late)), undone, errOperation)
		o.run(o.guard(nil), func(context.Context) (string, error) {
			e.pass(6 * e.unit) // it has landed
			o.refuses(idem.ErrInProgress)
			return "second", nil
		}, "second")
		o.replays("second")
	}},
	{name: "Ending/LostAbandonIsSentAgain", check: func(e *env) {
		o := e.operation()
		o.fails(o.guard(nil, First(OpAbandon, lostRequest, lostReply)), failed, errOperation)
		o.expectEnding(idem.Abandoned, nil)
		o.refuses(idem.ErrUnknown)
	}},
	{name: "Ending/RefusedAbandonIsUnknownAfterItsLease", check: func(e *env) {
		o := e.operation()
		o.fails(o.guard(nil, Always(OpAbandon, lostRequest)), failed, errOperation)
		o.comesToRefuse(idem.ErrUnknown)
	}},
}

// keeps disturbs the first tries to complete, of which a later one must arrive.
func keeps(faults ...Fault) func(*env) {
	return func(e *env) {
		o := e.operation()
		o.run(o.guard(nil, First(OpComplete, faults...)), gives("result"), "result")
		o.expectEnding(idem.Completed, nil)
		o.replays("result")
		e.pass(3 * e.unit)
		o.replays("result")
	}
}

// frees disturbs the first tries to release, of which a later one must arrive.
func frees(faults ...Fault) func(*env) {
	return func(e *env) {
		o := e.operation()
		o.fails(o.guard(nil, First(OpRelease, faults...)), undone, errOperation)
		o.expectEnding(idem.Released, nil)
		o.run(o.guard(nil), gives("result"), "result")
		o.expectAttempts(1, 1)
	}
}
