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
