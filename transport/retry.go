package transport

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/goaroundhq/goaround/slot"
)

func (c *config) retry(next http.RoundTripper) http.RoundTripper {
	return &retryStep{
		config: c, next: next,
		plain: len(c.classifier) == 0 && c.plan.Pacer == nil && c.observer.Attempt == nil && c.observer.Call == nil,
	}
}

// retryStep tries calls again.
type retryStep struct {
	*config
	next  http.RoundTripper
	plain bool // nobody wants to know of a success
}

func (s *retryStep) CloseIdleConnections() { closeIdle(s.next) }

func (s *retryStep) RoundTrip(req *http.Request) (*http.Response, error) {
	c := call{step: s, req: req, attempt: 1}
	send := req
	if req.Body != nil && req.Body != http.NoBody && req.GetBody == nil {
		c.lender = newLender(req.Body, s.bodyBuffer)
		send = c.request(c.lender.lend())
	}
	if !s.plain {
		c.started = time.Now()
	}
	defer c.returnBody() // also when the next RoundTripper panics
	resp, err := s.next.RoundTrip(send)
	if s.plain && err == nil && resp != nil && resp.StatusCode < http.StatusBadRequest {
		return resp, nil
	}
	return s.goOn(c, resp, err)
}

// goOn decides about further attempts after the first and makes them.
func (s *retryStep) goOn(c call, resp *http.Response, err error) (*http.Response, error) {
	ctx := c.req.Context()
	c.target = s.target(c.req)
	for {
		resp, err = lawful(ctx, resp, err)
		turn, next, a := c.decide(ctx, resp, err)
		if s.observer.Attempt != nil {
			s.observer.Attempt(ctx, a)
		}
		if a.Last {
			err = c.fail(err, a)
			return resp, c.end(ctx, resp, err)
		}
		drain(ctx, resp, turn.Delay)
		if err := turn.Wait(ctx); err != nil {
			closeBody(next)
			return nil, c.end(ctx, nil, &Error{Target: c.target, Attempts: c.attempt, Status: a.Status, Err: errors.Join(err, a.Err)})
		}
		c.attempt++
		c.started = time.Now()
		resp, err = s.next.RoundTrip(next)
	}
}

// end tells the observer how the call ended, and returns its error.
func (c *call) end(ctx context.Context, resp *http.Response, err error) error {
	if c.step.observer.Call == nil {
		return err
	}
	done := Call{Target: c.target, Attempts: c.attempt, Err: err}
	if resp != nil {
		done.Status = resp.StatusCode
	}
	c.step.observer.Call(ctx, done)
	return err
}

// call is one logical request.
type call struct {
	step    *retryStep
	req     *http.Request
	target  string
	attempt int
	started time.Time // the current attempt
	lender  *lender   // of a body without GetBody
}

// decide judges the outcome of an attempt. When another one follows, it comes with the
// turn to wait for and the request to send.
func (c *call) decide(ctx context.Context, resp *http.Response, err error) (slot.Turn, *http.Request, Attempt) {
	a := Attempt{Target: c.target, Number: c.attempt, Err: err, Last: true}
	if !c.started.IsZero() {
		a.Latency = time.Since(c.started)
	}
	var hint time.Duration
	if resp != nil {
		a.Status = resp.StatusCode
		hint = retryAfter(resp, c.step.clock)
	}
	verdict := c.step.judge(Outcome{Request: c.req, Response: resp, Err: err, Attempt: c.attempt})
	a.Verdict = permit(c.req, verdict)
	feedback := slot.Feedback{Attempt: c.attempt, Result: result(resp), Latency: a.Latency}
	if a.Verdict == Final {
		c.report(resp, verdict, feedback)
		return slot.Turn{}, nil, a
	}
	turn, stop := c.step.plan.Next(ctx, c.target, feedback, hint)
	if stop != nil {
		a.Stop = stop
		return slot.Turn{}, nil, a
	}
	next, stop := c.again()
	if stop != nil {
		turn.Cancel()
		a.Stop = stop
		return slot.Turn{}, nil, a
	}
	a.Last, a.Delay, a.Source, a.PacerErr = false, turn.Delay, turn.Source, turn.PacerErr
	return turn, next, a
}

// report tells the pacer how a call ended that needs no plan. An error that is final by
// its nature (the caller left, the request is malformed, the host does not exist) says
// nothing about the target's capacity.
func (c *call) report(resp *http.Response, v Verdict, f slot.Feedback) {
	if p := c.step.plan.Pacer; p != nil && (resp != nil || v != Final) {
		p.Report(c.target, f)
	}
}

// result is what an outcome says about the target's capacity.
func result(resp *http.Response) slot.Result {
	switch {
	case resp == nil:
		return slot.Failed
	case resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusServiceUnavailable:
		return slot.Rejected
	case resp.StatusCode >= http.StatusInternalServerError:
		return slot.Failed
	default:
		return slot.Success
	}
}

// again returns the request for the next attempt, with a fresh body.
func (c *call) again() (*http.Request, error) {
	switch {
	case c.lender != nil:
		body, err := c.lender.lendAgain()
		if err != nil {
			return nil, err
		}
		return c.request(body), nil
	case c.req.Body != nil && c.req.Body != http.NoBody:
		body, err := c.req.GetBody()
		if err != nil {
			return nil, errors.Join(ErrBody, err)
		}
		return c.request(body), nil
	default:
		return c.req, nil
	}
}

// request returns a copy of the caller's request with another body.
func (c *call) request(body io.ReadCloser) *http.Request {
	req := c.req.WithContext(c.req.Context())
	req.Body = body
	return req
}

// returnBody leaves the caller's body to the last attempt.
func (c *call) returnBody() {
	if c.lender != nil {
		c.lender.settle()
	}
}

// fail is the error that the call ends with, nil with a response. An error that was
// final at the first attempt is returned as it came.
func (c *call) fail(err error, a Attempt) error {
	if err == nil || (c.attempt == 1 && a.Verdict == Final) {
		return err
	}
	return &Error{Target: c.target, Attempts: c.attempt, Err: err, Stop: a.Stop}
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

// origin is the default target.
func origin(req *http.Request) string {
	if req.URL == nil {
		return ""
	}
	host := req.URL.Host
	if req.URL.Port() == "" {
		switch req.URL.Scheme {
		case "http":
			host += ":80"
		case "https":
			host += ":443"
		}
	}
	return req.URL.Scheme + "://" + host
}
