package idemsql

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"hash/fnv"
)

// Migrate makes the store's table, or brings it to the version of this package. It does
// nothing when the table is up to date, or of a later version, and may be called by many
// processes at once: all changes are one transaction, under a lock. The database's user
// needs the right to create tables when there is something to do; without, use
// [Dialect.Schema] instead.
//
// Which versions were made is kept in a table of the same name with the suffix "_schema".
func (s *Store) Migrate(ctx context.Context) error {
	if version, err := s.version(ctx, s.db); err == nil && version >= len(s.sql.schema) {
		return nil
	}
	return s.settle(ctx, "migrate", func() error {
		// A connection, because sql.Tx cannot say how a transaction begins.
		c, err := s.db.Conn(ctx)
		if err != nil {
			return err
		}
		defer func() { _ = c.Close() }() // undo may have done so
		if err := s.migrate(ctx, c); err != nil {
			undo(ctx, c)
			return err
		}
		return nil
	})
}

// migrate is one transaction. When it fails, that may still be open, also after a COMMIT:
// a reader keeps SQLite from it.
func (s *Store) migrate(ctx context.Context, c *sql.Conn) error {
	for _, statement := range s.sql.begin {
		if _, err := c.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	if err := s.raise(ctx, c); err != nil {
		return err
	}
	_, err := c.ExecContext(ctx, "COMMIT")
	return err
}

// raise brings the table to the newest version.
func (s *Store) raise(ctx context.Context, c *sql.Conn) error {
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

// undo also ends a transaction whose caller has gone. A connection that may still be in it
// must not get back to those who share the pool, whose writes would be part of it.
func undo(ctx context.Context, c *sql.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	if _, err := c.ExecContext(ctx, "ROLLBACK"); err != nil {
		_ = c.Raw(func(any) error { return driver.ErrBadConn }) // closes it
	}
}

// lock is the number under which migrations of the table exclude each other.
func (t table) lock() string {
	h := fnv.New64a()
	_, _ = h.Write([]byte("idemsql " + t.String())) // never fails
	return fmt.Sprint(int64(h.Sum64()))
}
