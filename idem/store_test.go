package idem_test

import (
	"context"
	"sync"
	"time"

	"github.com/goaroundhq/goaround/idem"
)

// remote is a store that is not in this process as far as a guard can see: no Local, no
// Waiter, and with hooks in front of each step.
type remote struct {
	store *idem.Memory

	mu    sync.Mutex
	calls []string
	// before runs before a step, after when it was taken; an error replaces the answer.
	before, after func(ctx context.Context, step string) error
}

func newRemote() *remote { return &remote{store: idem.NewMemory()} }

func (s *remote) step(ctx context.Context, name string, take func() error) error {
	s.mu.Lock()
	s.calls = append(s.calls, name)
	before, after := s.before, s.after
	s.mu.Unlock()
	if before != nil {
		if err := before(ctx, name); err != nil {
			return err
		}
	}
	err := take()
	if after != nil && err == nil {
		err = after(ctx, name)
	}
	return err
}

// set changes the hooks while the store is in use.
func (s *remote) set(before, after func(ctx context.Context, step string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before, s.after = before, after
}

func (s *remote) count(step string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, c := range s.calls {
		if c == step {
			n++
		}
	}
	return n
}

func (s *remote) Claim(ctx context.Context, r idem.ClaimRequest) (result idem.ClaimResult, err error) {
	err = s.step(ctx, "claim", func() (err error) { result, err = s.store.Claim(ctx, r); return err })
	return result, err
}

func (s *remote) Extend(ctx context.Context, c idem.Claim, lease time.Duration) error {
	return s.step(ctx, "extend", func() error { return s.store.Extend(ctx, c, lease) })
}

func (s *remote) Complete(ctx context.Context, c idem.Claim, fp, rec []byte, ttl time.Duration) error {
	return s.step(ctx, "complete", func() error { return s.store.Complete(ctx, c, fp, rec, ttl) })
}

func (s *remote) Release(ctx context.Context, c idem.Claim) error {
	return s.step(ctx, "release", func() error { return s.store.Release(ctx, c) })
}

func (s *remote) Abandon(ctx context.Context, c idem.Claim, reason string) error {
	return s.step(ctx, "abandon", func() error { return s.store.Abandon(ctx, c, reason) })
}

// on runs f before or after one kind of step only.
func on(step string, f func(ctx context.Context) error) func(context.Context, string) error {
	return func(ctx context.Context, s string) error {
		if s != step {
			return nil
		}
		return f(ctx)
	}
}

// hang does what a store does whose network is cut: nothing, until it is told to stop.
func hang(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}
