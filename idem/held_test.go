package idem_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/idem"
)

const lease = 30 * time.Second

func TestHeldIsRenewedWhileItRuns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newRemote()
		g := idem.NewGuard(s, idem.WithLease(lease))
		h := acquire(t, g, testID(t))
		for range 100 {
			time.Sleep(lease)
			if got := state(t, s.store, testID(t)); got != idem.Pending {
				t.Fatalf("state = %v, want pending", got)
			}
		}
		if n := s.count("extend"); n < 200 || n > 600 {
			t.Errorf("%d renewals in 100 leases, want 2 to 6 each", n)
		}
		if h.Context().Err() != nil {
			t.Errorf("context ended: %v", context.Cause(h.Context()))
		}
		noError(t, h.Complete(nil, []byte("r"), nil))
		synctest.Wait() // for a renewal that was under way
		n := s.count("extend")
		time.Sleep(10 * lease)
		if more := s.count("extend") - n; more != 0 {
			t.Errorf("%d renewals after the end", more)
		}
	})
}

// Claims that start at any time between two ticks are renewed before they lapse.
func TestHeldManyAreRenewedInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := idem.NewMemory()
		g := idem.NewGuard(s, idem.WithLease(lease))
		var all []*idem.Held
		for i := range 200 {
			id := idem.NewID("", idem.SharedScope, "", "many", string(rune('a'+i)))
			all = append(all, acquire(t, g, id))
			time.Sleep(317 * time.Millisecond)
			if i%3 == 0 {
				noError(t, all[i/2].Context().Err())
			}
		}
		time.Sleep(10 * lease)
		for _, h := range all {
			if got := state(t, s, h.Claim().ID); got != idem.Pending {
				t.Errorf("state = %v, want pending", got)
			}
			noError(t, h.Release())
		}
		time.Sleep(lease)
	})
}

func TestHeldRenewalSurvivesAnOutageOfTheStore(t *testing.T) {
	t.Parallel()
	for _, guarantee := range []idem.Guarantee{idem.AtMostOnce, idem.AtLeastOnce} {
		t.Run(guarantee.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newRemote()
				g := idem.NewGuard(s, idem.WithLease(lease), idem.WithGuarantee(guarantee))
				h := acquire(t, g, testID(t))
				s.set(on("extend", func(context.Context) error { return errCut }), nil)
				time.Sleep(lease / 2)
				noError(t, h.Context().Err())
				s.set(nil, nil)
				time.Sleep(lease)
				noError(t, h.Context().Err())
				if got := state(t, s.store, testID(t)); got != idem.Pending {
					t.Errorf("state = %v, want pending", got)
				}
				noError(t, h.Release())
				time.Sleep(lease)
			})
		})
	}
}

// Once its lease may be over an at-least-once operation may be running elsewhere; an
// at-most-once operation may not.
func TestHeldWhenTheLeaseIsOver(t *testing.T) {
	t.Parallel()
	for _, fault := range []func(context.Context) error{hang, func(context.Context) error { return errCut }} {
		for guarantee, want := range map[idem.Guarantee]error{idem.AtMostOnce: nil, idem.AtLeastOnce: idem.ErrLost} {
			synctest.Test(t, func(t *testing.T) {
				s := newRemote()
				g := idem.NewGuard(s, idem.WithLease(lease), idem.WithGuarantee(guarantee))
				h := acquire(t, g, testID(t))
				ctx := h.Context()
				s.set(on("extend", fault), nil)
				time.Sleep(lease + lease/3)
				if got := context.Cause(ctx); !errors.Is(got, want) || (want == nil && got != nil) {
					t.Errorf("%v: cause = %v, want %v", guarantee, got, want)
				}
				s.set(nil, nil)
				noError(t, h.Complete(nil, []byte("late"), nil))
				if got := state(t, s.store, testID(t)); got != idem.Done {
					t.Errorf("%v: state = %v, want done: a late truth is still the truth", guarantee, got)
				}
				time.Sleep(lease)
			})
		}
	}
}

// The end must be told although the caller is gone, and told again when the store fails.
func TestHeldEndIsDetachedAndRepeated(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newRemote()
		g := idem.NewGuard(s)
		ctx, cancel := context.WithCancel(t.Context())
		result, err := g.Claim(ctx, testID(t), nil)
		noError(t, err)
		var h idem.Held
		g.Hold(ctx, result.Claim, "key", &h)
		cancel()
		var failures atomic.Int32
		s.set(on("complete", func(ctx context.Context) error {
			if failures.Add(1) < 3 {
				return errCut
			}
			return ctx.Err()
		}), nil)
		noError(t, h.Complete([]byte("fp"), []byte("r"), nil))
		if got := state(t, s.store, testID(t)); got != idem.Done {
			t.Errorf("state = %v, want done", got)
		}
		time.Sleep(lease)
	})
}

// A store that is restarted refuses at once, and is back in a moment.
func TestHeldEndSurvivesARestartOfTheStore(t *testing.T) {
	t.Parallel()
	for _, away := range []time.Duration{time.Second, 4 * time.Second, time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			s := newRemote()
			h := acquire(t, idem.NewGuard(s), testID(t))
			start := time.Now()
			s.set(on("complete", func(context.Context) error {
				if time.Since(start) < away {
					return errCut
				}
				return nil
			}), nil)
			err := h.Complete(nil, []byte("r"), nil)
			if back := away < idem.DefaultFinishTimeout; back != (err == nil) || back != (state(t, s.store, testID(t)) == idem.Done) {
				t.Errorf("away for %v: error %v, state %v", away, err, state(t, s.store, testID(t)))
			}
			if took := time.Since(start); took > min(away+600*time.Millisecond, idem.DefaultFinishTimeout) {
				t.Errorf("away for %v: took %v", away, took)
			}
			if n := s.count("complete"); n < 4 || n > 30 {
				t.Errorf("away for %v: asked %d times", away, n)
			}
			time.Sleep(lease)
		})
	}
}

func TestHeldEndIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newRemote()
		g := idem.NewGuard(s, idem.WithFinishTimeout(3*time.Second), idem.WithStoreTimeout(2*time.Second))
		h := acquire(t, g, testID(t))
		s.set(on("complete", hang), nil)
		start := time.Now()
		if err := h.Complete(nil, []byte("r"), nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error = %v, want a timeout", err)
		}
		if d := time.Since(start); d > 3*time.Second {
			t.Errorf("took %v, want at most 3s", d)
		}
		// Left to its lease, never released: the effect may have happened.
		if got := state(t, s.store, testID(t)); got != idem.Pending {
			t.Errorf("state = %v, want pending", got)
		}
		time.Sleep(idem.DefaultLease)
		if got := state(t, s.store, testID(t)); got != idem.Unknown {
			t.Errorf("state = %v, want unknown", got)
		}
	})
}

func TestHeldAnswersOfTheStoreAreNotRepeated(t *testing.T) {
	t.Parallel()
	for _, want := range []error{idem.ErrFenced, idem.ErrLost} {
		synctest.Test(t, func(t *testing.T) {
			s := newRemote()
			h := acquire(t, idem.NewGuard(s), testID(t))
			s.set(on("complete", func(context.Context) error { return want }), nil)
			if err := h.Complete(nil, nil, nil); !errors.Is(err, want) {
				t.Errorf("error = %v, want %v", err, want)
			}
			if n := s.count("complete"); n != 1 {
				t.Errorf("asked %d times", n)
			}
			time.Sleep(lease)
		})
	}
}

func TestHeldCompleteFallsBackToTheShortRecord(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := idem.NewMemory(idem.WithMaxBytes(2 << 10))
		h := acquire(t, idem.NewGuard(s), testID(t))
		err := h.Complete([]byte("fp"), make([]byte, 4<<10), []byte("short"))
		if !errors.Is(err, idem.ErrFull) {
			t.Errorf("error = %v, want ErrFull", err)
		}
		result, err := idem.NewGuard(s).Claim(t.Context(), testID(t), nil)
		if err != nil || result.State != idem.Done || string(result.Record) != "short" {
			t.Errorf("Claim = %v %q, %v; want the short record", result.State, result.Record, err)
		}
		time.Sleep(lease)
	})
}

func TestHeldEndsOnce(t *testing.T) {
	t.Parallel()
	s := idem.NewMemory()
	h := acquire(t, idem.NewGuard(s), testID(t))
	noError(t, h.Complete(nil, []byte("r"), nil))
	for _, err := range []error{h.Abandon("deferred"), h.Release(), h.Complete(nil, nil, nil)} {
		if !errors.Is(err, idem.ErrLost) {
			t.Errorf("second ending: %v, want ErrLost", err)
		}
	}
	if got := state(t, s, testID(t)); got != idem.Done {
		t.Errorf("state = %v, want done", got)
	}
}

// A renewal must not take longer than there is time to notice that it failed.
func TestHeldShortLeaseNoticesAHungStore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const short = 300 * time.Millisecond
		s := newRemote()
		g := idem.NewGuard(s, idem.WithLease(short), idem.WithGuarantee(idem.AtLeastOnce))
		h := acquire(t, g, testID(t))
		s.set(on("extend", hang), nil)
		start := time.Now()
		<-h.Context().Done()
		if took := time.Since(start); took > 2*short {
			t.Errorf("told after %v of a lease of %v", took, short)
		}
		s.set(nil, nil)
		noError(t, h.Release())
		time.Sleep(time.Minute)
	})
}

// A renewal that comes when the ending has landed, but is not confirmed yet, is no loss.
func TestHeldRenewalAfterTheEndIsNoLoss(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newRemote()
		var renewals []error
		g := idem.NewGuard(s, idem.WithLease(6*time.Second), idem.WithStoreTimeout(time.Minute), idem.WithFinishTimeout(time.Minute),
			idem.WithGuardObserver(idem.Observer{Renewed: func(_ context.Context, info idem.RenewedInfo) { renewals = append(renewals, info.Err) }}))
		h := acquire(t, g, testID(t))
		s.set(nil, on("complete", func(context.Context) error {
			time.Sleep(20 * time.Second) // the reply is slow
			return nil
		}))
		noError(t, h.Complete(nil, []byte("r"), nil))
		if len(renewals) > 0 {
			t.Errorf("the observer was told %v", renewals)
		}
		if cause := context.Cause(h.Context()); !errors.Is(cause, context.Canceled) {
			t.Errorf("cause %v", cause)
		}
		time.Sleep(time.Minute)
	})
}

func TestHeldHoldsOneClaim(t *testing.T) {
	t.Parallel()
	g := idem.NewGuard(idem.NewMemory())
	h := acquire(t, g, testID(t))
	noError(t, h.Release())
	defer func() {
		if r := recover(); r != "idem: Hold with a Held that was used before" {
			t.Errorf("recovered %v", r)
		}
	}()
	g.Hold(t.Context(), h.Claim(), "key", h)
}
