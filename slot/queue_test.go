package slot_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/slot"
)

// A target that has no trouble costs nothing: no memory, no question, no allocation.
func TestQueueClearAllocatesNothing(t *testing.T) {
	store := newShaky()
	q := newQueue(t, slot.WithStore(store))
	ctx := t.Context()
	allocs := testing.AllocsPerRun(100, func() {
		q.Report(target, success)
		r, err := q.Admit(ctx, target)
		if err != nil || r.Delay() != 0 {
			t.Fatalf("Admit = %v, %v", r, err)
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations, want none", allocs)
	}
	if q.Targets() != 0 || store.asks.Load() != 0 {
		t.Errorf("%d targets remembered and %d questions, want none", q.Targets(), store.asks.Load())
	}
}

// While other targets have trouble, and while this one is remembered, it still costs
// nearly nothing.
func TestQueueClearAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newShaky()
		q := newQueue(t, slot.WithStore(store))
		q.Report(target, failed)
		q.Report("other", failed)
		time.Sleep(time.Second)
		before := store.asks.Load()
		for range 1000 {
			q.Report(target, success)
			if r, err := q.Admit(t.Context(), target); err != nil || r.Delay() != 0 {
				t.Fatalf("Admit = %v, %v", r, err)
			}
		}
		time.Sleep(time.Second)
		if asked := store.asks.Load() - before; asked != 0 {
			t.Errorf("%d questions about successes, want none", asked)
		}
		time.Sleep(2 * time.Minute)
		if q.Targets() != 0 {
			t.Errorf("%d targets remembered two minutes after their last failure", q.Targets())
		}
	})
}

// A slot does not come before what the server asked for.
func TestQueueKeepsHints(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t)
		f := rejected
		f.Hint = 7 * time.Second
		start := time.Now()
		r := reserve(t, q, f)
		if r.Delay() < f.Hint {
			t.Errorf("Delay = %v, want at least %v", r.Delay(), f.Hint)
		}
		if err := r.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took < f.Hint || took > f.Hint+5*time.Second {
			t.Errorf("the slot came after %v, asked was for %v", took, f.Hint)
		}
	})
}

// A caller who leaves makes room for the next.
func TestQueueGivesSlotsBack(t *testing.T) {
	t.Parallel()
	last := func(leave int) (took time.Duration) {
		synctest.Test(t, func(t *testing.T) {
			q := newQueue(t, slot.WithInitialRate(1))
			start := time.Now()
			var places []slot.Awaiter
			for range 10 {
				places = append(places, reserve(t, q, rejected))
			}
			for _, r := range places[:leave] {
				r.Cancel()
				r.Cancel() // again does nothing
			}
			for _, r := range places[leave:] {
				if err := r.Wait(t.Context()); err != nil {
					t.Fatal(err)
				}
				q.Report(target, success)
			}
			took = time.Since(start)
		})
		return took
	}
	if all, few := last(0), last(9); few >= all/2 {
		t.Errorf("the last of ten had its slot after %v, the only one left after %v", all, few)
	}
}

// A caller who is cancelled while it waits returns at once, with the cause.
func TestQueueWaitIsCancelled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t)
		f := failed
		f.Hint = time.Hour
		cause := errors.New("caller left")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(cause) })
		start := time.Now()
		if err := reserve(t, q, f).Wait(ctx); !errors.Is(err, cause) {
			t.Errorf("Wait = %v, want the cause", err)
		}
		if took := time.Since(start); took != time.Second {
			t.Errorf("returned after %v, want 1s", took)
		}
		time.Sleep(2 * time.Minute)
		if q.Targets() != 0 {
			t.Errorf("%d targets remembered, want none", q.Targets())
		}
	})
}

// Everything at once, for the race detector.
func TestQueueManyAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newShaky()
		q := newQueue(t, slot.WithStore(store), slot.WithMaxTargets(3))
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		var all sync.WaitGroup
		for n := range 100 {
			all.Go(func() {
				name := fmt.Sprint("target ", n%5)
				for round := range 10 {
					if r, err := q.Admit(ctx, name); err == nil && n%3 == 0 {
						r.Cancel()
					}
					f := slot.Feedback{Attempt: round + 1, Result: slot.Result((n + round) % 3), Latency: time.Millisecond}
					f.Hint = time.Duration(n%4) * 100 * time.Millisecond
					r, err := q.Reserve(ctx, name, f)
					if err != nil {
						continue
					}
					_ = r.Delay()
					brief, cancel := context.WithTimeout(ctx, time.Duration(n%7)*time.Second)
					_ = r.(slot.Awaiter).Wait(brief)
					cancel()
					q.Report(name, slot.Feedback{Attempt: 1, Result: slot.Result(n % 3)})
				}
			})
		}
		all.Go(func() {
			for range 10 {
				time.Sleep(time.Second)
				store.down.Store(!store.down.Load())
			}
		})
		all.Wait()
	})
}
