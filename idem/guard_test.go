package idem_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/idem"
)

var errCut = errors.New("connection cut")

func testID(t *testing.T) idem.ID {
	t.Helper()
	return idem.NewID("test", idem.SharedScope, "", t.Name(), "key")
}

// state is what the store says to somebody who comes now.
func state(t *testing.T, s *idem.Memory, id idem.ID) idem.State {
	t.Helper()
	info, err := s.Get(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	return info.State
}

// acquire claims and must get it.
func acquire(t *testing.T, g *idem.Guard, id idem.ID) *idem.Held {
	t.Helper()
	result, err := g.Claim(t.Context(), id, nil)
	if err != nil || result.State != idem.Acquired {
		t.Fatalf("Claim = %v, %v", result.State, err)
	}
	h := new(idem.Held)
	g.Hold(t.Context(), result.Claim, "key", h)
	return h
}

func noError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestGuardClaimIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newRemote()
		s.set(on("claim", hang), nil)
		start := time.Now()
		_, err := idem.NewGuard(s, idem.WithStoreTimeout(time.Second)).Claim(t.Context(), testID(t), nil)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error = %v, want a timeout", err)
		}
		if d := time.Since(start); d != time.Second {
			t.Errorf("took %v, want 1s", d)
		}
		synctest.Wait()
		time.Sleep(time.Second) // for the claim to be handed back
	})
}

// A claim whose answer was lost may have landed. Nothing ran under it, so it must not
// block the key for a lease and leave it unknown.
func TestGuardHandsBackAClaimWhoseReplyWasLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newRemote()
		s.set(nil, on("claim", func(context.Context) error { return errCut }))
		g := idem.NewGuard(s)
		if _, err := g.Claim(t.Context(), testID(t), nil); !errors.Is(err, errCut) {
			t.Fatalf("error = %v", err)
		}
		synctest.Wait()
		if got := state(t, s.store, testID(t)); got != idem.Absent {
			t.Errorf("state = %v, want absent", got)
		}
		time.Sleep(time.Minute)
		if n := s.count("release"); n != 2 {
			t.Errorf("handed back %d times, want twice: for what landed, and for what was on its way", n)
		}
	})
}

// The caller hangs up while the store decides: the decision must not be left half made.
func TestGuardClaimOutlivesItsCaller(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newRemote()
		ctx, cancel := context.WithCancel(t.Context())
		s.set(on("claim", func(claim context.Context) error {
			cancel()
			return claim.Err()
		}), nil)
		result, err := idem.NewGuard(s).Claim(ctx, testID(t), nil)
		if err != nil || result.State != idem.Acquired {
			t.Errorf("Claim = %v, %v", result.State, err)
		}
	})
}

func TestGuardClaimWithADeadContext(t *testing.T) {
	t.Parallel()
	cause := errors.New("gone")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	s := newRemote()
	if _, err := idem.NewGuard(s).Claim(ctx, testID(t), nil); !errors.Is(err, cause) {
		t.Errorf("error = %v, want the cause", err)
	}
	if s.count("claim") != 0 {
		t.Error("the store was asked")
	}
}

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

func TestGuardOptionsRefuseNonsense(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]func(){
		"idem: NewGuard without a store":                func() { idem.NewGuard(nil) },
		"idem: WithLease(0s): must be positive":         func() { idem.WithLease(0) },
		"idem: WithTTL(-1s): must be positive":          func() { idem.WithTTL(-time.Second) },
		"idem: WithWait(-1s): must not be negative":     func() { idem.WithWait(-time.Second) },
		"idem: WithStoreTimeout(0s): must be positive":  func() { idem.WithStoreTimeout(0) },
		"idem: WithFinishTimeout(0s): must be positive": func() { idem.WithFinishTimeout(0) },
		"idem: WithMaxBytes(0): must be positive":       func() { idem.WithMaxBytes(0) },
	} {
		func() {
			defer func() {
				if got := recover(); got != name {
					t.Errorf("recovered %v, want %q", got, name)
				}
			}()
			f()
		}()
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		got  interface{ String() string }
		want string
	}{
		{idem.Absent, "absent"}, {idem.Acquired, "acquired"}, {idem.Pending, "pending"}, {idem.Done, "done"},
		{idem.Unknown, "unknown"}, {idem.State(99), "invalid"},
		{idem.AtMostOnce, "at-most-once"}, {idem.AtLeastOnce, "at-least-once"}, {idem.Guarantee(99), "invalid"},
		{idem.Completed, "completed"}, {idem.Released, "released"}, {idem.Abandoned, "abandoned"}, {idem.Ending(99), "invalid"},
	} {
		if got := tt.got.String(); got != tt.want || strings.ToLower(got) != got {
			t.Errorf("String = %q, want %q", got, tt.want)
		}
	}
}
