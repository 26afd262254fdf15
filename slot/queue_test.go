package slot_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/slot/book"
)

// A target that has no trouble costs nothing: no memory, no question, no allocation.
func TestQueueClear(t *testing.T) {
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

// However many targets fail, few are remembered.
func TestQueueTargetsAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t, slot.WithMaxTargets(8))
		for n := range 100 {
			q.Report(fmt.Sprint("target ", n), failed)
			time.Sleep(time.Second) // until then there is something to report
			if q.Targets() > 8 {
				t.Fatalf("%d targets remembered", q.Targets())
			}
		}
	})
}

// Who finds no room is not paced, and told so.
func TestQueueWithoutRoom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t, slot.WithMaxTargets(1))
		f := failed
		f.Hint = time.Hour // keeps its place
		reserve(t, q, f)
		if _, err := q.Reserve(t.Context(), "other", failed); !errors.Is(err, slot.ErrUnavailable) {
			t.Errorf("Reserve = %v, want ErrUnavailable", err)
		}
		q.Report("other", failed)
		if r, err := q.Admit(t.Context(), "other"); err != nil || r.Delay() != 0 {
			t.Errorf("Admit = %v, %v", r, err)
		}
		if q.Targets() != 1 {
			t.Errorf("%d targets remembered, want 1", q.Targets())
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

func TestQueueRefusesDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t)
		short, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		f := rejected
		f.Hint = 6 * time.Second
		if _, err := q.Reserve(short, target, f); !errors.Is(err, slot.ErrDeadline) {
			t.Errorf("Reserve with a longer hint = %v, want ErrDeadline", err)
		}
	})
}

// crowded is a store that says that a hundred callers come first, at one per second.
type crowded struct{ *shaky }

func (s *crowded) Ask(_ context.Context, _ string, _ book.Rules, a book.Ask) (book.Answer, error) {
	n := s.asks.Add(1)
	time.Sleep(time.Millisecond)
	answer := book.Answer{Notice: book.Notice{
		Seq: n, Mode: book.Paced, Epoch: 1, Rate: 1, Head: 1, Tail: 100, Next: time.Second,
	}}
	if a.New > 0 {
		answer.Ticket = 100
	}
	return answer, nil
}

// Who is parked before it is known how many come first is told when it is.
func TestQueueRefusesTheParked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t, slot.WithStore(&crowded{newShaky()}))
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		start := time.Now()
		var all sync.WaitGroup
		for range 1000 {
			r, err := q.Reserve(ctx, target, rejected)
			if err != nil {
				t.Fatalf("Reserve when nothing is known = %v", err)
			}
			all.Go(func() {
				if err := r.(slot.Awaiter).Wait(ctx); !errors.Is(err, slot.ErrDeadline) || time.Since(start) > 3*time.Second {
					t.Errorf("Wait = %v after %v, want ErrDeadline soon", err, time.Since(start))
				}
			})
		}
		all.Wait()
		if _, err := q.Reserve(ctx, target, rejected); !errors.Is(err, slot.ErrDeadline) {
			t.Errorf("Reserve behind a hundred others = %v, want ErrDeadline", err)
		}
		if _, err := q.Admit(ctx, target); !errors.Is(err, slot.ErrDeadline) {
			t.Errorf("Admit behind a hundred others = %v, want ErrDeadline", err)
		}
		r := reserve(t, q, rejected) // without a deadline
		if r.Delay() < 10*time.Second {
			t.Errorf("Delay = %v behind a hundred others", r.Delay())
		}
		r.Cancel()
	})
}

// tag marks the context of a caller.
type tag struct{}

// The observer is told of questions, slots and modes.
func TestQueueObserver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var asked, granted atomic.Int64
		modes := &events{}
		store := newShaky()
		q := newQueue(t, slot.WithStore(store), slot.WithQueueObserver(slot.QueueObserver{
			Asked: func(name string, took time.Duration, err error) {
				if name != target || took != time.Millisecond || err != nil {
					t.Errorf("asked for %q in %v: %v", name, took, err)
				}
				asked.Add(1)
			},
			Granted: func(ctx context.Context, _ string, wait time.Duration) {
				if ctx.Value(tag{}) != "caller" {
					t.Error("a slot is told of without the context of its caller")
				}
				if wait < 0 || wait > time.Minute {
					t.Errorf("a slot came after %v", wait)
				}
				granted.Add(1)
			},
			Mode: func(_ string, from, to book.Mode) { modes.add("%v to %v", from, to) },
		}))
		goDown(t, q)
		ctx := context.WithValue(t.Context(), tag{}, "caller")
		r, err := q.Reserve(ctx, target, failed)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.(slot.Awaiter).Wait(ctx); err != nil {
			t.Fatal(err)
		}
		q.Report(target, success)
		time.Sleep(2 * time.Minute)
		if got := modes.take(); !strings.HasPrefix(got, "[clear to down down to ") {
			t.Errorf("modes seen: %s", got)
		}
		if q.Targets() != 0 {
			t.Error("the target is still remembered")
		}
		if granted.Load() != 1 || asked.Load() != store.asks.Load() {
			t.Errorf("told of %d slots and %d questions, want 1 and %d", granted.Load(), asked.Load(), store.asks.Load())
		}
	})
}

// An observer may use the queue that it observes.
func TestQueueObserverIsNotLockedOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var q *slot.Queue
		q = newQueue(t, slot.WithQueueObserver(slot.QueueObserver{
			Asked: func(string, time.Duration, error) { _, _ = q.Admit(t.Context(), "other"); q.Report(target, rejected) },
		}))
		goDown(t, q)
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
