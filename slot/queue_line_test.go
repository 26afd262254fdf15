package slot_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/slot/book"
)

// A line that has ended is not used again, and a success makes no other.
func TestQueueLineHasEnded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newShaky()
		q := newQueue(t, slot.WithStore(store))
		q.Report(target, failed)
		time.Sleep(time.Second)
		before := store.asks.Load()
		q.Retire(target)
		q.Report(target, success)
		q.Retire(target) // still the same
		q.Report(target, failed)
		time.Sleep(time.Second)
		if asked := store.asks.Load() - before; asked != 1 {
			t.Errorf("%d questions about a failure in another line, want 1", asked)
		}
		before = store.asks.Load()
		q.RetireWhile(target, func() { q.Report(target, failed) })
		time.Sleep(time.Second)
		if asked := store.asks.Load() - before; asked != 1 {
			t.Errorf("%d questions about a failure while its line ended, want 1", asked)
		}
		time.Sleep(2 * time.Minute)
		if q.Targets() != 0 {
			t.Errorf("%d targets remembered two minutes after their last failure", q.Targets())
		}
	})
}

// pacing is a store that knows the rate of its target, and adds up what it is told of it.
type pacing struct {
	*shaky
	paced, unpaced atomic.Int64 // successes of attempts with a slot, and without
}

func (s *pacing) Ask(_ context.Context, _ string, _ book.Rules, a book.Ask) (book.Answer, error) {
	const epoch = 5
	answer := book.Answer{Notice: book.Notice{
		Seq: s.asks.Add(1), Mode: book.Paced, Epoch: epoch, Rate: 10, Head: 1, Tail: 1, Next: time.Second,
	}}
	if a.Epoch == epoch {
		s.paced.Add(int64(a.Tally.OK))
	} else {
		s.unpaced.Add(int64(a.Tally.OK))
	}
	s.unpaced.Add(int64(a.Old.OK))
	if a.New > 0 {
		answer.Ticket = 1
	}
	if a.Want > 0 {
		answer.Slots, answer.Step = a.Want, time.Millisecond
	}
	return answer, nil
}

// A retry that comes back from a server's wait is no sign that first attempts have slots too,
// so those that have none do not count to the rate.
func TestQueueHintIsNoGate(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		hint   time.Duration
		gated  bool
		counts bool
	}{
		"a retry":                  {},
		"a retry after a hint":     {hint: time.Second},
		"first attempts are gated": {gated: true, counts: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				store := &pacing{shaky: newShaky()}
				q := newQueue(t, slot.WithStore(store))
				f := rejected
				f.Hint = tt.hint
				if err := reserve(t, q, f).Wait(t.Context()); err != nil {
					t.Fatal(err)
				}
				if tt.gated {
					r, err := q.Admit(t.Context(), target)
					if err != nil {
						t.Fatal(err)
					}
					if err := r.(slot.Awaiter).Wait(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				time.Sleep(time.Second)
				for range 10 {
					q.Report(target, success)
				}
				time.Sleep(time.Second)
				if paced, unpaced := store.paced.Load(), store.unpaced.Load(); paced+unpaced != 10 || (paced > 0) != tt.counts {
					t.Errorf("told of %d successes with a slot and of %d without", paced, unpaced)
				}
			})
		})
	}
}

// chatty is a store that lets its listeners' functions be called when they have returned.
type chatty struct {
	*shaky
	heard chan func(book.Notice)
}

func (s *chatty) Listen(ctx context.Context, target string, heard func(book.Notice)) error {
	s.heard <- heard
	return s.shaky.Listen(ctx, target, heard)
}

// What comes when the queue no longer listens is not heard: it may be older than it seems.
func TestQueueStopsListening(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &chatty{newShaky(), make(chan func(book.Notice), 10)}
		q := newQueue(t, slot.WithStore(store))
		goDown(t, q)
		heard := <-store.heard
		free := func() bool {
			r, err := q.Admit(t.Context(), target)
			if err != nil {
				t.Fatal(err)
			}
			_, waits := r.(slot.Awaiter)
			r.Cancel()
			return !waits
		}
		r := reserve(t, q, failed)
		if err := r.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		for range 20 { // it is well again
			q.Report(target, success)
			time.Sleep(500 * time.Millisecond)
		}
		time.Sleep(20 * time.Second)
		if !free() || q.Targets() != 1 {
			t.Fatalf("the target is not clear, or one of %d", q.Targets())
		}
		heard(book.Notice{Seq: 1 << 40, Mode: book.Down, Epoch: 1 << 40, Next: time.Second})
		if !free() {
			t.Error("a notice was heard when nobody listened")
		}
	})
}
