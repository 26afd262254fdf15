package idemcache_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/idem"
)

// far is a store elsewhere: its claims are counted, and can be held up.
type far struct {
	*idem.Memory
	claims atomic.Int64
	before func(context.Context) error
}

func (f *far) Local() bool { return false }

func (f *far) Claim(ctx context.Context, r idem.ClaimRequest) (idem.ClaimResult, error) {
	f.claims.Add(1)
	if f.before != nil {
		if err := f.before(ctx); err != nil {
			return idem.ClaimResult{}, err
		}
	}
	return f.Memory.Claim(ctx, r)
}

// trips fails the test unless the store was asked for that many claims.
func (f *far) trips(t *testing.T, want int64) {
	t.Helper()
	if n := f.claims.Load(); n != want {
		t.Errorf("the store was asked %d times, want %d", n, want)
	}
}

func newFar() *far { return &far{Memory: idem.NewMemory()} }

func request(key string) idem.ClaimRequest {
	return idem.ClaimRequest{
		ID: idem.NewID("", idem.SharedScope, "", "test", key), Owner: idem.NewOwner(), Lease: time.Minute, TTL: time.Hour,
	}
}

func claim(t *testing.T, s idem.Store, r idem.ClaimRequest, want idem.State) idem.ClaimResult {
	t.Helper()
	result, err := s.Claim(t.Context(), r)
	if err != nil || result.State != want {
		t.Fatalf("Claim = %v, %v, want %v", result.State, err, want)
	}
	return result
}

// finish runs an operation to its end.
func finish(t *testing.T, s idem.Store, key, record string) idem.ID {
	t.Helper()
	r := request(key)
	c := claim(t, s, r, idem.Acquired).Claim
	if err := s.Complete(t.Context(), c, []byte("print"), []byte(record), time.Hour); err != nil {
		t.Fatal(err)
	}
	return r.ID
}
