package idemsql

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/goaroundhq/goaround/idem"
)

// errAgain asks for the same step again: the row was changed in the middle of it.
var errAgain = errors.New("row keeps changing")

const (
	// settleTries is how often a step is taken that others got in the way of, unless
	// SQLite itself has waited for more than patience before it said so.
	settleTries = 8
	patience    = time.Second
	firstPause  = 2 * time.Millisecond
)

// settle takes a step until nobody gets in its way: by changing the row in the middle of
// it, by a deadlock, or by the lock of a database with one writer. Each step is one
// statement that changed nothing when it failed so. Errors come back with what was done.
func (s *Store) settle(ctx context.Context, what string, step func() error) error {
	began := time.Now()
	for try := 0; ; try++ {
		err := step()
		switch {
		case err == nil:
			return nil
		case errors.Is(err, idem.ErrFenced), errors.Is(err, idem.ErrLost), errors.Is(err, idem.ErrResolve):
			return err
		case try == settleTries-1, !s.passes(err, time.Since(began)):
			return s.explain(what, err)
		}
		if err := pause(ctx, firstPause<<try); err != nil {
			return s.explain(what, err)
		}
	}
}

// passes reports whether what failed after some time is worth another try. PostgreSQL may
// wait long for a lock and report a conflict when it has it, with one that has passed.
func (s *Store) passes(err error, after time.Duration) bool {
	if errors.Is(err, errAgain) {
		return true
	}
	switch s.dialect.cause(err) {
	case inTheWay:
		return true
	case locked:
		return after <= patience
	default:
		return false
	}
}

// pause waits for about d.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d/2 + rand.N(d))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// explain says what was being done and, where the cause is known, what to do about it.
func (s *Store) explain(what string, err error) error {
	hint := s.dialect.cause(err).hint()
	if hint == "" {
		return fmt.Errorf("idemsql: %s: %w", what, err)
	}
	return fmt.Errorf("idemsql: %s in table %s: %s: %w", what, s.table, hint, err)
}

// cause is why a statement failed.
type cause uint8

const (
	other    cause = iota
	inTheWay       // of another statement or transaction
	locked         // by SQLite's one writer, for as long as busy_timeout
	noTable
	readOnly
	denied
	full
	unopened
)

func (c cause) hint() string {
	switch c {
	case noTable:
		return "the table is missing or of an earlier version; Migrate makes it"
	case readOnly:
		return "the database is read-only here, as a replica is; the store needs the primary"
	case denied:
		return "the user needs SELECT, INSERT, UPDATE and DELETE, and to migrate also CREATE in the schema"
	case full:
		return "the database has no room left"
	case unopened:
		return "the directory of the file must be there and writable"
	default:
		return ""
	}
}

// postgresCause knows the class by its SQLSTATE, which the errors of pgx and of lib/pq have.
func postgresCause(err error) cause {
	var coded interface{ SQLState() string }
	if !errors.As(err, &coded) {
		return other
	}
	switch coded.SQLState() {
	case "40001", "40P01", "55P03": // serialization failure, deadlock, lock_timeout
		return inTheWay
	case "42P01", "42703", "3F000": // no such table, column, schema
		return noTable
	case "25006":
		return readOnly
	case "42501":
		return denied
	case "53100":
		return full
	default:
		return other
	}
}

// sqliteCause goes by SQLite's own words, because drivers pass its codes on in ways of
// their own.
func sqliteCause(err error) cause {
	for words, c := range map[string]cause{
		"is locked": locked, "no such table": noTable, "no such column": noTable,
		"readonly database": readOnly, "disk is full": full, "unable to open database file": unopened,
	} {
		if strings.Contains(err.Error(), words) {
			return c
		}
	}
	return other
}
