package slot_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/slot/book"
)

// wild is a store that does everything which a store can do wrong, at random.
type wild struct {
	mu    sync.Mutex
	rnd   *rand.Rand
	books *slot.Memory
}

func (s *wild) n(n int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rnd.IntN(n)
}

// upTo is a random time.
func (s *wild) upTo(d time.Duration) time.Duration {
	return time.Duration(s.n(int(d/time.Millisecond))) * time.Millisecond
}

func (s *wild) memory() *slot.Memory {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.books
}

func (s *wild) lose() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.books = slot.NewMemory()
}

func (s *wild) Ask(ctx context.Context, target string, r book.Rules, a book.Ask) (book.Answer, error) {
	switch s.n(12) {
	case 0:
		return book.Answer{}, errDown
	case 1:
		<-ctx.Done()
		return book.Answer{}, ctx.Err()
	case 2: // does not look at the context
		time.Sleep(s.upTo(1500 * time.Millisecond))
	case 3: // the answer is lost
		_, _ = s.memory().Ask(context.Background(), target, r, a)
		return book.Answer{}, errDown
	case 4: // the answer is late
		answer, err := s.memory().Ask(context.Background(), target, r, a)
		time.Sleep(s.upTo(1500 * time.Millisecond))
		return answer, err
	case 5:
		if s.n(10) == 0 {
			s.lose()
		}
	}
	time.Sleep(s.upTo(20 * time.Millisecond))
	return s.memory().Ask(context.Background(), target, r, a)
}

func (s *wild) Listen(ctx context.Context, target string, heard func(book.Notice)) error {
	switch s.n(4) {
	case 0:
		return errDown
	case 1:
		ctx, cancel := context.WithTimeout(ctx, s.upTo(5*time.Second))
		defer cancel()
		return s.memory().Listen(ctx, target, heard)
	case 2: // loses some
		return s.memory().Listen(ctx, target, func(n book.Notice) {
			if s.n(3) > 0 {
				heard(n)
			}
		})
	default:
		return s.memory().Listen(ctx, target, heard)
	}
}

// Whatever the store does, each call ends, and who has time enough is served; and then
// everything is forgotten.
func TestQueueStorm(t *testing.T) {
	t.Parallel()
	for seed := range uint64(30) {
		synctest.Test(t, func(t *testing.T) { storm(t, seed) })
	}
}

func storm(t *testing.T, seed uint64) {
	store := &wild{books: slot.NewMemory(), rnd: rand.New(rand.NewPCG(seed, 7))}
	queues := []*slot.Queue{newQueue(t, slot.WithStore(store), slot.WithMaxTargets(2)), newQueue(t, slot.WithStore(store))}
	up := time.Now().Add(store.upTo(20 * time.Second))
	op := func(context.Context) (int, error) {
		time.Sleep(store.upTo(100 * time.Millisecond))
		if time.Now().Before(up) || store.n(20) == 0 {
			return 0, errBusy
		}
		return 1, nil
	}
	judge := slot.WithJudge(func(error) slot.Judgement {
		j := slot.Judgement{Retry: true, Result: slot.Rejected}
		if store.n(2) == 0 {
			j.Result = slot.Failed
		}
		if store.n(4) == 0 {
			j.Hint = store.upTo(4 * time.Second)
		}
		return j
	})
	var all sync.WaitGroup
	for n := range 60 {
		all.Go(func() {
			time.Sleep(store.upTo(10 * time.Second))
			ctx, stays := t.Context(), false
			var cancel context.CancelFunc
			switch n % 5 {
			case 0:
				ctx, cancel = context.WithTimeout(ctx, store.upTo(9*time.Second))
				defer cancel()
			case 1:
				ctx, cancel = context.WithCancel(ctx)
				time.AfterFunc(store.upTo(9*time.Second), cancel)
			default:
				stays = true
			}
			plan := &slot.Plan{Pacer: queues[n%2], MinAttempt: time.Duration(n%2) * 50 * time.Millisecond}
			start := time.Now()
			_, err := slot.Do(ctx, plan, fmt.Sprint(n%3), op, slot.WithGate(), judge)
			if took := time.Since(start); took > 90*time.Second || stays && err != nil {
				t.Errorf("seed %d: caller %d ended after %v: %v", seed, n, took, err)
			}
		})
	}
	if seed%3 == 0 {
		time.AfterFunc(8*time.Second, func() { _ = queues[0].Close() })
	}
	all.Wait()
	time.Sleep(5 * time.Minute)
	for i, q := range queues {
		if q.Targets() != 0 {
			t.Errorf("seed %d: queue %d remembers %d targets", seed, i, q.Targets())
		}
	}
}
