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
	"github.com/goaroundhq/goaround/slot/book"
)

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
