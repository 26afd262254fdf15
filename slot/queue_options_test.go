package slot_test

import (
	"math"
	"testing"

	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/slot/book"
)

func TestQueueOptionsPanic(t *testing.T) {
	t.Parallel()
	for name, option := range map[string]func(){
		"WithStore":        func() { slot.WithStore(nil) },
		"WithInitialRate":  func() { slot.WithInitialRate(-1) },
		"WithRules":        func() { slot.WithRules(book.Rules{Prior: math.NaN()}) },
		"WithRules, less":  func() { slot.WithRules(book.Rules{Prior: -1}) },
		"WithFallback":     func() { slot.WithFallback(nil) },
		"WithStoreTimeout": func() { slot.WithStoreTimeout(0) },
		"WithMaxTargets":   func() { slot.WithMaxTargets(0) },
		"WithJudge":        func() { slot.WithJudge(nil) },
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
