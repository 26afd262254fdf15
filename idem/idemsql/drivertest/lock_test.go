package drivertest

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemsql"
)

// short is a context that ends soon.
func short(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	t.Cleanup(cancel)
	return ctx
}

// A lease is renewed from another connection while the transaction is open.
func TestRenewalBesideTheTransaction(t *testing.T) {
	t.Parallel()
	r := begin(t, database{idemsql.PostgreSQL, postgres}, unchanged)
	noError(t, r.store.Extend(t.Context(), r.claim, time.Hour))
	noError(t, r.complete())
	// Now it has to wait for the row, within its time.
	is(t, r.store.Extend(short(t), r.claim, time.Hour), context.DeadlineExceeded)
	noError(t, r.end.Commit(t.Context()))
	is(t, r.store.Extend(t.Context(), r.claim, time.Hour), idem.ErrLost)
	r.effects.expect(t, 1)
}

// beginAt is begin on PostgreSQL with an isolation level.
func beginAt(t *testing.T, level sql.IsolationLevel) run {
	t.Helper()
	r := begin(t, database{idemsql.PostgreSQL, postgres}, unchanged)
	noError(t, r.end.Rollback(t.Context()))
	r.begin(&sql.TxOptions{Isolation: level})
	return r
}

// A transaction with a snapshot of its own does not survive a renewal: it fails, nothing
// of it remains, and the key is free.
func TestRenewalBesideAStricterTransaction(t *testing.T) {
	t.Parallel()
	for _, level := range []sql.IsolationLevel{sql.LevelRepeatableRead, sql.LevelSerializable} {
		t.Run(level.String(), func(t *testing.T) {
			t.Parallel()
			r := beginAt(t, level)
			noError(t, r.store.Extend(t.Context(), r.claim, time.Hour))
			err := r.complete()
			var failed *pgconn.PgError
			if !errors.As(err, &failed) || failed.Code != "40001" {
				t.Fatalf("error = %v, want a serialization failure", err)
			}
			noError(t, r.end.Rollback(t.Context()))
			noError(t, r.store.Release(t.Context(), r.claim))
			r.effects.expect(t, 0)
		})
	}
}

// Without a renewal meanwhile it commits.
func TestStricterTransaction(t *testing.T) {
	t.Parallel()
	for _, level := range []sql.IsolationLevel{sql.LevelRepeatableRead, sql.LevelSerializable} {
		t.Run(level.String(), func(t *testing.T) {
			t.Parallel()
			r := beginAt(t, level)
			noError(t, r.complete())
			noError(t, r.end.Commit(t.Context()))
			expect(t, r.store, r.claim.ID, idem.Done)
		})
	}
}

// SQLite has one writer at a time: beside an open transaction others may look, but neither
// claim nor renew, and the transaction is not harmed by their trying.
func TestOneWriterAtATime(t *testing.T) {
	t.Parallel()
	r := begin(t, database{idemsql.SQLite, sqlite}, unchanged)
	is(t, r.store.Extend(short(t), r.claim, time.Hour), context.DeadlineExceeded)
	_, err := r.store.Claim(short(t), request(newID()))
	is(t, err, context.DeadlineExceeded)
	expect(t, r.store, r.claim.ID, idem.Pending)
	noError(t, r.complete())
	noError(t, r.end.Commit(t.Context()))
	expect(t, r.store, r.claim.ID, idem.Done)
	r.effects.expect(t, 1)
}

// A server may be told not to wait for long. The store asks again.
func TestReleaseWaitsLongerThanTheServer(t *testing.T) {
	t.Parallel()
	var sent *trips
	r := begin(t, database{idemsql.PostgreSQL, func(t testing.TB) (db *sql.DB) {
		db, sent = counted(t, "&lock_timeout=500")
		return db
	}}, unchanged)
	noError(t, r.complete())
	before := sent.n.Load()
	released := make(chan error, 1)
	go func() { released <- r.store.Release(t.Context(), r.claim) }()
	until(t, "it asks again", func() bool { return sent.n.Load() > before+1 })
	noError(t, r.end.Commit(t.Context()))
	is(t, <-released, idem.ErrLost)
}

// A transaction with a snapshot of its own fails when it has waited, however long. The
// store begins another one.
func TestReleaseWaitsLongInAnyIsolation(t *testing.T) {
	t.Parallel()
	for _, level := range []string{"repeatable read", "serializable"} {
		t.Run(level, func(t *testing.T) {
			t.Parallel()
			d := database{idemsql.PostgreSQL, func(t testing.TB) *sql.DB {
				return open(t, "pgx", shared.URL()+"&default_transaction_isolation="+url.PathEscape(level))
			}}
			r := begin(t, d, unchanged)
			noError(t, r.complete())
			released := make(chan error, 1)
			go func() { released <- r.store.Release(t.Context(), r.claim) }()
			r.somebodyWaits(d)
			time.Sleep(1100 * time.Millisecond) // longer than a step is taken again on SQLite
			noError(t, r.end.Commit(t.Context()))
			is(t, <-released, idem.ErrLost)
		})
	}
}

// Without a busy_timeout SQLite does not wait at all. The store tries again for a while.
func TestWriterInTheWay(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "test.db")
	url := "file:" + name + "?_pragma=journal_mode(WAL)&_txlock=immediate"
	r := begin(t, database{idemsql.SQLite, func(t testing.TB) *sql.DB { return open(t, "sqlite", url) }}, unchanged)
	err := r.store.Extend(t.Context(), r.claim, time.Hour)
	if err == nil || !strings.Contains(err.Error(), "database is locked") {
		t.Errorf("Extend beside a transaction: %v", err)
	}
	extended := make(chan error)
	go func() { extended <- r.store.Extend(t.Context(), r.claim, time.Hour) }()
	noError(t, r.end.Rollback(t.Context()))
	noError(t, <-extended)
}

// With one connection a transaction keeps everything else waiting, within its time.
func TestOneConnection(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d database) {
		one := func(t testing.TB) *sql.DB {
			db := d.open(t)
			db.SetMaxOpenConns(1)
			return db
		}
		r := begin(t, database{d.dialect, one}, unchanged)
		is(t, r.store.Extend(short(t), r.claim, time.Hour), context.DeadlineExceeded)
		_, err := r.store.Claim(short(t), request(newID()))
		is(t, err, context.DeadlineExceeded)
		noError(t, r.complete())
		noError(t, r.end.Commit(t.Context()))
		expect(t, r.store, r.claim.ID, idem.Done)
	})
}
