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
	// settleTries is how often a step is taken that others got in the way of, unless the
	// database itself has waited for patience before it said so.
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
		case try == settleTries-1,
			!errors.Is(err, errAgain) && (s.dialect.cause(err) != inTheWay || time.Since(began) > patience):
			return s.explain(what, err)
		}
		if err := pause(ctx, firstPause<<try); err != nil {
			return s.explain(what, err)
		}
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
	other cause = iota
	inTheWay
	noTable
	readOnly
	denied
	full
)

func (c cause) hint() string {
	switch c {
	case noTable:
		return "the table is missing or of an earlier version; Migrate makes it"
	case readOnly:
		return "the database is read-only here, as a replica is; the store needs the primary"
	case denied:
		return "the user needs SELECT, INSERT, UPDATE and DELETE"
	case full:
		return "the database has no room left"
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
	case "40001", "40P01": // serialization failure, deadlock
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
		"is locked": inTheWay, "no such table": noTable, "no such column": noTable,
		"readonly database": readOnly, "disk is full": full,
	} {
		if strings.Contains(err.Error(), words) {
			return c
		}
	}
	return other
}
