package drivertest

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemsql"
)

// expectError wants words in the error of every method that talks to the database, and
// nothing of a failed claim.
func expectError(t *testing.T, s *idemsql.Store, words string) {
	t.Helper()
	r := request(newID())
	c := idem.Claim{ID: r.ID, Owner: r.Owner}
	result, claimErr := s.Claim(t.Context(), r)
	if result.State != idem.Absent {
		t.Errorf("Claim = %v", result.State)
	}
	_, sweepErr := s.Sweep(t.Context())
	for what, err := range map[string]error{
		"claim":    claimErr,
		"extend":   s.Extend(t.Context(), c, r.Lease),
		"complete": s.Complete(t.Context(), c, nil, nil, r.TTL),
		"release":  s.Release(t.Context(), c),
		"abandon":  s.Abandon(t.Context(), c, "test"),
		"purge":    s.Purge(t.Context(), c.ID),
		"sweep":    sweepErr,
	} {
		if err == nil || !strings.HasPrefix(err.Error(), "idemsql: "+what) || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v; want %q", what, err, words)
		}
	}
}

// code is the SQLSTATE of an error, which is wrapped and not hidden.
func code(err error) string {
	var failed *pgconn.PgError
	if errors.As(err, &failed) {
		return failed.Code
	}
	return ""
}

func TestNeverMigrated(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d database) {
		s := idemsql.New(d.open(t), d.dialect, idemsql.WithTable("nowhere"))
		expectError(t, s, `in table "nowhere": the table is missing or of an earlier version; Migrate makes it`)
		_, err := s.Get(t.Context(), newID())
		if err == nil || !strings.Contains(err.Error(), "Migrate") {
			t.Errorf("Get: %v", err)
		}
		for _, err := range s.Scan(t.Context()) {
			if err == nil || !strings.Contains(err.Error(), "Migrate") {
				t.Errorf("Scan: %v", err)
			}
		}
	})
}

func TestReadOnly(t *testing.T) {
	t.Parallel()
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		_, name := named(t, postgres(t), idemsql.PostgreSQL)
		db := open(t, "pgx", shared.URL()+"&default_transaction_read_only=on")
		expectError(t, idemsql.New(db, idemsql.PostgreSQL, idemsql.WithTable(name)), "the store needs the primary")
	})
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		url := sqliteURL(t)
		_, name := named(t, open(t, "sqlite", url), idemsql.SQLite)
		db := open(t, "sqlite", url+"&mode=ro")
		expectError(t, idemsql.New(db, idemsql.SQLite, idemsql.WithTable(name)), "the store needs the primary")
	})
}

func TestPermissionDenied(t *testing.T) {
	t.Parallel()
	db := postgres(t)
	_, name := named(t, db, idemsql.PostgreSQL)
	_, err := db.ExecContext(t.Context(), "CREATE ROLE "+name+"_reader LOGIN")
	noError(t, err)
	reader := strings.Replace(shared.URL(), "postgres@", name+"_reader@", 1)
	s := idemsql.New(open(t, "pgx", reader), idemsql.PostgreSQL, idemsql.WithTable(name))
	expectError(t, s, "the user needs SELECT, INSERT, UPDATE and DELETE")
	if got := code(s.Release(t.Context(), idem.Claim{})); got != "42501" {
		t.Errorf("code %q", got)
	}
	if got := code(s.Migrate(t.Context())); got != "42501" {
		t.Errorf("code %q", got)
	}
	// These rights are enough, once the table is there.
	_, err = db.ExecContext(t.Context(), "GRANT SELECT, INSERT, UPDATE, DELETE ON "+name+", "+name+"_schema TO "+name+"_reader")
	noError(t, err)
	noError(t, s.Migrate(t.Context()))
	c := acquire(t, s, request(newID()))
	noError(t, s.Complete(t.Context(), c, nil, nil, time.Hour))
	_, err = s.Sweep(t.Context())
	noError(t, err)
}

// A full database refuses new claims, and keeps what it has.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	db := sqlite(t)
	db.SetMaxOpenConns(1) // the limit is a connection's
	s := migrated(t, db, idemsql.SQLite)
	kept := acquire(t, s, request(newID()))
	_, err := db.ExecContext(t.Context(), "PRAGMA max_page_count = 16")
	noError(t, err)
	err = nil
	for err == nil {
		c := acquire(t, s, request(newID()))
		err = s.Complete(t.Context(), c, nil, make([]byte, 16<<10), time.Hour)
	}
	if !strings.Contains(err.Error(), "the database has no room left") {
		t.Errorf("Complete: %v", err)
	}
	noError(t, s.Complete(t.Context(), kept, nil, nil, time.Hour))
	expect(t, s, kept.ID, idem.Done)
}

// Connections are somebody else's: waiting for one ends with the context.
func TestPoolExhausted(t *testing.T) {
	t.Parallel()
	db := postgres(t)
	s := migrated(t, db, idemsql.PostgreSQL)
	db.SetMaxOpenConns(2)
	for range 2 {
		c, err := db.Conn(t.Context())
		noError(t, err)
		t.Cleanup(func() { noError(t, c.Close()) })
	}
	_, err := s.Claim(short(t), request(newID()))
	is(t, err, context.DeadlineExceeded)
	_, _, err = s.BeginTx(short(t), nil)
	is(t, err, context.DeadlineExceeded)
	is(t, s.Migrate(short(t)), context.DeadlineExceeded)
}

// After a transaction failed, its claim can be handed back.
func TestDeadlockInATransaction(t *testing.T) {
	t.Parallel()
	d := database{idemsql.PostgreSQL, postgres}
	one, other := begin(t, d, unchanged), begin(t, d, unchanged)
	lock := func(ctx context.Context, tx *sql.Tx, key int) error {
		_, err := tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock($1)", key)
		return err
	}
	noError(t, lock(t.Context(), one.tx, 1))
	noError(t, lock(t.Context(), other.tx, 2))
	errs := make(chan error, 2)
	go func() { errs <- lock(t.Context(), one.tx, 2) }()
	go func() { errs <- lock(t.Context(), other.tx, 1) }()
	if one, other := <-errs, <-errs; code(one) != "40P01" && code(other) != "40P01" {
		t.Fatalf("errors = %v and %v, want a deadlock", one, other)
	}
	failed := 0
	for _, r := range []run{one, other} {
		if err := r.complete(); err != nil {
			failed++
			noError(t, r.tx.Rollback())
			noError(t, r.store.Release(t.Context(), r.claim))
			r.effects.expect(t, 0)
			continue
		}
		noError(t, r.tx.Commit())
		r.effects.expect(t, 1)
	}
	if failed != 1 {
		t.Errorf("%d transactions failed, want 1", failed)
	}
}
