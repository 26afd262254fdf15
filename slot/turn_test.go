package slot_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/slot"
)

func TestTurnWait(t *testing.T) {
	t.Parallel()
	t.Run("sleeps its delay", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			if err := (slot.Turn{Delay: time.Hour}).Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := time.Since(start); got != time.Hour {
				t.Errorf("waited %v, want 1h", got)
			}
		})
	})
	t.Run("counts from when it was given", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			turn, err := (&slot.Plan{Backoff: fixed(time.Minute)}).Next(t.Context(), target, slot.Feedback{Attempt: 1}, 0)
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(40 * time.Second)
			if err := turn.Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := time.Since(start); got != time.Minute {
				t.Errorf("the turn came after %v, want 1m", got)
			}
		})
	})
	t.Run("gives the slot back when cancelled", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			cause := errors.New("caller left")
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(time.Second, func() { cancel(cause) })
			p := &scriptedPacer{delay: time.Hour}
			turn, err := (&slot.Plan{Pacer: p}).Next(ctx, target, slot.Feedback{Attempt: 1}, 0)
			if err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			if err := turn.Wait(ctx); !errors.Is(err, cause) {
				t.Errorf("error = %v, want the cause", err)
			}
			if got := time.Since(start); got != time.Second {
				t.Errorf("waited %v, want 1s", got)
			}
			if p.cancelled != 1 {
				t.Errorf("%d slots given back, want 1", p.cancelled)
			}
		})
	})
	t.Run("a dead context beats a turn that is due", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		p := &scriptedPacer{}
		turn, err := (&slot.Plan{Pacer: p}).Next(t.Context(), target, slot.Feedback{Attempt: 1}, 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := turn.Wait(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("error = %v, want context.Canceled", err)
		}
		if p.cancelled != 1 {
			t.Errorf("%d slots given back, want 1", p.cancelled)
		}
	})
}
