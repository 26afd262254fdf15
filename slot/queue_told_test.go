package slot_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/slot/book"
)

// recorder notes what its store is told. What was not answered is told again.
type recorder struct {
	slot.Store
	mu      sync.Mutex
	told    book.Tally
	waiting int // at the last question
}

func (s *recorder) Ask(ctx context.Context, target string, r book.Rules, a book.Ask) (book.Answer, error) {
	answer, err := s.Store.Ask(ctx, target, r, a)
	if err == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, t := range []book.Tally{a.Tally, a.Old} {
			s.told.OK += t.OK
			s.told.Rejected += t.Rejected
			s.told.Failed += t.Failed
		}
		s.waiting = a.Waiting
	}
	return answer, err
}

func (s *recorder) last() (told book.Tally, waiting int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.told, s.waiting
}

// However an attempt ended and whatever becomes of its caller, the store is told of it once.
func TestQueueTellsOfEveryAttempt(t *testing.T) {
	t.Parallel()
	soon := func(t *testing.T) context.Context {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		t.Cleanup(cancel)
		return ctx
	}
	for name, attempt := range map[string]func(*testing.T, *slot.Queue, *shaky){
		"reported": func(_ *testing.T, q *slot.Queue, _ *shaky) { q.Report(target, failed) },
		"waits":    func(t *testing.T, q *slot.Queue, _ *shaky) { reserve(t, q, failed).Cancel() },
		"told to wait": func(t *testing.T, q *slot.Queue, _ *shaky) {
			f := failed
			f.Hint = time.Minute
			reserve(t, q, f).Cancel()
		},
		"told to wait for too long": func(t *testing.T, q *slot.Queue, _ *shaky) {
			f := failed
			f.Hint = time.Minute
			if _, err := q.Reserve(soon(t), target, f); !errors.Is(err, slot.ErrDeadline) {
				t.Errorf("Reserve = %v, want ErrDeadline", err)
			}
		},
		"while the store is away": func(t *testing.T, q *slot.Queue, s *shaky) {
			s.down.Store(true)
			q.Report(target, slot.Feedback{Attempt: 1, Result: slot.Rejected})
			time.Sleep(100 * time.Millisecond)
			if _, err := q.Reserve(t.Context(), target, failed); !errors.Is(err, slot.ErrUnavailable) {
				t.Errorf("Reserve = %v, want ErrUnavailable", err)
			}
			s.down.Store(false)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				books := newShaky()
				store := &recorder{Store: books}
				q := newQueue(t, slot.WithStore(store))
				attempt(t, q, books)
				time.Sleep(10 * time.Second)
				if told, _ := store.last(); told.Failed != 1 || told.OK != 0 {
					t.Errorf("told %+v, want one failure", told)
				}
			})
		})
	}
}

// Who has left is not waited for by anybody.
func TestQueueTellsWhoLeft(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]func(*testing.T, *slot.Queue, *shaky) slot.Awaiter{
		"cancelled": func(t *testing.T, q *slot.Queue, _ *shaky) slot.Awaiter {
			r := reserve(t, q, failed)
			r.Cancel()
			return r
		},
		"no slot in time": func(t *testing.T, q *slot.Queue, _ *shaky) slot.Awaiter {
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			r, err := q.Reserve(ctx, target, failed)
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(150 * time.Millisecond)
			q.Report(target, failed) // has the queue look
			return r.(slot.Awaiter)
		},
		"released": func(t *testing.T, q *slot.Queue, s *shaky) slot.Awaiter {
			r := reserve(t, q, failed)
			s.down.Store(true)
			q.Report(target, failed)
			time.Sleep(200 * time.Millisecond)
			s.down.Store(false)
			return r
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				books := newShaky()
				store := &recorder{Store: books}
				q := newQueue(t, slot.WithStore(store))
				goDown(t, q)
				r := leave(t, q, books)
				_ = r.Wait(context.Background()) // returns, with a slot or without
				time.Sleep(5 * time.Second)
				for range 10 { // whoever else is there makes the queue ask
					q.Report(target, failed)
					time.Sleep(time.Second)
				}
				if _, waiting := store.last(); waiting != 0 {
					t.Errorf("%d callers wait, want none", waiting)
				}
			})
		})
	}
}
