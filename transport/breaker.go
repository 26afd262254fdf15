package transport

import (
	"context"
	"errors"
	"fmt"
	"net/http"
)

// ErrBreakerOpen is why a request was not sent: its [Breaker] did not allow it. An error that
// matches it also matches the breaker's own.
var ErrBreakerOpen = errors.New("transport: circuit breaker open")

// Breaker is a circuit breaker: it refuses requests for a while when too many have failed
// (Nygard, "Release It!", 2007). There is none in this package; TwoStepCircuitBreaker of
// github.com/sony/gobreaker/v2 is one as it is, and for circuitbreaker.CircuitBreaker of
// github.com/failsafe-go/failsafe-go, TryAcquirePermit, RecordSuccess and RecordError make
// one in ten lines; examples/breaker has both. It is safe for concurrent use.
type Breaker interface {
	// Allow returns an error when a request must not be sent. Otherwise done is called once,
	// with what came of it; see Break.
	Allow() (done func(err error), err error)
}

// Break is the step that asks a circuit breaker before a request is sent. The function names
// the breaker of a request, usually one for each host, and nil for none. It panics when the
// function is nil.
//
// A request that is not allowed fails with [ErrBreakerOpen], which [Retry] takes for final: a
// breaker opens for longer than a call may wait. A [WithClassifier] rule that says Unprocessed
// of it makes Retry wait, and ask again.
//
// The breaker hears of each request once, when the response header is there: nil for a
// success, an error of the connection as it is, and an error for a response with 500 or
// more that Retry would try again, so that the rules of WithClassifier count. A refusal by
// 429 is a success here: the server works. A deadline of the caller that passes is a failure,
// and so is the timeout of an attempt. When the caller has left, another exchange was faster,
// or net/http refused the request itself, the error is context.Canceled, which says nothing
// about the server: let the breaker leave it out (Settings.IsExcluded of gobreaker).
//
// Break belongs inside of Retry, so that the breaker sees attempts, and outside of [Hedge],
// so that it sees one outcome of each.
func Break(of func(*http.Request) Breaker, opts ...Option) Step {
	return newConfig(append([]Option{WithBreaker(of)}, opts...)).breaker
}

// WithBreaker puts the step [Break] into the chain. The default is none. It panics when the
// function is nil.
func WithBreaker(of func(*http.Request) Breaker) Option {
	if of == nil {
		panic("transport: WithBreaker(nil)")
	}
	return func(c *config) { c.steps.breaker = of }
}

func (c *config) breaker(next http.RoundTripper) http.RoundTripper {
	if c.steps.breaker == nil {
		return next
	}
	return &breakStep{config: c, next: next}
}

// breakStep sends what a breaker allows.
type breakStep struct {
	*config
	next http.RoundTripper
}

func (s *breakStep) CloseIdleConnections() { closeIdle(s.next) }

func (s *breakStep) RoundTrip(req *http.Request) (*http.Response, error) {
	breaker := s.steps.breaker(req)
	if breaker == nil {
		return s.next.RoundTrip(req)
	}
	done, err := breaker.Allow()
	if err != nil {
		closeBody(req)
		return nil, fmt.Errorf("%w: %w", ErrBreakerOpen, err)
	}
	outcome := errPanic
	defer func() { done(outcome) }() // also when the next RoundTripper panics
	resp, err := s.next.RoundTrip(req)
	resp, err = lawful(req.Context(), resp, err)
	outcome = s.failure(req, resp, err)
	return resp, err
}

var errPanic = errors.New("transport: the next RoundTripper panicked")

// failure is what a breaker is told of an outcome.
func (s *breakStep) failure(req *http.Request, resp *http.Response, err error) error {
	switch {
	case err != nil && (abandoned(req.Context()) || malformed(err)):
		return context.Canceled // whatever its cause, and whatever the error makes of it
	case err != nil:
		return err
	case resp.StatusCode >= http.StatusInternalServerError && s.judge(Outcome{Request: req, Response: resp, Attempt: 1}) != Final:
		return errors.New("transport: status " + resp.Status)
	default:
		return nil
	}
}

// abandoned reports whether nobody wants the outcome any more, for another reason than that
// it took too long.
func abandoned(ctx context.Context) bool {
	return errors.Is(ctx.Err(), context.Canceled) && !errors.Is(context.Cause(ctx), context.DeadlineExceeded)
}
