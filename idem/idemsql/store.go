package idemsql

import (
	"database/sql"
	"fmt"

	"github.com/goaroundhq/goaround/idem"
)

// DefaultTable is the table of a [Store] unless [WithTable] says otherwise.
const DefaultTable = "idem_records"

// Store is an [idem.Store] in a table of a database. It starts no goroutine, keeps nothing
// in memory and needs no closing; the database handle stays the caller's. It is safe for
// concurrent use, also by many processes.
type Store struct {
	db      *sql.DB
	dialect dialect
	table   table
	sql     statements
}

// Option configures a [Store].
type Option func(*Store)

// WithTable names the table, "name" or "schema.name": letters, digits and underscores, at
// most 48 of them in each part. Upper and lower case differ. The default is
// [DefaultTable]. It panics when the name is not one.
func WithTable(name string) Option {
	t, ok := parseTable(name)
	if !ok {
		panic(fmt.Sprintf("idemsql: WithTable(%q): not a name of a table", name))
	}
	return func(s *Store) { s.table = t }
}

var (
	_ idem.Store = (*Store)(nil)
	_ idem.Admin = (*Store)(nil)
)

// New makes a store over a database of the dialect. It does not connect; the table is
// made by [Store.Migrate]. It panics when db is nil or the dialect is not one.
func New(db *sql.DB, d Dialect, opts ...Option) *Store {
	if db == nil || !d.known() {
		panic(fmt.Sprintf("idemsql: New without a database, or with the dialect %v", d))
	}
	s := &Store{db: db, dialect: dialects[d], table: table{name: DefaultTable}}
	for _, opt := range opts {
		opt(s)
	}
	s.sql = s.dialect.statements(s.table)
	return s
}
