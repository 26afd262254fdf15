package drivertest

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/idem/idemsql"
)

// rows counts what the table holds, expired or not.
func rows(t testing.TB, db *sql.DB, table string) (n int) {
	t.Helper()
	noError(t, db.QueryRowContext(t.Context(), "SELECT count(*) FROM "+table).Scan(&n))
	return n
}

// fill adds n copies of a record that has expired.
func fill(t testing.TB, db *sql.DB, d idemsql.Dialect, table string, n int) {
	t.Helper()
	id := `decode(lpad(to_hex(n), 64, '0'), 'hex')`
	if d == idemsql.SQLite {
		id = `CAST(printf('%032d', n) AS BLOB)`
	}
	_, err := db.ExecContext(t.Context(), `
		WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < $1)
		INSERT INTO `+table+` (id, state, owner, fence, attempt, since, lease_end, ttl, expires)
		SELECT `+id+`, 'done', `+id+`, 1, 1, 1, 1, 1, 1 FROM numbers`, n)
	noError(t, err)
}

func TestSweepRemovesWhatHasExpired(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d database) {
		const expired, sweepers = 1500, 3
		db := d.open(t)
		s, table := named(t, db, d.dialect)
		fill(t, db, d.dialect, table, expired)
		live := acquire(t, s, request(newID()))
		released := acquire(t, s, request(newID()))
		noError(t, s.Release(t.Context(), released))
		var removed atomic.Int64
		var wg sync.WaitGroup
		for range sweepers {
			wg.Go(func() {
				n, err := s.Sweep(t.Context())
				if err != nil {
					t.Error(err)
				}
				removed.Add(n)
			})
		}
		wg.Wait()
		// What one of several passed over, because another was at it, is left to the next.
		n, err := s.Sweep(t.Context())
		noError(t, err)
		if got := removed.Load() + n; got != expired+1 {
			t.Errorf("%d removed, want %d", got, expired+1)
		}
		if n := rows(t, db, table); n != 1 {
			t.Errorf("%d rows left, want the live one", n)
		}
		noError(t, s.Extend(t.Context(), live, time.Hour))
	})
}

// A row that a transaction works on is passed over.
func TestSweepDoesNotWait(t *testing.T) {
	t.Parallel()
	db := postgres(t)
	s, table := named(t, db, idemsql.PostgreSQL)
	fill(t, db, idemsql.PostgreSQL, table, 3)
	tx, end, err := s.BeginTx(t.Context(), nil)
	noError(t, err)
	_, err = tx.ExecContext(t.Context(), "UPDATE "+table+" SET attempt = 2 WHERE id IN (SELECT id FROM "+table+" LIMIT 1)")
	noError(t, err)
	n, err := s.Sweep(t.Context())
	noError(t, err)
	noError(t, end.Commit(t.Context()))
	if n != 2 || rows(t, db, table) != 1 {
		t.Errorf("%d removed, %d left; want 2 and 1", n, rows(t, db, table))
	}
}

func TestRunSweepsUntilItsContextEnds(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d database) {
		db := d.open(t)
		s, table := named(t, db, d.dialect)
		fill(t, db, d.dialect, table, 10)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var removed int64
		err := s.Run(ctx, time.Millisecond, func(n int64, err error) {
			if err != nil {
				t.Error(err)
			}
			if removed += n; removed == 10 {
				cancel()
			}
		})
		is(t, err, context.Canceled)
		if n := rows(t, db, table); n != 0 {
			t.Errorf("%d rows left", n)
		}
	})
}

// A sweep that fails does not end the loop.
func TestRunGoesOnAfterAnError(t *testing.T) {
	t.Parallel()
	s := idemsql.New(sqlite(t), idemsql.SQLite)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	failures := 0
	err := s.Run(ctx, time.Millisecond, func(_ int64, err error) {
		switch {
		case err != nil && failures == 0:
			failures++
			if err := s.Migrate(ctx); err != nil {
				t.Error(err)
			}
		case err == nil:
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || failures != 1 {
		t.Errorf("Run = %v after %d failures", err, failures)
	}
}
