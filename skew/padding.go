package skew

import (
	"fmt"
	"math"
	"time"
)

// Padding is what is added to a wait because of the clock. Waits that are durations need
// none: no clock is read for them. It is for waits until a time that was read from another
// clock.
type Padding func(attempt int) time.Duration

// MeasuredUncertainty pads by the clock's uncertainty, whatever the attempt, up to most: a
// wait until a time of the true clock is then not too short. By a clock of [Unknown] status
// it pads nothing. It panics when most is negative.
func MeasuredUncertainty(clock *Clock, most time.Duration) Padding {
	if most < 0 {
		panic(fmt.Sprintf("skew: MeasuredUncertainty(%v): must not be negative", most))
	}
	return func(int) time.Duration { return min(clock.Read().Uncertainty(), most) }
}

// UncertaintyPerAttempt pads by d for each attempt made, the first is 1. It is a guess that
// takes the place of [MeasuredUncertainty] where nothing is measured. It panics when d is
// negative.
func UncertaintyPerAttempt(d time.Duration) Padding {
	if d < 0 {
		panic(fmt.Sprintf("skew: UncertaintyPerAttempt(%v): must not be negative", d))
	}
	return func(attempt int) time.Duration {
		if attempt > 0 && d > math.MaxInt64/time.Duration(attempt) {
			return math.MaxInt64
		}
		return d * time.Duration(max(attempt, 0))
	}
}

// Pad adds the padding to a backoff. What it returns is a slot.BackoffFunc:
//
//	transport.WithBackoff(slot.BackoffFunc(padding.Pad(slot.FullJitter{}.Delay)))
func (p Padding) Pad(delay func(attempt int) time.Duration) func(attempt int) time.Duration {
	return func(attempt int) time.Duration {
		wait := max(delay(attempt), 0)
		return wait + min(p(attempt), math.MaxInt64-wait)
	}
}
