package skew_test

import (
	"context"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/skew"
)

func TestOptionsPanic(t *testing.T) {
	t.Parallel()
	for want, f := range map[string]func(){
		"skew: WithSources(nil)":                                  func() { skew.WithSources(nil) },
		"skew: WithSources: two sources are named \"fixed\"":      func() { skew.New(skew.WithSources(skew.Fixed(0, 0)), skew.WithSources(skew.Fixed(1, 1))) },
		"skew: New: WithMinAgreeing(2) of 1 sources":              func() { skew.New(skew.WithMinAgreeing(2), skew.WithSources(skew.Fixed(0, 0))) },
		"skew: WithMinAgreeing(0): must be positive":              func() { skew.WithMinAgreeing(0) },
		"skew: WithInterval(0s): must be positive":                func() { skew.WithInterval(0) },
		"skew: WithTimeout(-1ns): must be positive":               func() { skew.WithTimeout(-1) },
		"skew: WithMaxOffset(0s): must be positive":               func() { skew.WithMaxOffset(0) },
		"skew: WithMaxDrift(0): must be positive":                 func() { skew.WithMaxDrift(0) },
		"skew: WithMaxDrift(100001): must be at most 100000":      func() { skew.WithMaxDrift(100_001) },
		"skew: Fixed(0s, -1ns): uncertainty must not be negative": func() { skew.Fixed(0, -1) },
		"skew: StoreTime without a function to ask":               func() { skew.StoreTime("redis", 0, nil) },
		"skew: StoreTime(-1ns): precision must not be negative": func() {
			skew.StoreTime("redis", -1, func(context.Context) (time.Time, error) { return time.Now(), nil })
		},
		"skew: UncertaintyPerAttempt(-1ns): must not be negative": func() { skew.UncertaintyPerAttempt(-1) },
		"skew: MeasuredUncertainty(-1ns): must not be negative":   func() { skew.MeasuredUncertainty(nil, -1) },
	} {
		func() {
			defer func() {
				if r := recover(); r != want {
					t.Errorf("recovered %v, want %q", r, want)
				}
			}()
			f()
		}()
	}
}
