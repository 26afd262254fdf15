package idemsql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"hash/fnv"
)

// Migrate makes the store's table, or brings it to the version of this package. It does
// nothing when the table is up to date, or of a later version, and may be called by many
// processes at once: all changes are one transaction, under a lock. The database's user
// needs the right to create tables when there is something to do; without, use
// [Dialect.Schema].
//
// Which versions were made is kept in a table of the same name with the suffix "_schema".
func (s *Store) Migrate(ctx context.Context) error {
	if version, err := s.version(ctx, s.db); err == nil && version >= len(s.sql.schema) {
		return nil
	}
	return s.settle(ctx, "migrate", func() (err error) {
		// A connection, because sql.Tx cannot say how a transaction begins.
		c, err := s.db.Conn(ctx)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, c.Close()) }()
		for _, statement := range s.sql.begin {
			if _, err := c.ExecContext(ctx, statement); err != nil {
				return rollback(ctx, c, err)
			}
		}
		if err := s.migrate(ctx, c); err != nil {
			return rollback(ctx, c, err)
		}
		_, err = c.ExecContext(ctx, "COMMIT")
		return err
	})
}

func (s *Store) migrate(ctx context.Context, c *sql.Conn) error {
	if _, err := c.ExecContext(ctx, s.sql.makeVersions); err != nil {
		return err
	}
	version, err := s.version(ctx, c)
	if err != nil {
		return err
	}
	for ; version < len(s.sql.schema); version++ {
		if _, err := c.ExecContext(ctx, s.sql.schema[version]); err != nil {
			return fmt.Errorf("version %d: %w", version+1, err)
		}
		if _, err := c.ExecContext(ctx, s.sql.noteVersion, version+1); err != nil {
			return err
		}
	}
	return nil
}

// version is that of the table, 0 when it was never made.
func (s *Store) version(ctx context.Context, db conn) (version int, err error) {
	err = db.QueryRowContext(ctx, s.sql.readVersion).Scan(&version)
	return version, err
}

// rollback also ends a transaction whose caller has gone.
func rollback(ctx context.Context, c *sql.Conn, err error) error {
	if _, failed := c.ExecContext(context.WithoutCancel(ctx), "ROLLBACK"); failed != nil {
		return errors.Join(err, failed)
	}
	return err
}

// lock is the number under which migrations of the table exclude each other.
func (t table) lock() string {
	h := fnv.New64a()
	_, _ = h.Write([]byte("idemsql " + t.String())) // never fails
	return fmt.Sprint(int64(h.Sum64()))
}
