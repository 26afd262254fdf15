package idemcache_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemcache"
	"github.com/goaroundhq/goaround/idem/idemtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestStoreIsAStore(t *testing.T) {
	t.Parallel()
	idemtest.Run(t, idemtest.Target{
		Open: func(*testing.T) idem.Store { return idemcache.New(idem.NewMemory()) },
		OpenBounded: func(_ *testing.T, n int64) idem.Store {
			return idemcache.New(idem.NewMemory(idem.WithMaxBytes(n)))
		},
		Bubble: true,
	})
}

// far is a store elsewhere: its claims are counted, and can be held up.
type far struct {
	*idem.Memory
	claims atomic.Int64
	before func(context.Context) error
}

func (f *far) Local() bool { return false }

func (f *far) Claim(ctx context.Context, r idem.ClaimRequest) (idem.ClaimResult, error) {
	f.claims.Add(1)
	if f.before != nil {
		if err := f.before(ctx); err != nil {
			return idem.ClaimResult{}, err
		}
	}
	return f.Memory.Claim(ctx, r)
}

// trips fails the test unless the store was asked for that many claims.
func (f *far) trips(t *testing.T, want int64) {
	t.Helper()
	if n := f.claims.Load(); n != want {
		t.Errorf("the store was asked %d times, want %d", n, want)
	}
}

func newFar() *far { return &far{Memory: idem.NewMemory()} }

func request(key string) idem.ClaimRequest {
	return idem.ClaimRequest{
		ID: idem.NewID("", idem.SharedScope, "", "test", key), Owner: idem.NewOwner(), Lease: time.Minute, TTL: time.Hour,
	}
}

func claim(t *testing.T, s idem.Store, r idem.ClaimRequest, want idem.State) idem.ClaimResult {
	t.Helper()
	result, err := s.Claim(t.Context(), r)
	if err != nil || result.State != want {
		t.Fatalf("Claim = %v, %v, want %v", result.State, err, want)
	}
	return result
}

// finish runs an operation to its end.
func finish(t *testing.T, s idem.Store, key, record string) idem.ID {
	t.Helper()
	r := request(key)
	c := claim(t, s, r, idem.Acquired).Claim
	if err := s.Complete(t.Context(), c, []byte("print"), []byte(record), time.Hour); err != nil {
		t.Fatal(err)
	}
	return r.ID
}

func TestRepetitionsCostNoTrip(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFar()
		s := idemcache.New(f)
		finish(t, s, "own", "result")
		f.trips(t, 1)
		for i := range 3 {
			time.Sleep(time.Second)
			result := claim(t, s, request("own"), idem.Done)
			if string(result.Record) != "result" || string(result.Fingerprint) != "print" {
				t.Errorf("record %q, fingerprint %q", result.Record, result.Fingerprint)
			}
			if want := time.Duration(i+1) * time.Second; result.Age != want {
				t.Errorf("Age = %v, want %v", result.Age, want)
			}
		}
		f.trips(t, 1)

		finish(t, f, "other process", "result")
		time.Sleep(time.Minute)
		before := f.claims.Load()
		claim(t, s, request("other process"), idem.Done)
		time.Sleep(time.Minute)
		if age := claim(t, s, request("other process"), idem.Done).Age; age != 2*time.Minute {
			t.Errorf("Age = %v, want 2m", age)
		}
		f.trips(t, before+1)
	})
}

func TestCopiesHaveAnEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFar()
		s := idemcache.New(f, idemcache.WithMaxAge(time.Minute))
		id := finish(t, s, "key", "result")
		if err := f.Purge(t.Context(), id); err != nil { // as another process would
			t.Fatal(err)
		}
		time.Sleep(time.Minute - time.Nanosecond)
		claim(t, s, request("key"), idem.Done)
		time.Sleep(time.Nanosecond)
		claim(t, s, request("key"), idem.Acquired)
	})
}

func TestPurgeForgetsTheCopy(t *testing.T) {
	t.Parallel()
	s := idemcache.New(newFar())
	id := finish(t, s, "key", "result")
	if err := s.Purge(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	claim(t, s, request("key"), idem.Acquired)
	if err := s.Purge(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	claim(t, s, request("key"), idem.Acquired)
}

func TestCopiesAreBounded(t *testing.T) {
	t.Parallel()
	f := newFar()
	s := idemcache.New(f, idemcache.WithMaxBytes(1<<20))
	for i := range 1000 {
		finish(t, s, fmt.Sprint(i), string(make([]byte, 8<<10)))
	}
	finish(t, s, "huge", string(make([]byte, 256<<10)))
	kept := 0
	for i := range 1000 {
		if _, ok := s.Recall(request(fmt.Sprint(i)).ID); ok {
			kept++
		}
	}
	if limit := (1 << 20) / (8 << 10); kept == 0 || kept > limit {
		t.Errorf("%d copies of 8 KiB are kept in 1 MiB, want 1 to %d", kept, limit)
	}
	if _, ok := s.Recall(request("huge").ID); ok {
		t.Error("a copy of a quarter of the bound is kept")
	}
}

// A storm of repetitions in one process: one asks, and nobody waits for the store twice.
func TestManyAtOnceAskOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFar()
		f.before = func(context.Context) error { time.Sleep(time.Second); return nil }
		s := idemcache.New(f)
		var acquired, pending atomic.Int64
		storm(500, func() {
			result, err := s.Claim(context.Background(), request("key"))
			switch {
			case err == nil && result.State == idem.Acquired:
				acquired.Add(1)
			case err == nil && result.State == idem.Pending && result.LeaseLeft > 0:
				pending.Add(1)
			}
		})
		if acquired.Load() != 1 || pending.Load() != 499 {
			t.Errorf("%d acquired, %d pending, want 1 and 499", acquired.Load(), pending.Load())
		}
		f.trips(t, 1)
	})
}

// Those who come while a question is under way need a later one, but one for all.
func TestAnswersAreNotOlderThanTheCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFar()
		claim(t, f, request("key"), idem.Acquired) // by another process
		f.claims.Store(0)
		asked := make(chan struct{})
		f.before = func(context.Context) error { asked <- struct{}{}; time.Sleep(time.Second); return nil }
		s := idemcache.New(f)
		var wg sync.WaitGroup
		wg.Go(func() { _, _ = s.Claim(context.Background(), request("key")) })
		<-asked
		f.before = nil
		storm(100, func() {
			if result, err := s.Claim(context.Background(), request("key")); err != nil || result.State != idem.Pending {
				t.Errorf("Claim = %v, %v, want pending", result.State, err)
			}
		})
		wg.Wait()
		f.trips(t, 2)
	})
}

func storm(n int, f func()) {
	var wg sync.WaitGroup
	for range n {
		wg.Go(f)
	}
	wg.Wait()
}

func TestOneWhoGivesUpTakesNobodyWithHim(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFar()
		f.before = func(ctx context.Context) error {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(time.Minute):
				return nil
			}
		}
		s := idemcache.New(f)
		hasty, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := s.Claim(hasty, request("key")); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("hasty Claim: %v", err)
			}
		})
		synctest.Wait()
		wg.Go(func() { claim(t, s, request("key"), idem.Acquired) })
		wg.Go(func() {
			if _, err := s.Claim(hasty, request("key")); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("hasty Claim behind another one: %v", err)
			}
		})
		wg.Wait()
	})
}

func TestFailureIsSharedOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		errDown := errors.New("down")
		f := newFar()
		f.before = func(context.Context) error { time.Sleep(time.Second); return errDown }
		s := idemcache.New(f)
		storm(100, func() {
			if _, err := s.Claim(context.Background(), request("key")); !errors.Is(err, errDown) {
				t.Errorf("Claim: %v", err)
			}
		})
		if n := f.claims.Load(); n > 2 {
			t.Errorf("a store that is down was asked %d times by 100 at once", n)
		}
		f.before = nil
		claim(t, s, request("key"), idem.Acquired)
	})
}

func TestStoreThatPanicsStopsNobody(t *testing.T) {
	t.Parallel()
	f := newFar()
	s := idemcache.New(f)
	f.before = func(context.Context) error { panic("broken") }
	func() {
		defer func() { _ = recover() }()
		_, _ = s.Claim(t.Context(), request("key"))
		t.Error("the panic is lost")
	}()
	f.before = nil
	claim(t, s, request("key"), idem.Acquired)
}

// The lease that is known here is never longer than the store's.
func TestLapsedClaimIsAskedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFar()
		s := idemcache.New(f)
		r := request("key")
		c := claim(t, s, r, idem.Acquired).Claim
		time.Sleep(40 * time.Second)
		if err := s.Extend(t.Context(), c, time.Minute); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute - time.Nanosecond)
		claim(t, s, request("key"), idem.Pending)
		f.trips(t, 1)
		time.Sleep(time.Nanosecond)
		claim(t, s, request("key"), idem.Unknown)
		f.trips(t, 2)
	})
}

func TestWaitersHereNeedNoStore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFar()
		s := idemcache.New(noWaiter{f}) // whose Wait would fail
		r := request("key")
		c := claim(t, s, r, idem.Acquired).Claim
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				if err := s.Wait(t.Context(), r.ID); err != nil {
					t.Errorf("Wait: %v", err)
				}
				claim(t, s, request("key"), idem.Done)
			})
		}
		synctest.Wait()
		if err := s.Complete(t.Context(), c, nil, []byte("result"), time.Hour); err != nil {
			t.Fatal(err)
		}
		wg.Wait()
		f.trips(t, 1)
		if err := s.Wait(t.Context(), request("nothing").ID); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("Wait for what is not here: %v, want ErrUnsupported", err)
		}
	})
}

// noWaiter hides what else the store can do.
type noWaiter struct{ idem.Store }

func TestInnerStoreWithoutAdmin(t *testing.T) {
	t.Parallel()
	s := idemcache.New(noWaiter{newFar()})
	id := request("key").ID
	_, err := s.Get(t.Context(), id)
	for what, err := range map[string]error{
		"Get":     err,
		"Purge":   s.Purge(t.Context(), id),
		"Resolve": s.Resolve(t.Context(), id, idem.Resolution{}),
	} {
		if !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%s: %v, want ErrUnsupported", what, err)
		}
	}
	for _, err := range s.Scan(t.Context()) {
		if !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("Scan: %v, want ErrUnsupported", err)
		}
	}
}

// Claims that nobody ends, because their handlers' stores were down, are not kept for ever.
func TestForgottenClaimsAreSwept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := idemcache.New(newFar())
		for i := range 50_000 {
			claim(t, s, request(fmt.Sprint(i)), idem.Acquired)
			time.Sleep(time.Second)
		}
		if n := s.Holdings(); n > 32*2*64 {
			t.Errorf("%d claims are remembered, of which 60 live", n)
		}
	})
}

func TestOptionsRefuseNonsense(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]func(){
		"no store": func() { idemcache.New(nil) },
		"no bytes": func() { idemcache.WithMaxBytes(0) },
		"no age":   func() { idemcache.WithMaxAge(0) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			f()
		})
	}
}
