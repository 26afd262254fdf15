package transport

import "net/http"

// Step wraps a RoundTripper in another that does one thing more.
type Step func(http.RoundTripper) http.RoundTripper

// Chain puts steps around base, the first outermost: it sees the request first and
// the response last. A nil base is http.DefaultTransport.
func Chain(base http.RoundTripper, steps ...Step) http.RoundTripper {
	if base == nil {
		base = http.DefaultTransport
	}
	for i := len(steps) - 1; i >= 0; i-- {
		base = steps[i](base)
	}
	return base
}

// New puts the standard chain around base, all steps with the same options: the time of the
// call ([WithTimeout]), [Resume], [Keys], [Retry], which bounds the time of each attempt,
// [Break], [Hedge], and the source of [WithDateSource]; around them the steps of
// [WithCallSteps] and [WithAttemptSteps]. A nil base is http.DefaultTransport.
// The result is safe for concurrent use; it passes CloseIdleConnections on to base.
func New(base http.RoundTripper, opts ...Option) http.RoundTripper {
	c := newConfig(opts)
	return Chain(base, c.outer, c.deadline, c.resume, c.keys, c.retry, c.breaker, c.hedge, c.dates, c.inner)
}

// Keys is the step that puts an Idempotency-Key on a request: the key of its context
// (idem.WithKey), or a fresh one where its method is POST or PATCH ([WithKeyMethods]). It leaves
// alone a request that has the field already, or X-Idempotency-Key, and every GET, HEAD, OPTIONS
// and TRACE, which ask for no effect. A key that cannot be sent fails the call.
func Keys(opts ...Option) Step { return newConfig(opts).keys }

// Retry is the step that tries a call again, within the times of [WithTimeout] and
// [WithAttemptTimeout].
func Retry(opts ...Option) Step {
	c := newConfig(opts)
	return func(next http.RoundTripper) http.RoundTripper { return Chain(next, c.deadline, c.retry) }
}

// dates lets the source of dates listen to each attempt.
func (c *config) dates(next http.RoundTripper) http.RoundTripper {
	if c.dateSource == nil {
		return next
	}
	return c.dateSource.Step(next)
}

// closeIdle passes http.Client.CloseIdleConnections on.
func closeIdle(next http.RoundTripper) {
	if c, ok := next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// closeBody closes the body of a request that is not sent.
func closeBody(req *http.Request) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
}
