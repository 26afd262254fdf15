package transport_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/transport"
)

// A caller who leaves while it waits has cost the target nothing.
func TestWaitInVainIsRefunded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := retries(1)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(100*time.Millisecond, cancel)
		rt := transport.New(newScript(t, status(500)), transport.WithBudget(b), transport.WithTarget(targetAPI),
			transport.WithBackoff(slot.BackoffFunc(func(int) time.Duration { return time.Second })))
		if _, _, err := roundTrip(t, rt, newRequest(t, "GET", "").WithContext(ctx)); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
		if state := b.State("api"); state.Left != 1 || state.Retries != 0 {
			t.Errorf("state %+v", state)
		}
	})
}

// What was spent is given back where it was spent: what is no longer owed adds nothing.
func TestRefundAfterTheWindow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, tt := range []struct {
			after time.Duration
			left  float64
		}{{350 * time.Millisecond, 20}, {950 * time.Millisecond, 20}, {time.Second, 20}, {30 * time.Second, 20}} {
			b := retries(20)
			ctx, cancel := context.WithCancel(t.Context())
			rt := transport.New(newScript(t, repeat(20, status(500, "Retry-After", "60"))...),
				transport.WithBudget(b), transport.WithTarget(targetAPI))
			var callers sync.WaitGroup
			for range 20 {
				req := newRequest(t, "GET", "").WithContext(ctx)
				callers.Go(func() {
					if _, _, err := roundTrip(t, rt, req); !errors.Is(err, context.Canceled) {
						t.Errorf("error %v", err)
					}
				})
				synctest.Wait()
			}
			time.Sleep(tt.after)
			cancel()
			callers.Wait()
			if got := b.State("api"); got.Left != tt.left || got.Retries != 0 {
				t.Errorf("after %v: %+v", tt.after, got)
			}
			time.Sleep(time.Second)
			if got := b.State("api"); got.Left != tt.left || got.Retries != 0 {
				t.Errorf("after %v and a window: %+v", tt.after, got)
			}
		}
	})
}

// Only what was spent on the attempt that is not made is given back.
func TestRefundOfAFreeAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := retries(1)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		time.AfterFunc(100*time.Millisecond, cancel)
		s := newScript(t, status(500), status(503, "Admission-Slot", `500;t="x"`))
		rt := transport.New(s, transport.WithBudget(b), transport.WithTarget(targetAPI), transport.WithBackoff(noWait))
		if _, _, err := roundTrip(t, rt, newRequest(t, "GET", "").WithContext(ctx)); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
		if left := b.State("api").Left; left != 0 {
			t.Errorf("%v left of what a retry has cost", left)
		}
	})
}

// A client finds the account of its target anew when the old one was closed, because it was
// idle while there were too many.
func TestClosedAccountIsFoundAnew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := transport.NewBudget()
		rt := transport.New(roundTripperFunc(stub), transport.WithBudget(b))
		call := func() {
			if _, _, err := roundTrip(t, rt, newRequest(t, "GET", "")); err != nil {
				t.Fatal(err)
			}
		}
		call()
		b.State("http://api.example.com:80") // calls get their time when somebody looks
		time.Sleep(transport.DefaultBudgetWindow)
		for i := range 1024 {
			b.Call(fmt.Sprint("other", i))
		}
		call()
		call()
		if got := b.State("http://api.example.com:80").Calls; got != 2 {
			t.Errorf("%d calls, want 2", got)
		}
	})
}
