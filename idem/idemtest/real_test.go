package idemtest_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemtest"
)

// A store whose time is real, which all rules share, and which stands still for a moment as a
// busy machine does. That is no reason to find fault with it.
func TestRealTime(t *testing.T) {
	t.Parallel()
	const unit = 50 * time.Millisecond
	store := &stalling{Memory: idem.NewMemory()}
	stall := time.AfterFunc(2*unit, func() {
		store.mu.Lock()
		defer store.mu.Unlock()
		time.Sleep(8 * unit)
	})
	defer stall.Stop()
	idemtest.Run(t, idemtest.Target{
		Open:     func(*testing.T) idem.Store { return store },
		Unit:     unit,
		Parallel: true,
	})
}

type stalling struct {
	*idem.Memory
	mu sync.RWMutex
}

func (s *stalling) Claim(ctx context.Context, r idem.ClaimRequest) (idem.ClaimResult, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.Memory.Claim(ctx, r)
}

func (s *stalling) Extend(ctx context.Context, c idem.Claim, lease time.Duration) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.Memory.Extend(ctx, c, lease)
}
