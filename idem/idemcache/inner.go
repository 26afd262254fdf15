package idemcache

import (
	"context"
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
	return idem.WaiterOf(s.inner).Wait(ctx, id)
}

// Get implements [idem.Admin].
func (s *Store) Get(ctx context.Context, id idem.ID) (idem.Info, error) {
	return idem.AdminOf(s.inner).Get(ctx, id)
}

// Resolve implements [idem.Admin].
func (s *Store) Resolve(ctx context.Context, id idem.ID, r idem.Resolution) error {
	return idem.AdminOf(s.inner).Resolve(ctx, id, r)
}

// Scan implements [idem.Admin].
func (s *Store) Scan(ctx context.Context) iter.Seq2[idem.Info, error] {
	return idem.AdminOf(s.inner).Scan(ctx)
}

// Purge implements [idem.Admin]. The copy in this process goes with the record; others
// keep theirs for [WithMaxAge].
func (s *Store) Purge(ctx context.Context, id idem.ID) error {
	err := idem.AdminOf(s.inner).Purge(ctx, id)
	if err == nil {
		s.done.Invalidate(id)
		s.shard(id).purged(id)
	}
	return err
}
