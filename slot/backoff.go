package slot

import (
	"math"
	"math/rand/v2"
	"time"
)

// Defaults of [FullJitter].
const (
	DefaultBase = 100 * time.Millisecond
	DefaultMax  = 10 * time.Second
)

// Backoff says how long to wait when nobody coordinates. Implementations hold no
// state of a call and are safe for concurrent use.
type Backoff interface {
	// Delay is the wait after the given attempt failed; the first attempt is 1.
	Delay(attempt int) time.Duration
}

// BackoffFunc makes a function a [Backoff].
type BackoffFunc func(attempt int) time.Duration

// Delay calls f.
func (f BackoffFunc) Delay(attempt int) time.Duration { return f(attempt) }

// FullJitter waits a random time between 0 and a ceiling that starts at Base,
// doubles with every attempt and stops at Max ("full jitter" of Marc Brooker,
// "Exponential Backoff and Jitter", AWS Architecture Blog, 2015). The zero value
// is ready to use.
type FullJitter struct {
	Base time.Duration // ceiling after the first attempt, at most Max; 0 or less means DefaultBase
	Max  time.Duration // highest ceiling; 0 or less means DefaultMax
}

// Delay returns a random wait for the attempt, at least 0 and at most
// [FullJitter.Ceiling].
func (f FullJitter) Delay(attempt int) time.Duration {
	return rand.N(min(f.Ceiling(attempt), math.MaxInt64-1) + 1)
}

// Ceiling is the longest wait that Delay may return for the attempt.
func (f FullJitter) Ceiling(attempt int) time.Duration {
	ceiling, highest := f.Base, f.Max
	if ceiling <= 0 {
		ceiling = DefaultBase
	}
	if highest <= 0 {
		highest = DefaultMax
	}
	for range attempt - 1 {
		if ceiling >= highest/2 { // doubling would pass Max, or overflow
			return highest
		}
		ceiling *= 2
	}
	return min(ceiling, highest)
}
