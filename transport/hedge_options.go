package transport

import (
	"fmt"
	"net/http"
	"time"
)

// stepsConfig is what the steps are told that are off by default.
type stepsConfig struct {
	hedging   HedgeDelay // nil: no hedges
	maxHedges int        // 0: one
	hedgeIf   func(*http.Request) bool
	breaker   func(*http.Request) Breaker // nil: none
	resume    bool
	observer  StepObserver
}

// hedges is the most hedges of an attempt.
func (c *stepsConfig) hedges() int { return max(c.maxHedges, 1) }

// WithHedging lets attempts that are slow be sent a second time, see [Hedge]: after a delay
// that is fixed, [HedgeAfter], or learned, [HedgeQuantile]. The default of [New], nil, is
// no hedging; that of [Hedge] is HedgeQuantile(0.95).
func WithHedging(d HedgeDelay) Option { return func(c *config) { c.steps.hedging = d } }

// WithMaxHedges sets how many requests are sent beside the first of an attempt at most, each
// the delay after the one before. The default is 1. It panics when n is not positive.
func WithMaxHedges(n int) Option {
	if n <= 0 {
		panic(fmt.Sprintf("transport: WithMaxHedges(%d): must be positive", n))
	}
	return func(c *config) { c.steps.maxHedges = n }
}

// WithHedgeIf leaves requests without hedges for which f is false. The default hedges all
// that may be hedged. It panics when f is nil.
func WithHedgeIf(f func(*http.Request) bool) Option {
	if f == nil {
		panic("transport: WithHedgeIf(nil)")
	}
	return func(c *config) { c.steps.hedgeIf = f }
}

// HedgeDelay says how long exchanges with a target may take until another is sent beside
// them. Implementations are safe for concurrent use.
type HedgeDelay interface {
	// Delay returns the time to wait; ok is false when it is not known, and nothing is hedged.
	Delay(target string) (d time.Duration, ok bool)
	// Observe is told how long the first exchange of an attempt took, until the header of a
	// response that is not for Retry; or how long it had taken when a hedge overtook it.
	Observe(target string, took time.Duration)
}

// HedgeAfter is the same delay for all. It panics when d is not positive.
func HedgeAfter(d time.Duration) HedgeDelay {
	if d <= 0 {
		panic(fmt.Sprintf("transport: HedgeAfter(%v): must be positive", d))
	}
	return fixedDelay(d)
}

type fixedDelay time.Duration

func (d fixedDelay) Delay(string) (time.Duration, bool) { return time.Duration(d), true }
func (d fixedDelay) Observe(string, time.Duration)      {}
