package main

import (
	"context"
	"errors"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"

	"github.com/goaroundhq/goaround/transport"
)

// newFailsafe makes a breaker that opens after six failures in a row, and lets one request
// through to find out; without the success threshold it would be six, too.
func newFailsafe(string) transport.Breaker {
	return failsafe{circuitbreaker.NewBuilder[any]().WithFailureThreshold(6).WithSuccessThreshold(1).WithDelay(pause).Build()}
}

// failsafe gives a breaker of failsafe-go the shape that is asked for.
type failsafe struct {
	circuitbreaker.CircuitBreaker[any]
}

func (b failsafe) Allow() (done func(error), err error) {
	if !b.TryAcquirePermit() {
		return nil, circuitbreaker.ErrOpen
	}
	return func(err error) {
		switch {
		case err == nil:
			b.RecordSuccess()
		case errors.Is(err, context.Canceled) && b.IsClosed(): // the caller left, which tells nothing
		default: // also a caller who left in a trial, whose permit must come back
			b.RecordError(err)
		}
	}, nil
}
