package idemtest_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemtest"
)

// The test of a store that you wrote, here one over a server with a clock of its own.
func ExampleRun() {
	var t *testing.T // of your test
	idemtest.Run(t, idemtest.Target{
		Open:     func(*testing.T) idem.Store { return idem.NewMemory() },
		Unit:     200 * time.Millisecond,
		Parallel: true,
	})
}

// A test of your service: whatever happens to the store, no order is charged twice.
func ExampleDisturb() {
	var t *testing.T // of your test
	store := idemtest.Disturb(t, idem.NewMemory(),
		idemtest.First(idemtest.OpClaim, idemtest.Fault{LoseReply: true}),
		idemtest.Random(1, 0.2,
			idemtest.Fault{LoseRequest: true},
			idemtest.Fault{DelayReply: time.Second},
			idemtest.Fault{Twice: true},
		),
	)
	charge := idem.Operation{Name: "charge", Scope: "customer-7", Key: idem.NewKey()}
	charged := 0
	for range 10 {
		_, err := idem.Do(t.Context(), idem.NewGuard(store), charge, func(context.Context) (int, error) {
			charged++
			return charged, nil
		})
		if errors.Is(err, idem.ErrUnknown) {
			break
		}
	}
	if charged > 1 {
		t.Errorf("charged %d times", charged)
	}
}
