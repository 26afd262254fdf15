package main

import (
	"context"
	"errors"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"

	"github.com/goaroundhq/goaround/transport"
)

// newFailsafe makes a breaker that opens after six failures in a row.
func newFailsafe(string) transport.Breaker {
	return failsafe{circuitbreaker.NewBuilder[any]().WithFailureThreshold(6).WithDelay(pause).Build()}
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
		if err == nil || errors.Is(err, context.Canceled) { // a permit must come back, and there is no third way
			b.RecordSuccess()
			return
		}
		b.RecordError(err)
	}, nil
}
