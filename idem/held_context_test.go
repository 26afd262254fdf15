package idem_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/idem"
)

func TestHeldIsCancelledWhenItsClaimIsGone(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		take func(*testing.T, *idem.Memory, idem.ID)
		want error
	}{
		"purged": {func(t *testing.T, s *idem.Memory, id idem.ID) {
			noError(t, s.Purge(t.Context(), id))
		}, idem.ErrLost},
		"taken over": {func(t *testing.T, s *idem.Memory, id idem.ID) {
			noError(t, s.Purge(t.Context(), id))
			_, err := s.Claim(t.Context(), idem.ClaimRequest{ID: id, Owner: idem.NewOwner(), Lease: time.Hour, TTL: time.Hour})
			noError(t, err)
		}, idem.ErrFenced},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newRemote()
				var ended error
				g := idem.NewGuard(s, idem.WithLease(lease), idem.WithGuardObserver(idem.Observer{
					Ended: func(_ context.Context, info idem.EndedInfo) { ended = info.Err },
				}))
				h := acquire(t, g, testID(t))
				derived, cancel := context.WithCancel(h.Context()) // as a handler's own calls do
				defer cancel()
				tt.take(t, s.store, testID(t))
				start := time.Now()
				<-derived.Done()
				if d := time.Since(start); d > lease/2 {
					t.Errorf("noticed after %v", d)
				}
				if got := context.Cause(derived); !errors.Is(got, tt.want) {
					t.Errorf("cause = %v, want %v", got, tt.want)
				}
				err := h.Complete(nil, []byte("mine"), nil)
				if errors.Is(tt.want, idem.ErrFenced) != errors.Is(err, idem.ErrFenced) {
					t.Errorf("Complete = %v", err)
				}
				if !errors.Is(ended, err) {
					t.Errorf("observer was told %v, the caller %v", ended, err)
				}
				time.Sleep(lease)
			})
		})
	}
}

func TestAttemptInContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		type own struct{}
		g := idem.NewGuard(idem.NewMemory(), idem.WithGuarantee(idem.AtLeastOnce))
		if _, ok := idem.FromContext(t.Context()); ok {
			t.Error("a bare context has an attempt")
		}
		if _, ok := idem.DownstreamKey(t.Context(), "charge"); ok {
			t.Error("a bare context has a downstream key")
		}
		keys := map[string]bool{}
		var last idem.Attempt
		for number := uint32(1); number <= 3; number++ {
			result, err := g.Claim(t.Context(), testID(t), nil)
			noError(t, err)
			var h idem.Held
			g.Hold(context.WithValue(t.Context(), own{}, "mine"), result.Claim, "order-17", &h)
			ctx := context.WithoutCancel(h.Context())
			a, ok := idem.FromContext(ctx)
			if !ok || a.ID != testID(t) || a.Key != "order-17" || a.Number != number || a.Fence <= last.Fence {
				t.Errorf("attempt = %+v, %v after %+v", a, ok, last)
			}
			last = a
			if ctx.Value(own{}) != "mine" {
				t.Error("a value of the caller's is gone")
			}
			key, _ := idem.DownstreamKey(ctx, "charge")
			noError(t, idem.CheckKey(key))
			keys[key] = true
			noError(t, h.Abandon("test"))
		}
		if len(keys) != 1 {
			t.Errorf("%d downstream keys over three attempts, want 1", len(keys))
		}
		time.Sleep(lease)
	})
}

func TestDownstreamKeysDifferByStep(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := acquire(t, idem.NewGuard(idem.NewMemory()), testID(t))
		charge, _ := idem.DownstreamKey(h.Context(), "charge")
		ship, _ := idem.DownstreamKey(h.Context(), "ship")
		if charge == ship {
			t.Error("two steps have the same key")
		}
		noError(t, h.Release())
		time.Sleep(lease)
	})
}

// The context is like any other: it ends with its parent, and keeps its deadline.
func TestHeldContextFollowsItsParent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := idem.NewGuard(idem.NewMemory())
		cause := errors.New("caller left")
		parent, cancel := context.WithCancelCause(t.Context())
		parent, stop := context.WithTimeout(parent, time.Hour)
		defer stop()
		result, err := g.Claim(parent, testID(t), nil)
		noError(t, err)
		var h idem.Held
		g.Hold(parent, result.Claim, "key", &h)
		ctx := h.Context()
		want, _ := parent.Deadline()
		if got, ok := ctx.Deadline(); !ok || !got.Equal(want) {
			t.Errorf("deadline = %v, %v; want %v", got, ok, want)
		}
		noError(t, ctx.Err())
		cancel(cause)
		if !errors.Is(ctx.Err(), context.Canceled) || !errors.Is(context.Cause(ctx), cause) {
			t.Errorf("Err = %v, cause = %v", ctx.Err(), context.Cause(ctx))
		}
		<-ctx.Done()
		if !errors.Is(context.Cause(ctx), cause) {
			t.Errorf("cause = %v after Done was asked for", context.Cause(ctx))
		}
		noError(t, h.Release())
		time.Sleep(lease)
	})
}

// What was derived from the context, before or after, ends with the operation.
func TestHeldContextEndsWithTheOperation(t *testing.T) {
	t.Parallel()
	for _, early := range []bool{true, false} {
		h := acquire(t, idem.NewGuard(idem.NewMemory()), testID(t))
		ctx := h.Context()
		if early {
			ctx.Done()
		}
		noError(t, h.Release())
		select {
		case <-ctx.Done():
		default:
			t.Errorf("asked early %v: not done", early)
		}
		if !errors.Is(ctx.Err(), context.Canceled) {
			t.Errorf("asked early %v: Err = %v", early, ctx.Err())
		}
	}
}
