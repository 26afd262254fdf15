package slot_test

import (
	"math"
	"testing"

	"github.com/goaroundhq/goaround/slot"
)

func TestQueueOptionsPanic(t *testing.T) {
	t.Parallel()
	for name, option := range map[string]func(){
		"WithStore":                   func() { slot.WithStore(nil) },
		"WithInitialRate":             func() { slot.WithInitialRate(-1) },
		"WithInitialRate, no number":  func() { slot.WithInitialRate(math.NaN()) },
		"WithInitialRate, not finite": func() { slot.WithInitialRate(math.Inf(1)) },
		"WithFallback":                func() { slot.WithFallback(nil) },
		"WithStoreTimeout":            func() { slot.WithStoreTimeout(0) },
		"WithMaxTargets":              func() { slot.WithMaxTargets(0) },
		"WithJudge":                   func() { slot.WithJudge(nil) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s does not panic", name)
				}
			}()
			option()
		}()
	}
}
