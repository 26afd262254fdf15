package idemtest

import (
	"context"
	"sync"
	"time"

	"github.com/goaroundhq/goaround/idem"
)

var waitScenes = []rule{
	{name: "Waiting/EverybodyGetsTheOneResult", check: crowdGetsTheResult()},
	{name: "Waiting/BrokenWaiterStillGetsTheResult", check: crowdGetsTheResult(Always(OpWait, lostRequest))},
	{name: "Waiting/FalseHintsStillGetTheResult", check: crowdGetsTheResult(Always(OpWait, forgotten))},
	{name: "Waiting/LostHintsStillGetTheResult", check: crowdGetsTheResult(Always(OpWait, hanging))},
	{name: "Waiting/LostLooksStillGetTheResult", check: crowdGetsTheResult(First(OpClaim, Fault{}, lostRequest, lostReply))},
	{name: "Waiting/ReleasedOperationIsRunByOneOfThem", check: crowdRunsOnce()},
	{name: "Waiting/LookWhoseReplyWasLostIsHandedBack", check: crowdRunsOnce(First(OpClaim, Fault{}, lostReply))},
	{name: "Waiting/EndsInTime", check: func(e *env) {
		o := e.operation()
		g := o.guard(nil)
		var h idem.Held
		g.Hold(e.Context(), o.claim(g), o.key, &h)
		o.bounded(func() { o.refuses(idem.ErrInProgress, idem.WithWait(2*e.unit)) })
		e.ok("Release", h.Release())
	}},
}

// crowdGetsTheResult lets several wait for an operation that ends well.
func crowdGetsTheResult(schedules ...Schedule) func(*env) {
	return func(e *env) {
		o := e.operation()
		var c crowd
		o.run(o.guard(nil), func(context.Context) (string, error) {
			c.come(o, schedules)
			return "result", nil
		}, "result")
		c.expect("result")
		o.expectRuns(1)
	}
}

// crowdRunsOnce lets several wait for an operation that did nothing.
func crowdRunsOnce(schedules ...Schedule) func(*env) {
	return func(e *env) {
		o := e.operation()
		var c crowd
		o.fails(o.guard(nil), func(ctx context.Context) (string, error) {
			c.come(o, schedules)
			return undone(ctx)
		}, errOperation)
		c.expect("second")
		o.expectAttempts(1, 1) // also when what was handed back late belongs to one who runs it
	}
}

// crowd is several who ask for an operation that runs and wait for its end. One who gets
// to run it gives the result "second".
type crowd struct {
	o       *operation
	waiting sync.WaitGroup
	results [4]string
	errs    [4]error
}

// come returns when they wait.
func (c *crowd) come(o *operation, schedules []Schedule) {
	c.o = o
	for i := range c.results {
		g := o.guard([]idem.GuardOption{idem.WithWait(guardPatience * o.unit)}, schedules...)
		c.waiting.Go(func() {
			c.results[i], c.errs[i] = o.do(g, func(context.Context) (string, error) {
				o.pass((guardCall + 1) * o.unit)
				return "second", nil
			})
		})
	}
	o.pass(min(o.unit, 10*time.Second)) // a guard looks often, whatever the unit
}

// expect waits until all have got what they came for.
func (c *crowd) expect(want string) {
	c.o.Helper()
	c.waiting.Wait()
	for i, got := range c.results {
		if got != want || c.errs[i] != nil {
			c.o.Errorf("one who waited got %q, %v, want %q", got, c.errs[i], want)
		}
	}
}
