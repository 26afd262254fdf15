package slot_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/slot/book"
)

// The callers whom a store leaves standing fall back to their own backoff at once, as do
// those who come while it is down; and they are paced again when it is back.
func TestQueueOutage(t *testing.T) {
	t.Parallel()
	const wait = 3 * time.Second
	fallback := slot.WithFallback(fixed(wait))
	for name, tt := range map[string]struct {
		fail func(*shaky, bool)
		err  error
	}{
		"fails": {func(s *shaky, down bool) { s.down.Store(down) }, errDown},
		"hangs": {func(s *shaky, down bool) { s.hang.Store(down) }, context.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				store, seen := newShaky(), &events{}
				q := newQueue(t, slot.WithStore(store), fallback, slot.WithQueueObserver(seen.outage()))
				tt.fail(store, true)
				start := time.Now()
				r := reserve(t, q, failed)
				if err := r.Wait(t.Context()); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(start); took != wait {
					t.Errorf("the parked caller went after %v, want %v", took, wait)
				}
				if got, want := seen.take(), fmt.Sprintf("[1 fell back: %v]", tt.err); got != want {
					t.Errorf("observer saw %s, want %s", got, want)
				}
				start = time.Now()
				_, err := q.Reserve(t.Context(), target, failed)
				if !errors.Is(err, slot.ErrUnavailable) || !errors.Is(err, tt.err) {
					t.Errorf("Reserve = %v, want ErrUnavailable and %v", err, tt.err)
				}
				if r, err := q.Admit(t.Context(), target); err != nil || r.Delay() != 0 {
					t.Errorf("Admit = %v, %v, want to pass", r, err)
				}
				if took := time.Since(start); took != 0 {
					t.Errorf("while the circuit is open decisions took %v", took)
				}

				tt.fail(store, false)
				for range 20 { // failures are what the store is tried with again
					q.Report(target, failed)
					time.Sleep(time.Second)
				}
				reserve(t, q, failed).Cancel()
				if got, want := seen.take(), fmt.Sprintf("[1 fell back: %v recovered]", tt.err); got != want {
					t.Errorf("observer saw %s, want %s", got, want)
				}
			})
		})
	}
}

// stubborn is a store that does not look at contexts.
type stubborn struct {
	*shaky
	stuck chan struct{}
}

func (s *stubborn) Ask(_ context.Context, target string, r book.Rules, a book.Ask) (book.Answer, error) {
	<-s.stuck
	return s.shaky.Ask(context.Background(), target, r, a)
}

// Even a store that breaks its contract holds nobody up, nor is it asked again meanwhile.
func TestQueueOverAStubbornStore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store, seen := &stubborn{newShaky(), make(chan struct{})}, &events{}
		q := newQueue(t, slot.WithStore(store), slot.WithFallback(fixed(0)), slot.WithQueueObserver(seen.outage()))
		start := time.Now()
		if err := reserve(t, q, failed).Wait(t.Context()); err != nil {
			t.Error(err)
		}
		if took := time.Since(start); took != 2*slot.DefaultStoreTimeout {
			t.Errorf("the caller was held up for %v", took)
		}
		for range 60 {
			if _, err := q.Reserve(t.Context(), target, failed); !errors.Is(err, slot.ErrUnavailable) {
				t.Errorf("Reserve = %v, want ErrUnavailable", err)
			}
			time.Sleep(time.Second)
		}
		seen.take()
		close(store.stuck)
		time.Sleep(time.Second)
		reserve(t, q, failed).Cancel()
		if got := seen.take(); got != "[recovered]" {
			t.Errorf("observer saw %s when the store had answered", got)
		}
	})
}

// While nobody can be asked nobody is kept busy with it, and when nobody calls any more, all
// targets are forgotten, and the store is left in peace.
func TestQueueForgetsInAnOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newShaky()
		q := newQueue(t, slot.WithStore(store), slot.WithMaxTargets(50))
		store.down.Store(true)
		for n := range 50 {
			q.Report(fmt.Sprint(n), failed)
		}
		time.Sleep(100 * time.Millisecond) // the store has failed
		for n := range 50 {
			if wait := q.Timer(fmt.Sprint(n)); wait < 100*time.Millisecond {
				t.Fatalf("the timer fires in %v, and the store is tried again in about 200ms", wait)
			}
		}
		q.Report("another", failed) // finds room
		if q.Targets() != 50 {
			t.Errorf("%d targets remembered, want 50", q.Targets())
		}
		time.Sleep(5 * time.Minute)
		before := store.asks.Load()
		time.Sleep(time.Minute)
		if asked := store.asks.Load() - before; asked != 0 || q.Targets() != 0 {
			t.Errorf("minutes after the last call: %d questions a minute, %d targets", asked, q.Targets())
		}
	})
}

// A store that is down is asked ever less.
func TestQueueAsksLessInAnOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newShaky()
		q := newQueue(t, slot.WithStore(store))
		store.down.Store(true)
		for range 6000 { // ten minutes
			if r, err := q.Reserve(t.Context(), target, failed); err == nil {
				r.Cancel()
			}
			time.Sleep(100 * time.Millisecond)
		}
		if asks := store.asks.Load(); asks < 100 || asks > 130 {
			t.Errorf("a store that is down was asked %d times in ten minutes, want about 120", asks)
		}
	})
}

// Notices that cannot be heard cost nothing but questions.
func TestQueueWithoutNotices(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store, seen := newShaky(), &events{}
		q := newQueue(t, slot.WithStore(store), slot.WithQueueObserver(seen.outage()))
		goDown(t, q)
		time.Sleep(100 * time.Millisecond)
		if got := seen.take(); got != "[]" {
			t.Fatalf("observer saw %s before anything broke", got)
		}
		store.deafen()
		time.Sleep(time.Second)
		if got := seen.take(); got != fmt.Sprintf("[polling: %v]", errDown) {
			t.Errorf("observer saw %s, want that it polls", got)
		}
		if err := reserve(t, q, failed).Wait(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
