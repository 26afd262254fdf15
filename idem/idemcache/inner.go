package idemcache

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/goaroundhq/goaround/idem"
)

// Wait implements [idem.Waiter]. It waits here for a claim that is held here.
func (s *Store) Wait(ctx context.Context, id idem.ID) error {
	if over := s.shard(id).over(id); over != nil {
		select {
		case <-over:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if _, ok := s.done.GetIfPresent(id); ok {
		return nil
	}
	if w, ok := s.inner.(idem.Waiter); ok {
		return w.Wait(ctx, id)
	}
	return unsupported("wait", s.inner)
}

// Get implements [idem.Admin].
func (s *Store) Get(ctx context.Context, id idem.ID) (idem.Info, error) {
	if a, ok := s.inner.(idem.Admin); ok {
		return a.Get(ctx, id)
	}
	return idem.Info{}, unsupported("get", s.inner)
}

// Resolve implements [idem.Admin].
func (s *Store) Resolve(ctx context.Context, id idem.ID, r idem.Resolution) error {
	if a, ok := s.inner.(idem.Admin); ok {
		return a.Resolve(ctx, id, r)
	}
	return unsupported("resolve", s.inner)
}

// Scan implements [idem.Admin].
func (s *Store) Scan(ctx context.Context) iter.Seq2[idem.Info, error] {
	if a, ok := s.inner.(idem.Admin); ok {
		return a.Scan(ctx)
	}
	return func(yield func(idem.Info, error) bool) { yield(idem.Info{}, unsupported("scan", s.inner)) }
}

// Purge implements [idem.Admin]. The copy in this process goes with the record; others
// keep theirs for [WithMaxAge].
func (s *Store) Purge(ctx context.Context, id idem.ID) error {
	a, ok := s.inner.(idem.Admin)
	if !ok {
		return unsupported("purge", s.inner)
	}
	err := a.Purge(ctx, id)
	s.done.Invalidate(id)
	s.shard(id).purged(id)
	return err
}

func unsupported(what string, inner idem.Store) error {
	return fmt.Errorf("idemcache: %s: %T: %w", what, inner, errors.ErrUnsupported)
}
