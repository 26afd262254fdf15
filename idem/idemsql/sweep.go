package idemsql

import (
	"context"
	"math/rand/v2"
	"time"
)

// Sweep removes all rows that have expired, in batches of 1000, each a statement of its
// own that passes over rows in use. It returns how many it removed, also with an error.
// Several processes may sweep at once.
//
// Expired rows count as absent whether they are removed or not; sweeping keeps the table
// small. See [Store.Run].
func (s *Store) Sweep(ctx context.Context) (n int64, err error) {
	for {
		var removed int64
		err := s.settle(ctx, "sweep", func() error {
			result, err := s.db.ExecContext(ctx, s.sql.sweep)
			if err != nil {
				return err
			}
			removed, err = result.RowsAffected()
			return err
		})
		n += removed
		if err != nil || removed < sweepBatch {
			return n, err
		}
	}
}

// Run sweeps about once per interval, the first time soon, until ctx is done, whose error
// it returns. A sweep that fails is told to report, as is how many rows each removed, and
// the next one comes in its time. report may be nil. It panics when the interval is not
// positive.
//
//	go func() { _ = store.Run(ctx, time.Minute, nil) }()
func (s *Store) Run(ctx context.Context, interval time.Duration, report func(removed int64, err error)) error {
	if interval <= 0 {
		panic("idemsql: Run: the interval must be positive")
	}
	// Processes that start together do not sweep together.
	for wait := rand.N(interval); ; wait = interval/2 + rand.N(interval) {
		if err := pause(ctx, wait); err != nil {
			return err
		}
		n, err := s.Sweep(ctx)
		if report != nil && ctx.Err() == nil {
			report(n, err)
		}
	}
}
