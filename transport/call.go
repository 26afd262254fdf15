package transport

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/goaroundhq/goaround/slot"
)

// call is one logical request.
type call struct {
	step *retryStep
	req  *http.Request
	place
	attempt int
	lender  *lender // of a body without GetBody
	ticket  string  // for the seat of the next attempt
	seats   int     // that the server kept: attempts that do not count
	spent   receipt // for the next attempt

	begun time.Time // zero when nobody wants to know
	stop  error     // why there is no further attempt

	// The current attempt.
	started time.Time
	sending *sending // nil when it may be repeated in any case
}

// begin notes the time at which the call begins.
func (c *call) begin() {
	if c.step.observer.Call != nil {
		c.begun = time.Now()
	}
}

// start notes the time at which an attempt begins.
func (c *call) start() {
	switch {
	case !c.step.timed:
	case c.attempt == 1 && !c.step.gated && !c.begun.IsZero():
		c.started = c.begun // a look at the clock less
	default:
		c.started = time.Now()
	}
}

// decide judges the outcome of an attempt. When another one follows, it comes with the
// turn to wait for and the body to send, if there is one.
func (c *call) decide(ctx context.Context, resp *http.Response, err error) (slot.Turn, io.ReadCloser, Attempt) {
	a := Attempt{Target: c.target, Number: c.attempt, Keyed: keyed(c.req), Err: err, Last: true}
	if !c.started.IsZero() {
		a.Latency = time.Since(c.started)
	}
	if resp != nil {
		a.Status = resp.StatusCode
	}
	o := Outcome{Request: c.req, Response: resp, Err: err, Attempt: c.attempt, Unsent: c.sending.unsent(), sent: c.sending.sent()}
	verdict := c.step.judge(o)
	a.Verdict = permit(c.req, verdict)
	f := slot.Feedback{Attempt: c.attempt - c.seats, Result: result(resp), Latency: a.Latency}
	if a.Verdict == Final {
		c.report(resp, verdict, f)
		return slot.Turn{}, nil, a
	}
	turn, body, stop := c.book(ctx, o, f)
	if stop != nil {
		a.Stop, c.stop = stop, stop
		return slot.Turn{}, nil, a
	}
	a.Last, a.Delay, a.Source, a.PacerErr = false, turn.Delay, turn.Source, turn.PacerErr
	return turn, body, a
}

// report tells the pacer how a call ended that needs no plan. An error that is final by
// its nature (the caller left, the request is malformed, the host does not exist) says
// nothing about the target's capacity.
func (c *call) report(resp *http.Response, v Verdict, f slot.Feedback) {
	if p := c.step.plan.Pacer; p != nil && (resp != nil || v != Final) {
		p.Report(c.target, f)
	}
}

// book gets all that the next attempt needs: a turn, a share of the budget, and a body. The
// error is why there is none.
func (c *call) book(ctx context.Context, o Outcome, f slot.Feedback) (slot.Turn, io.ReadCloser, error) {
	c.spent = receipt{}
	h := hintOf(o.Response, c.step.clock)
	seat := c.seat(h)
	turn, err := c.turn(ctx, o, f, h, seat)
	if err != nil {
		return slot.Turn{}, nil, err
	}
	paced := seat || c.step.plan.Pacer != nil && turn.PacerErr == nil
	if !paced && !c.spend(f.Result) {
		return slot.Turn{}, nil, ErrBudget
	}
	body, err := c.again()
	if err != nil {
		turn.Cancel()
		c.refund()
		return slot.Turn{}, nil, err
	}
	c.ticket = h.ticket
	if seat {
		c.seats++
	}
	return turn, body, nil
}

// seat reports whether the server keeps a seat for the next attempt, which is then neither
// counted nor paid for: the server is asked as often as it wants. That is believed up to a
// bound.
func (c *call) seat(h hint) bool {
	return h.ticket != "" && c.seats < maxSeats && c.step.plan.MaxAttempts != 1
}

// turn asks the plan for the next attempt's turn.
func (c *call) turn(ctx context.Context, o Outcome, f slot.Feedback, h hint, seat bool) (slot.Turn, error) {
	plan, own := &c.step.plan, time.Duration(-1)
	if ask := c.step.outcomeBackoff; ask != nil {
		own = ask(o)
	}
	if !h.assigned && own < 0 {
		return plan.Next(ctx, c.target, f, h.wait)
	}
	p := *plan
	if seat {
		p.MaxAttempts = 0
	}
	e := &exact{pacer: plan.Pacer, seat: seat, wait: max(own, h.wait)}
	p.Pacer = e
	turn, err := p.Next(ctx, c.target, f, h.wait)
	if e.used {
		turn.PacerErr, turn.Source = e.err, slot.FromBackoff
		if h.assigned || h.wait > own {
			turn.Source = slot.FromHint
		}
	}
	return turn, err
}

// spend takes the next attempt from the budget.
func (c *call) spend(r slot.Result) (ok bool) {
	cost := RejectionCost
	if r == slot.Failed {
		cost = FailureCost
	}
	c.spent, ok = c.account.spend(c.step.budget, cost)
	return ok
}

// refund gives back what was spent on an attempt that is not made.
func (c *call) refund() { c.spent.refund(c.step.budget) }

// first returns the request for the first attempt.
func (c *call) first() *http.Request {
	if c.req.Body != nil && c.req.Body != http.NoBody && c.req.GetBody == nil {
		c.lender = newLender(c.req.Body, c.step.bodyBuffer)
		return c.request(c.lender.lend())
	}
	return c.request(nil)
}

// again returns a fresh body for the next attempt, nil when it needs none.
func (c *call) again() (io.ReadCloser, error) {
	switch {
	case c.lender != nil:
		body, err := c.lender.lendAgain()
		if err != nil {
			return nil, err
		}
		return body, nil
	case c.req.Body != nil && c.req.Body != http.NoBody:
		body, err := c.req.GetBody()
		switch {
		case err != nil:
			return nil, errors.Join(ErrBody, err)
		case body == nil:
			return nil, ErrBody
		}
		return body, nil
	default:
		return nil, nil
	}
}

// request returns a request for an attempt: the caller's own, or a copy of it when it needs
// another body, other fields or a trace.
func (c *call) request(body io.ReadCloser) *http.Request {
	ctx, header := c.req.Context(), c.header()
	if !repeatable(c.req) {
		c.sending = new(sending)
		ctx = c.sending.watch(ctx)
	} else if body == nil && header == nil {
		return c.req
	}
	req := c.req.WithContext(ctx)
	if body != nil {
		req.Body = body
	}
	if header != nil {
		req.Header = header
	}
	return req
}

// returnBody leaves the caller's body to the last attempt.
func (c *call) returnBody() {
	if c.lender != nil {
		c.lender.settle()
	}
}

// put frees the connection of a response while the call waits, and returns the response
// when it may be the last one after all: only a pacer can find that there is no slot.
func (c *call) put(ctx context.Context, resp *http.Response, spare time.Duration) *http.Response {
	if c.step.plan.Pacer == nil {
		drain(ctx, resp, spare)
		return nil
	}
	return keep(ctx, resp, spare)
}

// end tells the observer how the call ended, and returns its error.
func (c *call) end(ctx context.Context, resp *http.Response, err error) error {
	if c.step.observer.Call == nil {
		return err
	}
	done := Call{
		Target: c.target, Keyed: keyed(c.req), Attempts: c.attempt,
		Err: err, Stop: c.stop, Latency: time.Since(c.begun),
	}
	if resp != nil {
		done.Status = resp.StatusCode
	}
	c.step.observer.Call(ctx, done)
	return err
}
