package slot_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/slot/book"
)

var errDown = errors.New("store is down")

// shaky is a store like one on another machine: it is asked in the background, takes a
// millisecond, and can fail.
type shaky struct {
	books   *slot.Memory
	asks    atomic.Int64
	down    atomic.Bool // fail at once
	hang    atomic.Bool // answer nothing
	deaf    atomic.Bool // have nobody listen
	deafens sync.Map    // cancel functions of those who listen
}

func newShaky() *shaky { return &shaky{books: slot.NewMemory()} }

func (s *shaky) Ask(ctx context.Context, target string, r book.Rules, a book.Ask) (book.Answer, error) {
	s.asks.Add(1)
	if s.hang.Load() {
		<-ctx.Done()
		return book.Answer{}, ctx.Err()
	}
	time.Sleep(time.Millisecond)
	if s.down.Load() {
		return book.Answer{}, errDown
	}
	return s.books.Ask(ctx, target, r, a)
}

func (s *shaky) Listen(ctx context.Context, target string, heard func(book.Notice)) error {
	if s.deaf.Load() {
		return errDown
	}
	ctx, cancel := context.WithCancelCause(ctx)
	s.deafens.Store(&cancel, cancel)
	defer s.deafens.Delete(&cancel)
	if err := s.books.Listen(ctx, target, heard); !errors.Is(context.Cause(ctx), errDown) {
		return err
	}
	return errDown
}

// deafen breaks the connection of all who listen.
func (s *shaky) deafen() {
	s.deaf.Store(true)
	s.deafens.Range(func(_, cancel any) bool {
		cancel.(context.CancelCauseFunc)(errDown)
		return true
	})
}

// newQueue makes a queue that is closed with the test.
func newQueue(t testing.TB, opts ...slot.QueueOption) *slot.Queue {
	q := slot.NewQueue(opts...)
	t.Cleanup(func() { _ = q.Close() })
	return q
}

// reserve books a slot after a failed attempt.
func reserve(t *testing.T, q slot.Pacer, f slot.Feedback) slot.Awaiter {
	t.Helper()
	r, err := q.Reserve(t.Context(), target, f)
	if err != nil {
		t.Fatalf("Reserve: %v", err)
	}
	a, ok := r.(slot.Awaiter)
	if !ok {
		t.Fatalf("Reserve gave a %T, want an Awaiter", r)
	}
	return a
}

var (
	failed   = slot.Feedback{Attempt: 1, Result: slot.Failed, Latency: time.Millisecond}
	rejected = slot.Feedback{Attempt: 1, Result: slot.Rejected, Latency: time.Millisecond}
	success  = slot.Feedback{Attempt: 1, Result: slot.Success, Latency: time.Millisecond}
)

// goDown has so many attempts fail that the target is no longer clear.
func goDown(t *testing.T, q *slot.Queue) {
	t.Helper()
	for range 50 {
		q.Report(target, failed)
		time.Sleep(20 * time.Millisecond)
		if r, err := q.Admit(t.Context(), target); err == nil {
			if _, waits := r.(slot.Awaiter); waits {
				r.Cancel()
				return
			}
		}
	}
	t.Fatal("the target is still clear after 50 failures and no success")
}
