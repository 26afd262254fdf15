package idemseal

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/goaroundhq/goaround/idem"
)

// Store is an [idem.Store] whose records are sealed in another one. It is also an
// [idem.Waiter] and an [idem.Admin] as far as the other one is.
type Store struct {
	inner    idem.Store
	ring     ring
	unsealed bool
}

var (
	_ idem.Store  = (*Store)(nil)
	_ idem.Waiter = (*Store)(nil)
	_ idem.Admin  = (*Store)(nil)
	_ idem.Local  = (*Store)(nil)
)

// Option configures [New].
type Option func(*Store)

// WithOldKey opens records that were sealed with an earlier key. It panics like [New].
func WithOldKey(k Key) Option { return func(s *Store) { s.ring.add(k) } }

// WithUnsealed lets records in that are not sealed, from before the sealing. Whoever can
// write to the store can then replace a sealed record by one that is not. The default is
// [ErrNotSealed].
func WithUnsealed() Option { return func(s *Store) { s.unsealed = true } }

// New seals the records of inner with the key. It panics when inner is nil, a secret has
// another length than [SecretLen], or two keys have the same ID.
func New(inner idem.Store, k Key, opts ...Option) *Store {
	if inner == nil {
		panic("idemseal: New without a store")
	}
	s := &Store{inner: inner, ring: ring{current: k.ID, secrets: make(map[uint32][]byte)}}
	s.ring.add(k)
	for _, opt := range opts {
		opt(s)
	}
	return s
}

// Local implements [idem.Local].
func (s *Store) Local() bool {
	l, ok := s.inner.(idem.Local)
	return ok && l.Local()
}

// Claim implements [idem.Store].
func (s *Store) Claim(ctx context.Context, r idem.ClaimRequest) (idem.ClaimResult, error) {
	result, err := s.inner.Claim(ctx, r)
	if err != nil || result.State != idem.Done || result.Unreadable != nil {
		return result, err
	}
	record, err := s.ring.open(r.ID, result.Fingerprint, result.Record)
	switch {
	case err == nil:
		result.Record = record
	case !s.unsealed || !errors.Is(err, ErrNotSealed):
		result.Record, result.Unreadable = nil, err
	}
	return result, nil
}

// Extend implements [idem.Store].
func (s *Store) Extend(ctx context.Context, c idem.Claim, lease time.Duration) error {
	return s.inner.Extend(ctx, c, lease)
}

// Complete implements [idem.Store].
func (s *Store) Complete(ctx context.Context, c idem.Claim, fingerprint, record []byte, ttl time.Duration) error {
	return s.inner.Complete(ctx, c, fingerprint, s.ring.seal(c.ID, fingerprint, record), ttl)
}

// Release implements [idem.Store].
func (s *Store) Release(ctx context.Context, c idem.Claim) error { return s.inner.Release(ctx, c) }

// Abandon implements [idem.Store].
func (s *Store) Abandon(ctx context.Context, c idem.Claim, reason string) error {
	return s.inner.Abandon(ctx, c, reason)
}

// Wait implements [idem.Waiter].
func (s *Store) Wait(ctx context.Context, id idem.ID) error {
	return idem.WaiterOf(s.inner).Wait(ctx, id)
}

// Get implements [idem.Admin]. The size is that of the sealed record.
func (s *Store) Get(ctx context.Context, id idem.ID) (idem.Info, error) {
	return idem.AdminOf(s.inner).Get(ctx, id)
}

// Resolve implements [idem.Admin].
func (s *Store) Resolve(ctx context.Context, id idem.ID, r idem.Resolution) error {
	if r.State == idem.Done {
		r.Record = s.ring.seal(id, r.Fingerprint, r.Record)
	}
	return idem.AdminOf(s.inner).Resolve(ctx, id, r)
}

// Scan implements [idem.Admin].
func (s *Store) Scan(ctx context.Context) iter.Seq2[idem.Info, error] {
	return idem.AdminOf(s.inner).Scan(ctx)
}

// Purge implements [idem.Admin].
func (s *Store) Purge(ctx context.Context, id idem.ID) error {
	return idem.AdminOf(s.inner).Purge(ctx, id)
}
