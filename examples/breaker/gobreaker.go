package main

import (
	"context"
	"errors"

	"github.com/sony/gobreaker/v2"

	"github.com/goaroundhq/goaround/transport"
)

// newGobreaker makes a breaker that is one as it is. It opens after six failures in a row,
// the default, and does not count callers who left.
func newGobreaker(host string) transport.Breaker {
	return gobreaker.NewTwoStepCircuitBreaker[any](gobreaker.Settings{
		Name:       host,
		Timeout:    pause,
		IsExcluded: func(err error) bool { return errors.Is(err, context.Canceled) },
	})
}
