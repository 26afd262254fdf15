package transport

import (
	"net/http"
	"slices"
)

// WithCallSteps puts steps of your own around the chain of [New], the first outermost: they
// see each call once, before it has a key, and the response that comes back in the end. What
// they put into the request's context, observers find there. Steps of several options follow
// in the order in which they were given. It panics when one is nil.
//
// A request for the rest of a download ([WithResume]) does not pass them again.
func WithCallSteps(steps ...Step) Option {
	noneNil("WithCallSteps", steps)
	return func(c *config) { c.callSteps = append(c.callSteps, steps...) }
}

// WithAttemptSteps puts steps of your own at the end of the chain of [New], right above base:
// they see each exchange, so each attempt of a call, each hedge, and each request for the rest
// of a download, with the fields that the chain gave it. Their order is that of
// [WithCallSteps]. It panics when one is nil.
func WithAttemptSteps(steps ...Step) Option {
	noneNil("WithAttemptSteps", steps)
	return func(c *config) { c.attemptSteps = append(c.attemptSteps, steps...) }
}

func noneNil(name string, steps []Step) {
	if slices.ContainsFunc(steps, func(s Step) bool { return s == nil }) {
		panic("transport: " + name + "(nil)")
	}
}

// outer is the steps of WithCallSteps as one, and inner those of WithAttemptSteps.
func (c *config) outer(next http.RoundTripper) http.RoundTripper { return Chain(next, c.callSteps...) }
func (c *config) inner(next http.RoundTripper) http.RoundTripper {
	return Chain(next, c.attemptSteps...)
}
