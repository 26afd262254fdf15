package idem_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/idem"
)

func TestGuardWait(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(*remote) idem.Store{
		"store with Waiter":    func(r *remote) idem.Store { return r.store },
		"store without Waiter": func(r *remote) idem.Store { return r },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, tt := range []struct {
				name string
				wait time.Duration
				ends func(*idem.Held) error // after 3 s; nil for not at all
				want idem.State
				max  time.Duration
			}{
				{"no wait", 0, nil, idem.Pending, 0},
				{"ends in time", time.Minute, func(h *idem.Held) error { return h.Complete(nil, []byte("r"), nil) }, idem.Done, 5 * time.Second},
				{"is released in time", time.Minute, (*idem.Held).Release, idem.Acquired, 5 * time.Second},
				{"is abandoned in time", time.Minute, func(h *idem.Held) error { return h.Abandon("x") }, idem.Unknown, 5 * time.Second},
				{"takes too long", time.Second, func(h *idem.Held) error { return h.Release() }, idem.Pending, 2 * time.Second},
				{"never ends", time.Minute, nil, idem.Pending, 62 * time.Second},
			} {
				t.Run(tt.name, func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						store := open(newRemote())
						id := testID(t)
						first := acquire(t, idem.NewGuard(store), id)
						time.AfterFunc(3*time.Second, func() {
							if tt.ends != nil {
								noError(t, tt.ends(first))
							}
						})
						start := time.Now()
						g := idem.NewGuard(store, idem.WithWait(tt.wait))
						result, err := g.Claim(t.Context(), id, nil)
						if err != nil || result.State != tt.want {
							t.Fatalf("Claim = %v, %v; want %v", result.State, err, tt.want)
						}
						if d := time.Since(start); d > tt.max {
							t.Errorf("took %v, want at most %v", d, tt.max)
						}
						if tt.ends == nil {
							noError(t, first.Release())
						}
						time.Sleep(5 * time.Second) // let timers end
					})
				})
			}
		})
	}
}

// The lease of the first owner lapses while a second one waits: it must learn that
// without anybody's help.
func TestGuardWaitSeesALapsedLease(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newRemote()
		id := testID(t)
		_, err := s.Claim(t.Context(), idem.ClaimRequest{ID: id, Owner: idem.NewOwner(), Lease: 2 * time.Second, TTL: time.Hour})
		noError(t, err)
		for store, name := range map[idem.Store]string{s: "without Waiter", s.store: "with Waiter"} {
			result, err := idem.NewGuard(store, idem.WithWait(time.Minute)).Claim(t.Context(), id, nil)
			if err != nil || result.State != idem.Unknown {
				t.Errorf("%s: Claim = %v, %v; want unknown", name, result.State, err)
			}
		}
	})
}

func TestGuardWaitEndsWithTheCaller(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newRemote()
		first := acquire(t, idem.NewGuard(s), testID(t))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		result, err := idem.NewGuard(s, idem.WithWait(time.Hour)).Claim(ctx, testID(t), nil)
		if result.State != idem.Pending || err != nil || time.Since(start) != time.Second {
			t.Errorf("Claim = %v, %v after %v; want pending, as the store said", result.State, err, time.Since(start))
		}
		noError(t, first.Release())
		time.Sleep(10 * time.Second)
	})
}

// A store that fails while an operation is known to be running has not said that it is not.
func TestGuardWaitRemembersWhatTheStoreSaid(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newRemote()
		first := acquire(t, idem.NewGuard(s), testID(t))
		looks := 0
		s.set(on("claim", func(context.Context) error {
			if looks++; looks > 1 {
				return errCut
			}
			return nil
		}), nil)
		result, err := idem.NewGuard(s, idem.WithWait(5*time.Second)).Claim(t.Context(), testID(t), nil)
		if result.State != idem.Pending || err != nil || looks < 2 {
			t.Errorf("Claim = %v, %v after %d looks", result.State, err, looks)
		}
		s.set(nil, nil)
		noError(t, first.Release())
		time.Sleep(time.Minute)
	})
}

// A look whose answer is lost is handed back later; that must not take away the claim that
// a later look was given.
func TestGuardWaitDoesNotHandBackWhatItHolds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newRemote()
		first := acquire(t, idem.NewGuard(s), testID(t))
		time.AfterFunc(time.Second, func() { noError(t, first.Release()) })
		lost := false
		s.set(nil, on("claim", func(context.Context) error {
			if !lost && time.Since(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)) > time.Second {
				lost = true // the claim has landed
				return errCut
			}
			return nil
		}))
		g := idem.NewGuard(s, idem.WithWait(time.Minute))
		result, err := g.Claim(t.Context(), testID(t), nil)
		if err != nil || result.State != idem.Acquired || !lost {
			t.Fatalf("Claim = %v, %v; lost %v", result.State, err, lost)
		}
		var h idem.Held
		g.Hold(t.Context(), result.Claim, "key", &h)
		for range 20 {
			time.Sleep(time.Second)
			if got := state(t, s.store, testID(t)); got != idem.Pending {
				t.Fatalf("state = %v while the operation runs", got)
			}
		}
		noError(t, h.Complete(nil, []byte("r"), nil))
		time.Sleep(time.Minute)
	})
}

// Waking without a cause is allowed, and must not become a storm either.
func TestGuardWaitWithAnEagerWaiter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := eagerWaiter{newRemote()}
		first := acquire(t, idem.NewGuard(s), testID(t))
		result, err := idem.NewGuard(s, idem.WithWait(10*time.Second)).Claim(t.Context(), testID(t), nil)
		if result.State != idem.Pending || err != nil {
			t.Errorf("Claim = %v, %v", result.State, err)
		}
		if n := s.count("claim"); n > 150 {
			t.Errorf("%d claims in ten seconds", n)
		}
		noError(t, first.Release())
		time.Sleep(time.Minute)
	})
}

type eagerWaiter struct{ *remote }

func (eagerWaiter) Wait(context.Context, idem.ID) error { return nil }

// Waiting must not turn into a storm of requests on a store.
func TestGuardWaitPollsGently(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newRemote()
		first := acquire(t, idem.NewGuard(s), testID(t))
		before := s.count("claim")
		_, err := idem.NewGuard(s, idem.WithWait(time.Minute)).Claim(t.Context(), testID(t), nil)
		noError(t, err)
		if n := s.count("claim") - before; n > 150 || n < 30 {
			t.Errorf("%d claims in a minute", n)
		}
		noError(t, first.Release())
		time.Sleep(10 * time.Second)
	})
}

type brokenWaiter struct{ *remote }

func (brokenWaiter) Wait(context.Context, idem.ID) error { return errCut }

func TestGuardWaitSurvivesABrokenWaiter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := brokenWaiter{newRemote()}
		first := acquire(t, idem.NewGuard(s), testID(t))
		time.AfterFunc(2*time.Second, func() { noError(t, first.Release()) })
		result, err := idem.NewGuard(s, idem.WithWait(time.Minute)).Claim(t.Context(), testID(t), nil)
		if err != nil || result.State != idem.Acquired {
			t.Errorf("Claim = %v, %v", result.State, err)
		}
		if n := s.count("claim"); n > 100 {
			t.Errorf("%d claims in two seconds: it spins", n)
		}
		time.Sleep(10 * time.Second)
	})
}
