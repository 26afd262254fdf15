package server

import (
	"context"

	"github.com/goaroundhq/goaround/idem"
)

// Outcome is what became of a request. It is one of the constants or, for a request
// that was refused, the [idem.Status] that it was refused with.
type Outcome string

const (
	// Ignored: not guarded, or without a key.
	Ignored Outcome = "ignored"
	// Executed: the handler ran under a claim.
	Executed Outcome = "executed"
	// Replayed: a stored response was sent.
	Replayed Outcome = "replayed"
	// Gone: the client left, or the request's time was over, before it was claimed.
	Gone Outcome = "gone"
	// Unprotected: the handler ran without a claim because the store failed.
	Unprotected = Outcome(idem.Unprotected)
)

// Answer describes how a request was answered.
type Answer struct {
	Outcome Outcome
	Status  int         // of the response; 0 when Ignored or Unprotected, and after a panic
	Pattern string      // of the route, as http.Request has it; "" when that is not known
	ID      idem.ID     // zero when the request got no further than its key
	Ending  idem.Ending // how the claim was to end, when the handler ran under one
	// Err is why the request was refused or its response could not be stored:
	// idem.ErrFenced when the operation was run twice (on a transactional route: when
	// this run was overtaken, and undone), idem.ErrFull when the store had no room for
	// the response. It is idem.ErrTxEnded when a handler ended its transaction.
	Err error
}

// Observer is told what the middleware does. Functions that are nil cost nothing;
// the others are called on the request's path and must be quick.
type Observer struct {
	// Answered is called once for each request, when its response was written or its
	// handler panicked; not for a handler without a claim that panicked. The context is
	// that of the request as it came to the middleware.
	Answered func(ctx context.Context, a Answer)
}

// both returns a function that calls first and then second; nil ones are left out.
func both[T any](first, second func(context.Context, T)) func(context.Context, T) {
	switch {
	case first == nil:
		return second
	case second == nil:
		return first
	default:
		return func(ctx context.Context, v T) {
			first(ctx, v)
			second(ctx, v)
		}
	}
}
