package idemcache

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/goaroundhq/goaround/idem"
)

// Defaults of a [Store].
const (
	DefaultMaxBytes = 32 << 20
	DefaultMaxAge   = 10 * time.Minute
)

// Store is an [idem.Store] in front of another one. It is also an [idem.Waiter], and an
// [idem.Admin] if the other one is.
type Store struct {
	inner  idem.Store
	maxAge time.Duration
	max    int64
	done   *otter.Cache[idem.ID, *copied]
	shards [shards]shard
}

var (
	_ idem.Store    = (*Store)(nil)
	_ idem.Recaller = (*Store)(nil)
	_ idem.Waiter   = (*Store)(nil)
	_ idem.Admin    = (*Store)(nil)
)

// Option configures [New].
type Option func(*Store)

// WithMaxBytes bounds the bytes of all copies, their bookkeeping (256 bytes each) included.
// A copy of more than an eighth of it is not kept. The default is [DefaultMaxBytes]. It
// panics when n is not positive.
func WithMaxBytes(n int64) Option {
	if n <= 0 {
		panic(fmt.Sprintf("idemcache: WithMaxBytes(%d): must be positive", n))
	}
	return func(s *Store) { s.max = n }
}

// WithMaxAge bounds how long a copy is used; it stays in memory until its place is needed.
// The default is [DefaultMaxAge]. It panics when d is not positive.
func WithMaxAge(d time.Duration) Option {
	if d <= 0 {
		panic(fmt.Sprintf("idemcache: WithMaxAge(%v): must be positive", d))
	}
	return func(s *Store) { s.maxAge = d }
}

// New puts a cache in front of inner. It panics when inner is nil.
func New(inner idem.Store, opts ...Option) *Store {
	if inner == nil {
		panic("idemcache: New without a store")
	}
	s := &Store{inner: inner, maxAge: DefaultMaxAge, max: DefaultMaxBytes}
	for _, opt := range opts {
		opt(s)
	}
	s.done = otter.Must(&otter.Options[idem.ID, *copied]{
		MaximumWeight: uint64(s.max),
		Weigher:       func(_ idem.ID, c *copied) uint32 { return c.weight() },
		Executor:      func(work func()) { work() }, // its upkeep is short, and this way needs no goroutine
	})
	for i := range s.shards {
		s.shards[i].init()
	}
	return s
}

// Extend implements [idem.Store].
func (s *Store) Extend(ctx context.Context, c idem.Claim, lease time.Duration) error {
	asked := time.Now()
	err := s.inner.Extend(ctx, c, lease)
	if err == nil {
		s.shard(c.ID).renew(c, asked.Add(lease))
	} else if over(err) {
		s.shard(c.ID).end(c, nil)
	}
	return err
}

// The endings forget the claim whatever the store says: who ends it has ended, and whether
// that has landed the store tells those who ask.

// Complete implements [idem.Store].
func (s *Store) Complete(ctx context.Context, c idem.Claim, fingerprint, record []byte, ttl time.Duration) error {
	err := s.inner.Complete(ctx, c, fingerprint, record, ttl)
	if err != nil {
		s.shard(c.ID).end(c, nil)
		return err
	}
	fingerprint, record = bytes.Clone(fingerprint), bytes.Clone(record)
	s.shard(c.ID).end(c, func() { s.keep(c.ID, fingerprint, record, 0, ttl) })
	return nil
}

// Release implements [idem.Store].
func (s *Store) Release(ctx context.Context, c idem.Claim) error {
	err := s.inner.Release(ctx, c)
	s.shard(c.ID).end(c, nil)
	return err
}

// Abandon implements [idem.Store].
func (s *Store) Abandon(ctx context.Context, c idem.Claim, reason string) error {
	err := s.inner.Abandon(ctx, c, reason)
	s.shard(c.ID).end(c, nil)
	return err
}

// over reports whether a store's error means that the claim is no longer its owner's.
func over(err error) bool { return errors.Is(err, idem.ErrFenced) || errors.Is(err, idem.ErrLost) }
