package idemcache_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemcache"
	"github.com/goaroundhq/goaround/idem/idemtest"
)

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
