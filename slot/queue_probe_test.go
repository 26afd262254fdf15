package slot_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/slot/book"
)

// A probe whose outcome nobody will tell is not waited for: the next one comes as soon as
// after one that failed.
func TestQueueProbeIsNotMade(t *testing.T) {
	t.Parallel()
	hour := func(t *testing.T) context.Context {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		t.Cleanup(cancel)
		return ctx
	}
	// do runs a gated call whose operation gets the probe.
	do := func(ctx context.Context, q *slot.Queue, op func(context.Context) (int, error)) {
		_, _ = slot.Do(ctx, &slot.Plan{Pacer: q, MaxAttempts: 1}, target, op, slot.WithGate())
	}
	for name, probe := range map[string]func(*testing.T, *slot.Queue){
		"it failed": func(t *testing.T, q *slot.Queue) {
			do(t.Context(), q, func(context.Context) (int, error) {
				time.Sleep(10 * time.Millisecond)
				return 0, errBusy
			})
		},
		"its slot is given back": func(t *testing.T, q *slot.Queue) {
			r := reserve(t, q, failed)
			if err := r.Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
			r.Cancel()
		},
		"it needs more time than there is": func(t *testing.T, q *slot.Queue) {
			plan := &slot.Plan{Pacer: q, MinAttempt: time.Hour}
			turn, err := plan.Next(hour(t), target, failed, 0)
			if err == nil {
				err = turn.Wait(hour(t))
			}
			if !errors.Is(err, slot.ErrDeadline) {
				t.Errorf("no attempt of an hour fits into an hour, but: %v", err)
			}
		},
		"its caller leaves": func(t *testing.T, q *slot.Queue) {
			ctx, cancel := context.WithCancel(t.Context())
			do(ctx, q, func(ctx context.Context) (int, error) {
				time.Sleep(10 * time.Millisecond)
				cancel()
				return 0, ctx.Err()
			})
		},
		"it is a retry, and its caller leaves": func(t *testing.T, q *slot.Queue) {
			ctx, cancel := context.WithCancel(t.Context())
			attempts := 0
			_, _ = slot.Do(ctx, &slot.Plan{Pacer: q}, target, func(ctx context.Context) (int, error) {
				if attempts++; attempts == 1 {
					return 0, errBusy
				}
				cancel()
				return 0, ctx.Err()
			})
		},
		"its operation panics": func(t *testing.T, q *slot.Queue) {
			defer func() { _ = recover() }()
			do(t.Context(), q, func(context.Context) (int, error) { panic("oh") })
		},
		"its caller's deadline ends it": func(t *testing.T, q *slot.Queue) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			do(ctx, q, func(ctx context.Context) (int, error) {
				<-ctx.Done()
				return 0, context.Cause(ctx)
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				q := newQueue(t)
				goDown(t, q)
				probe(t, q)
				start := time.Now()
				r, err := q.Admit(t.Context(), target) // tells of no attempt
				if err != nil {
					t.Fatal(err)
				}
				if err := r.(slot.Awaiter).Wait(t.Context()); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(start); took > 2*probeLeast {
					t.Errorf("the next probe came after %v, want about %v", took, probeLeast)
				}
			})
		})
	}
}

// probeLeast is the time between the first probes.
const probeLeast = 250 * time.Millisecond

// granting is a store that gives one probe, to be made in a second.
type granting struct {
	*shaky
	over atomic.Bool // told that nobody makes the probe
}

func (s *granting) Ask(_ context.Context, _ string, _ book.Rules, a book.Ask) (book.Answer, error) {
	n := s.asks.Add(1)
	if a.Probed {
		s.over.Store(true)
	}
	answer := book.Answer{Notice: book.Notice{Seq: n, Mode: book.Down, Epoch: 1, Head: 1, Tail: 2, Next: time.Hour}}
	if a.New > 0 {
		answer.Ticket = 1
	}
	if n == 1 {
		answer.Probe, answer.Slots, answer.First = true, 1, time.Second
	}
	return answer, nil
}

// A slot that comes when its caller's deadline is over is not given, and when it was for a
// probe the store is told that nobody makes it.
func TestQueueSlotComesTooLate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &granting{shaky: newShaky()}
		q := newQueue(t, slot.WithStore(store))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		r, err := q.Reserve(ctx, target, failed)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.(slot.Awaiter).Wait(t.Context()); !errors.Is(err, slot.ErrDeadline) {
			t.Errorf("Wait = %v, want ErrDeadline", err)
		}
		time.Sleep(time.Second)
		if !store.over.Load() {
			t.Error("the store waits for the probe's outcome")
		}
	})
}
