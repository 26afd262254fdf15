package idemcache_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemcache"
)

// broken is a store elsewhere whose answers can be spoilt after the step was taken.
type broken struct {
	*idem.Memory
	after func(step string) error
}

func (*broken) Local() bool { return false }

func (b *broken) then(step string, err error) error {
	if b.after == nil {
		return err
	}
	return errors.Join(err, b.after(step))
}

func (b *broken) Claim(ctx context.Context, r idem.ClaimRequest) (idem.ClaimResult, error) {
	result, err := b.Memory.Claim(ctx, r)
	return result, b.then("claim", err)
}

func (b *broken) Extend(ctx context.Context, c idem.Claim, lease time.Duration) error {
	return b.then("extend", b.Memory.Extend(ctx, c, lease))
}

func (b *broken) Complete(ctx context.Context, c idem.Claim, fp, rec []byte, ttl time.Duration) error {
	return b.then("complete", b.Memory.Complete(ctx, c, fp, rec, ttl))
}

func (b *broken) Release(ctx context.Context, c idem.Claim) error {
	return b.then("release", b.Memory.Release(ctx, c))
}

func (b *broken) Abandon(ctx context.Context, c idem.Claim, reason string) error {
	return b.then("abandon", b.Memory.Abandon(ctx, c, reason))
}

var errLost = errors.New("reply lost")

// Who ends a claim has ended, also when the store's answer is lost: the next one asks.
func TestEndingWhoseAnswerIsLost(t *testing.T) {
	t.Parallel()
	for step, tt := range map[string]struct {
		end  func(*testing.T, idem.Store, idem.Claim) error
		want idem.State
	}{
		"complete": {func(t *testing.T, s idem.Store, c idem.Claim) error {
			return s.Complete(t.Context(), c, nil, []byte("result"), time.Hour)
		}, idem.Done},
		"release": {func(t *testing.T, s idem.Store, c idem.Claim) error { return s.Release(t.Context(), c) }, idem.Acquired},
		"abandon": {func(t *testing.T, s idem.Store, c idem.Claim) error { return s.Abandon(t.Context(), c, "test") }, idem.Unknown},
	} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			b := &broken{Memory: idem.NewMemory()}
			s := idemcache.New(b)
			c := claim(t, s, request("key"), idem.Acquired).Claim
			b.after = func(string) error { return errLost }
			if err := tt.end(t, s, c); !errors.Is(err, errLost) {
				t.Fatalf("%s: %v", step, err)
			}
			b.after = nil
			claim(t, s, request("key"), tt.want)
		})
	}
}

// The first result stays: what a late owner says is not kept here when the store has
// another one.
func TestLateResultIsNotKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		inner := idem.NewMemory()
		s := idemcache.New(inner)
		r := request("key")
		c := claim(t, s, r, idem.Acquired).Claim
		time.Sleep(2 * time.Minute) // the process is stopped, and its lease is over
		resolved := idem.Resolution{State: idem.Done, Record: []byte("resolved"), TTL: time.Hour}
		if err := inner.Resolve(t.Context(), r.ID, resolved); err != nil {
			t.Fatal(err)
		}
		if err := s.Complete(t.Context(), c, nil, []byte("late"), time.Hour); err != nil {
			t.Fatal(err)
		}
		if got := claim(t, s, request("key"), idem.Done).Record; string(got) != "resolved" {
			t.Errorf("record %q, the store has another one", got)
		}
	})
}

// An answer that was under way when the record was purged is not kept.
func TestPurgeWhileAnAnswerIsUnderWay(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"claim", "complete"} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			b := &broken{Memory: idem.NewMemory()}
			s := idemcache.New(b)
			id := request("key").ID
			purge := func(at string) error {
				if at != step {
					return nil
				}
				b.after = nil
				return s.Purge(context.Background(), id)
			}
			if step == "claim" {
				finish(t, b.Memory, "key", "result")
				b.after = purge
				claim(t, s, request("key"), idem.Done)
			} else {
				b.after = purge
				finish(t, s, "key", "result")
			}
			if _, ok := s.Recall(id); ok {
				t.Error("the purged record is recalled")
			}
			claim(t, s, request("key"), idem.Acquired)
		})
	}
}

// A resolution in this process is known in this process.
func TestResolveEndsWhatIsHeld(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := idemcache.New(idem.NewMemory())
		r := request("key")
		c := claim(t, s, r, idem.Acquired).Claim
		if err := s.Abandon(t.Context(), c, "test"); err != nil {
			t.Fatal(err)
		}
		if err := s.Resolve(t.Context(), r.ID, idem.Resolution{State: idem.Absent}); err != nil {
			t.Fatal(err)
		}
		claim(t, s, request("key"), idem.Acquired)
	})
}

// What cut short the one who asks, in whatever words, is not shared; what the store says is.
func TestOnlyTheStoresErrorsAreShared(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFar()
		f.before = func(ctx context.Context) error {
			select {
			case <-ctx.Done():
				return errors.New("i/o timeout") // as package net says it
			case <-time.After(5 * time.Second):
				return nil
			}
		}
		s := idemcache.New(f)
		hasty, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := s.Claim(hasty, request("key")); err == nil {
				t.Error("the hasty one has an answer")
			}
		})
		synctest.Wait()
		wg.Go(func() { claim(t, s, request("key"), idem.Acquired) })
		wg.Wait()
	})
}

// Somebody else has it is an answer: nobody asks again and again behind a key that is
// claimed and released all the time.
func TestAcquiredIsPendingForThoseWhoWaited(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFar()
		s := idemcache.New(f)
		f.before = func(context.Context) error { time.Sleep(time.Second); return nil }
		var wg sync.WaitGroup
		release := func() {
			r := request("key")
			result, err := s.Claim(t.Context(), r)
			if err != nil {
				t.Error(err)
			}
			if result.State == idem.Acquired {
				err = s.Release(t.Context(), result.Claim)
			} else if result.State != idem.Pending || result.LeaseLeft <= 0 || result.LeaseLeft > r.Lease {
				t.Errorf("%v with %v left", result.State, result.LeaseLeft)
			}
			if err != nil {
				t.Error(err)
			}
		}
		for range 100 {
			wg.Go(release)
		}
		wg.Wait()
		if n := f.claims.Load(); n > 2 {
			t.Errorf("the store was asked %d times by 100 at once", n)
		}
	})
}

// Unknown is an answer to those who would not take over, and none to the others.
func TestUnknownIsNotSharedWithThoseWhoTakeOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFar()
		s := idemcache.New(f)
		c := claim(t, s, request("key"), idem.Acquired).Claim
		if err := s.Abandon(t.Context(), c, "test"); err != nil {
			t.Fatal(err)
		}
		f.claims.Store(0)
		f.before = func(context.Context) error { time.Sleep(time.Second); return nil }
		var wg sync.WaitGroup
		wg.Go(func() { claim(t, s, request("key"), idem.Unknown) })
		synctest.Wait()
		for range 50 {
			wg.Go(func() { claim(t, s, request("key"), idem.Unknown) })
		}
		wg.Wait()
		f.trips(t, 2)
		wg.Go(func() { claim(t, s, request("key"), idem.Unknown) })
		synctest.Wait()
		wg.Go(func() {
			r := request("key")
			r.TakeOver = true
			claim(t, s, r, idem.Acquired)
		})
		wg.Wait()
	})
}

// Those who wait for a claim that is held here look again when its lease is over.
func TestWaitEndsWithTheLease(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		inner := idem.NewMemory()
		s := idemcache.New(inner)
		r := request("key")
		claim(t, s, r, idem.Acquired)
		start := time.Now()
		if err := s.Wait(t.Context(), r.ID); err != nil || time.Since(start) != r.Lease {
			t.Errorf("Wait = %v after %v, want nil after the lease", err, time.Since(start))
		}
	})
}

// A lease begins for this process when it asks, and not when the answer arrives.
func TestLeaseIsCountedFromTheQuestion(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &broken{Memory: idem.NewMemory()}
		b.after = func(string) error { time.Sleep(10 * time.Second); return nil }
		s := idemcache.New(b)
		c := claim(t, s, request("key"), idem.Acquired).Claim
		b.after = nil
		if left := claim(t, s, request("key"), idem.Pending).LeaseLeft; left != 50*time.Second {
			t.Errorf("%v left after a claim that took 10s, want 50s", left)
		}
		b.after = func(string) error { time.Sleep(10 * time.Second); return nil }
		if err := s.Extend(t.Context(), c, time.Minute); err != nil {
			t.Fatal(err)
		}
		b.after = nil
		if left := claim(t, s, request("key"), idem.Pending).LeaseLeft; left != 50*time.Second {
			t.Errorf("%v left after a renewal that took 10s, want 50s", left)
		}
	})
}

// unreadable is a store whose records cannot be read.
type unreadable struct{ idem.Store }

func (u unreadable) Claim(ctx context.Context, r idem.ClaimRequest) (idem.ClaimResult, error) {
	result, err := u.Store.Claim(ctx, r)
	if result.State == idem.Done {
		result.Record, result.Unreadable = nil, errors.New("no key")
	}
	return result, err
}

func TestUnreadableRecordIsNotKept(t *testing.T) {
	t.Parallel()
	inner := idem.NewMemory()
	finish(t, inner, "key", "result")
	s := idemcache.New(unreadable{inner})
	for range 2 {
		if result := claim(t, s, request("key"), idem.Done); result.Unreadable == nil {
			t.Error("the record reads as an empty one")
		}
	}
}
