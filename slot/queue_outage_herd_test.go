package slot_test

import (
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/slot"
)

// A herd that was parked for long does not go all at once when the store fails, although its
// callers have made one attempt each.
func TestQueueOutageOfAHerd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newShaky()
		q := newQueue(t, slot.WithStore(store))
		goDown(t, q)
		const callers, parked = 500, 8 * time.Second
		start := time.Now()
		var all sync.WaitGroup
		var mu sync.Mutex
		perSecond := map[int]int{}
		for range callers {
			r := reserve(t, q, failed)
			all.Go(func() {
				if err := r.Wait(t.Context()); err != nil {
					t.Error(err)
				}
				if waited := time.Since(start); waited >= parked {
					mu.Lock()
					defer mu.Unlock()
					perSecond[int((waited-parked).Seconds())]++
				}
			})
		}
		time.Sleep(parked - time.Second)
		store.down.Store(true)
		time.Sleep(time.Second)
		q.Report(target, failed)
		all.Wait()
		for second, n := range perSecond {
			if n > callers/3 {
				t.Errorf("%d of %d callers went in second %d after the store failed", n, callers, second)
			}
		}
	})
}

// Who is released goes neither before what the server asked for nor after the deadline.
func TestQueueReleasedInTime(t *testing.T) {
	t.Parallel()
	const wait = 3 * time.Second
	for name, tt := range map[string]struct {
		hint, deadline time.Duration
		took           time.Duration // 0: at once
		err            error
	}{
		"nothing asked":        {took: wait},
		"a server's wait":      {hint: 10 * time.Second, took: 10*time.Second + wait},
		"deadline before that": {deadline: wait - 1, err: slot.ErrDeadline},
		"deadline after that":  {deadline: wait + time.Second, took: wait},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				store := newShaky()
				store.down.Store(true)
				q := newQueue(t, slot.WithStore(store), slot.WithFallback(fixed(wait)))
				ctx := within(t, tt.deadline)
				f := failed
				f.Hint = tt.hint
				start := time.Now()
				r, err := q.Reserve(ctx, target, f)
				if err != nil {
					t.Fatal(err)
				}
				q.Report(target, failed)
				err = r.(slot.Awaiter).Wait(t.Context())
				if took := time.Since(start); !errors.Is(err, tt.err) || (err == nil) != (tt.err == nil) || took.Round(time.Second) != tt.took {
					t.Errorf("Wait = %v after %v, want %v after %v", err, took, tt.err, tt.took)
				}
			})
		})
	}
}
