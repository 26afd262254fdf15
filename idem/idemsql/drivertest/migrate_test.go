package drivertest

import (
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemsql"
)

func TestMigrateAtOnceAndAgain(t *testing.T) {
	t.Parallel()
	url := sqliteURL(t)
	for name, migrator := range map[string]struct {
		dialect     idemsql.Dialect
		driver, url string
	}{
		"PostgreSQL":                {idemsql.PostgreSQL, "pgx", shared.URL()},
		"PostgreSQL with snapshots": {idemsql.PostgreSQL, "pgx", shared.URL() + "&default_transaction_isolation=repeatable%20read"},
		"SQLite":                    {idemsql.SQLite, "sqlite", url},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			table := tableName()
			var wg sync.WaitGroup
			for range 8 {
				s := idemsql.New(open(t, migrator.driver, migrator.url), migrator.dialect, idemsql.WithTable(table))
				wg.Go(func() {
					for range 2 {
						if err := s.Migrate(t.Context()); err != nil {
							t.Error(err)
						}
					}
				})
			}
			wg.Wait()
			db := open(t, migrator.driver, migrator.url)
			var rows, version int
			noError(t, db.QueryRowContext(t.Context(), "SELECT count(*), max(version) FROM "+table+"_schema").Scan(&rows, &version))
			if rows != 1 || version != 1 {
				t.Errorf("%d notes of versions up to %d, want one", rows, version)
			}
		})
	}
}

// Without a WAL a reader keeps SQLite from committing. The connection must not get back to
// the pool in the middle of the migration, which is undone with all that was added to it.
func TestMigrateLosesNoWriteOfOthers(t *testing.T) {
	t.Parallel()
	url := "file:" + filepath.Join(t.TempDir(), "test.db")
	db, reader := open(t, "sqlite", url), open(t, "sqlite", url)
	db.SetMaxOpenConns(1)
	e := newEffects(t, db)
	e.exec(t, "INSERT INTO "+e.name+" VALUES ('before')")
	reading, err := reader.QueryContext(t.Context(), "SELECT what FROM "+e.name)
	noError(t, err)
	reading.Next()
	s := idemsql.New(db, idemsql.SQLite)
	migrated := make(chan error)
	go func() { migrated <- s.Migrate(t.Context()) }()
	acknowledged := 1
	for over := false; !over; {
		select {
		case err = <-migrated:
			over = true
		default:
			if _, err := db.ExecContext(t.Context(), "INSERT INTO "+e.name+" VALUES ('beside')"); err == nil {
				acknowledged++
			}
		}
	}
	if err == nil || !strings.Contains(err.Error(), "is locked") {
		t.Errorf("Migrate beside a reader: %v", err)
	}
	noError(t, errors.Join(reading.Err(), reading.Close()))
	noError(t, s.Migrate(t.Context()))
	effects{reader, e.name}.expect(t, acknowledged)
}

// Those who migrate with a tool of their own run the text, and may change their mind.
func TestSchemaByHand(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d database) {
		db, table := d.open(t), tableName()
		for _, text := range d.dialect.Schema(table) {
			_, err := db.ExecContext(t.Context(), text)
			noError(t, err)
		}
		s := idemsql.New(db, d.dialect, idemsql.WithTable(table))
		c := acquire(t, s, request(newID()))
		noError(t, s.Migrate(t.Context()))
		expect(t, s, c.ID, idem.Pending)
	})
}

// After a later version has migrated, programs of this one still start.
func TestMigrateLeavesALaterVersion(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d database) {
		db := d.open(t)
		s, name := named(t, db, d.dialect)
		_, err := db.ExecContext(t.Context(), "INSERT INTO "+name+"_schema (version) VALUES (99)")
		noError(t, err)
		noError(t, s.Migrate(t.Context()))
	})
}

// Tables may lie in a schema, which is PostgreSQL's, or in an attached file of SQLite's.
func TestTableInASchema(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d database) {
		db, name := d.open(t), tableName()
		attach := "CREATE SCHEMA " + name
		if d.dialect == idemsql.SQLite {
			db.SetMaxOpenConns(1) // what is attached is attached to a connection
			attach = "ATTACH ':memory:' AS " + name
		}
		_, err := db.ExecContext(t.Context(), attach)
		noError(t, err)
		s := idemsql.New(db, d.dialect, idemsql.WithTable(name+".Records"))
		noError(t, s.Migrate(t.Context()))
		c := acquire(t, s, request(newID()))
		noError(t, s.Complete(t.Context(), c, nil, []byte("x"), request(c.ID).TTL))
		expect(t, s, c.ID, idem.Done)
		_, err = s.Sweep(t.Context())
		noError(t, err)
	})
}

// A record that this version cannot read is there: it must not be run over.
func TestRecordOfALaterVersion(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d database) {
		db := d.open(t)
		s, name := named(t, db, d.dialect)
		r := request(newID())
		r.TakeOver = true
		c := acquire(t, s, r)
		_, err := db.ExecContext(t.Context(), "UPDATE "+name+" SET state = 'suspended'")
		noError(t, err)
		if result, err := s.Claim(t.Context(), r); err == nil {
			t.Errorf("Claim = %v", result.State)
		}
		for what, err := range map[string]error{
			"Extend":   s.Extend(t.Context(), c, r.Lease),
			"Complete": s.Complete(t.Context(), c, nil, nil, r.TTL),
			"Release":  s.Release(t.Context(), c),
			"Abandon":  s.Abandon(t.Context(), c, "test"),
			"Resolve":  s.Resolve(t.Context(), c.ID, idem.Resolution{State: idem.Absent}),
		} {
			if err == nil {
				t.Errorf("%s: no error", what)
			}
		}
		var state string
		noError(t, db.QueryRowContext(t.Context(), "SELECT state FROM "+name).Scan(&state))
		if state != "suspended" {
			t.Errorf("state = %q", state)
		}
	})
}
