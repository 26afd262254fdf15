package transport

import (
	"net/http"
	"time"
)

// Hedge is the step that sends a request a second time when the first exchange is slow, and
// takes the response that comes first (a hedged request: Dean and Barroso, "The Tail at
// Scale", 2013). The delay is that of [WithHedging], [HedgeQuantile](0.95) without it.
//
// Only requests are hedged that may be repeated, by their method (RFC 9110, 9.2.2) or by a
// key, and whose body, if they have one, can be opened again by GetBody, which must give
// bodies that can be read side by side. The same key is on all exchanges. A PUT or DELETE
// without a key can still be under way when its hedge has won, and reach the server after the
// caller's next request; and an upload is slow because it is long. Where that matters, leave
// them out by [WithHedgeIf].
//
// A hedge is for a server that is slow. One that fails is not asked again at once: that is
// for [Retry], which waits. A response that Retry would try again does not win while another
// exchange is under way, and of a request that asks for an effect neither does one from 400 to
// 499, which the other exchange may have caused (a key in use, a resource deleted already).
// When none wins, the latter comes back, or the former that asks for the longest wait, or an
// error. The loser's context is cancelled, the winner's lives until its body is closed or read
// to the end.
//
// Each hedge costs [FailureCost] of the [Budget], and no slot of a pacer. When there is no
// budget left, the exchange that is under way goes on alone. It is Retry that counts calls for
// the budget: in a chain made by hand, give both the same one, or hedges have only its floor.
//
// Hedge belongs inside of Retry, so that an attempt may be several exchanges, all within one
// timeout of the attempt. When that, or the caller's context, ends while a response is held
// back, the error is about that.
//
// Hedges are sent, and their bodies opened, from goroutines of their own, and the hooks of an
// httptrace.ClientTrace are called from all of them at once. A panic of a hedge is raised again
// on the caller's goroutine, unless another exchange has won already.
func Hedge(opts ...Option) Step {
	c := newConfig(opts)
	if c.steps.hedging == nil {
		c.steps.hedging = HedgeQuantile(defaultHedgeQuantile)
	}
	return c.hedge
}

func (c *config) hedge(next http.RoundTripper) http.RoundTripper {
	if c.steps.hedging == nil {
		return next
	}
	return &hedgeStep{config: c, next: next}
}

// hedgeStep sends more than one request for an attempt.
type hedgeStep struct {
	*config
	next http.RoundTripper
}

func (s *hedgeStep) CloseIdleConnections() { closeIdle(s.next) }

func (s *hedgeStep) RoundTrip(req *http.Request) (*http.Response, error) {
	if !s.mayHedge(req) {
		return s.next.RoundTrip(req)
	}
	target := s.target(req)
	started := time.Now()
	delay, ok := s.steps.hedging.Delay(target)
	if !ok {
		resp, err := s.next.RoundTrip(req)
		if s.worth(req, resp, err) >= doubt {
			s.steps.hedging.Observe(target, time.Since(started))
		}
		return resp, err
	}
	r := race{step: s, req: req, target: target, delay: delay, started: started, decided: make(chan struct{})}
	return r.run()
}

// mayHedge reports whether the request may be sent twice at a time. One that asks for another
// protocol gets a connection, and not a response, in return.
func (s *hedgeStep) mayHedge(req *http.Request) bool {
	again := req.Body == nil || req.Body == http.NoBody || req.GetBody != nil
	return again && repeatable(req) && len(req.Header["Upgrade"]) == 0 &&
		(s.steps.hedgeIf == nil || s.steps.hedgeIf(req))
}

// worth is what an outcome is worth to the caller.
type worth uint8

const (
	failed  worth = iota // an error
	refusal              // a response that Retry would try again
	doubt                // an answer that the other exchange may have caused
	answer
)

// worth judges an outcome. Of two requests that ask for an effect, the one that comes second
// may be answered by 404, 409 or 412 because of the first: 409 is what servers say of a key
// that is in use (draft-ietf-httpapi-idempotency-key-header, 2.7).
func (s *hedgeStep) worth(req *http.Request, resp *http.Response, err error) worth {
	switch {
	case err != nil || resp == nil:
		return failed
	case s.judge(Outcome{Request: req, Response: resp, Attempt: 1}) != Final:
		return refusal
	case !safe(req.Method) && resp.StatusCode >= 400 && resp.StatusCode < 500:
		return doubt
	default:
		return answer
	}
}
