package idemcache_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemcache"
)

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
