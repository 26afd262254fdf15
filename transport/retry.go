package transport

import (
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/goaroundhq/goaround/slot"
)

// retry is the step that tries calls again, each attempt within its time.
func (c *config) retry(next http.RoundTripper) http.RoundTripper {
	s := &retryStep{
		config: c, next: c.attempts(next),
		plain: len(c.classifier) == 0 && c.plan.Pacer == nil && c.observer.Attempt == nil && c.observer.Call == nil,
		timed: c.plan.Pacer != nil || c.observer.Attempt != nil,
		gated: c.gated(),
	}
	if !c.ownTarget {
		s.sites = newSites()
	}
	return s
}

// retryStep tries calls again.
type retryStep struct {
	*config
	next  http.RoundTripper
	plain bool   // nobody wants to know of a success
	timed bool   // somebody wants to know how long attempts take
	gated bool   // first attempts wait for a slot, too
	sites *sites // nil when the user names targets
}

func (s *retryStep) CloseIdleConnections() { closeIdle(s.next) }

func (s *retryStep) RoundTrip(req *http.Request) (*http.Response, error) {
	c := call{step: s, req: req, attempt: 1}
	c.begin()
	if s.budget != nil || s.gated {
		c.place = s.place(req)
	}
	c.account.call(s.budget)
	if s.gated {
		if err := c.admit(req.Context()); err != nil {
			closeBody(req)
			return nil, err
		}
	}
	send := c.first()
	c.start()
	defer c.returnBody() // also when the next RoundTripper panics
	resp, err := s.next.RoundTrip(send)
	if s.plain && err == nil && resp != nil && resp.StatusCode < http.StatusBadRequest {
		return resp, nil
	}
	return c.goOn(resp, err)
}

// goOn decides about further attempts after the first and makes them.
func (c *call) goOn(resp *http.Response, err error) (*http.Response, error) {
	s, ctx := c.step, c.req.Context()
	if c.target == "" {
		c.place = s.place(c.req)
	}
	var room [DefaultMaxAttempts]Attempt
	past := history(room[:0])
	var body io.ReadCloser // of the next attempt, until that has it
	defer func() {
		if body != nil { // the wait has ended, or an observer panics
			_ = body.Close()
		}
	}()
	for {
		var turn slot.Turn
		var a Attempt
		resp, err = lawful(ctx, resp, err)
		turn, body, a = c.decide(ctx, resp, err)
		past = past.with(a)
		if s.observer.Attempt != nil {
			s.observer.Attempt(ctx, a)
		}
		if a.Last {
			err = c.fail(err, past)
			return resp, c.end(ctx, resp, err)
		}
		resp = c.put(ctx, resp, turn.Delay)
		if err := turn.Wait(ctx); err != nil {
			c.refund()
			return c.giveUp(ctx, resp, past, err)
		}
		c.attempt++
		c.start()
		req := c.request(body)
		body = nil
		resp, err = s.next.RoundTrip(req)
	}
}

// giveUp ends a call whose wait for its next attempt failed. When there was no slot before
// the deadline, it ends with the last response, if that was kept; when the caller has left, it
// does not.
func (c *call) giveUp(ctx context.Context, resp *http.Response, past history, cause error) (*http.Response, error) {
	late := errors.Is(cause, slot.ErrDeadline)
	if late {
		c.stop = slot.ErrDeadline
	}
	if late && resp != nil {
		return resp, c.end(ctx, resp, nil)
	}
	last := past[len(past)-1]
	e := c.newError(errors.Join(cause, last.Err), nil, past)
	e.Status, e.Stop = last.Status, c.stop
	return nil, c.end(ctx, nil, e)
}

// lawful mends the outcome of a RoundTripper that gave both a response and an error,
// or neither.
func lawful(ctx context.Context, resp *http.Response, err error) (*http.Response, error) {
	switch {
	case err != nil && resp != nil:
		drain(ctx, resp, 0)
		return nil, err
	case err == nil && resp == nil:
		return nil, errNothing
	default:
		return resp, err
	}
}

// result is what an outcome says about the target's capacity.
func result(resp *http.Response) slot.Result {
	switch {
	case resp == nil:
		return slot.Failed
	case refused(resp):
		return slot.Rejected
	case resp.StatusCode >= http.StatusInternalServerError:
		return slot.Failed
	default:
		return slot.Success
	}
}
