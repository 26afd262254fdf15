package slot_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/skew"
	"github.com/goaroundhq/goaround/skew/skewtest"
	"github.com/goaroundhq/goaround/slot"
)

// Clients whose clocks are ten minutes apart, and are set while they wait, wait alike: the
// plan takes durations and measures them on the monotonic clock.
func TestSkewOfTheClientChangesNoWait(t *testing.T) {
	t.Parallel()
	for _, off := range []time.Duration{-10 * time.Minute, 0, 10 * time.Minute} {
		for _, plan := range []*slot.Plan{
			{Pacer: &scriptedPacer{delay: 3 * time.Second}},
			{Backoff: fixed(3 * time.Second)},
		} {
			synctest.Test(t, func(t *testing.T) {
				machine := &skewtest.Machine{}
				machine.Step(off)
				clock := skew.New(skew.WithSystem(machine))
				ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
				defer cancel()
				shown, start := clock.Now(), time.Now()
				turn, err := plan.Next(ctx, target, slot.Feedback{Attempt: 1}, 0)
				if err != nil {
					t.Fatal(err)
				}
				time.AfterFunc(time.Second, func() { machine.Step(-2 * off) })
				if err := turn.Wait(ctx); err != nil {
					t.Fatal(err)
				}
				if got := time.Since(start); got != 3*time.Second {
					t.Errorf("off by %v: waited %v, want 3s", off, got)
				}
				if got := clock.Now().Sub(shown); got != 3*time.Second-2*off {
					t.Errorf("off by %v: the client's clock showed %v, so it was not set", off, got)
				}
			})
		}
	}
}
