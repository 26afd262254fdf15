package idemsql

import (
	"embed"
	"fmt"
	"strconv"
	"strings"
)

// Dialect names a database.
type Dialect uint8

const (
	// PostgreSQL, version 12 or later.
	PostgreSQL Dialect = iota + 1
	// SQLite, version 3.42 or later.
	SQLite
)

// String returns the database's name.
func (d Dialect) String() string {
	if d.known() {
		return dialects[d].name
	}
	return "invalid"
}

func (d Dialect) known() bool { return d >= PostgreSQL && d <= SQLite }

// dialect is what the databases do not agree on.
type dialect struct {
	name  string
	now   string // the clock, in microseconds since 1970
	bytes string // the type of bytes
	skip  string // makes a subquery pass over rows that somebody else works on
	// claim holds the statements of a claim: the first that returns a row decides.
	claim []string
	// begin starts a transaction that no other migration of the table runs beside.
	begin []string
	// placeholder begins a numbered placeholder.
	placeholder string
	// index is the full name of an index of the table.
	index  func(table) string
	schema []string // files of the migrations, oldest first
	cause  func(error) cause
}

var dialects = map[Dialect]dialect{
	PostgreSQL: {
		name: "PostgreSQL",
		// The transaction's clock, now(), stands still while a statement waits for a lock.
		now:         "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)",
		skip:        "FOR UPDATE SKIP LOCKED",
		bytes:       "bytea",
		claim:       []string{claimAtOnce},
		begin:       []string{"BEGIN", "SELECT pg_advisory_xact_lock({lock})"},
		placeholder: "$",
		index:       func(t table) string { return t.with("_expires").bare() },
		schema:      []string{"schema/postgresql.1.sql"},
		cause:       postgresCause,
	},
	SQLite: {
		name:        "SQLite",
		now:         "CAST(unixepoch('subsec') * 1000000 AS INTEGER)",
		bytes:       "BLOB",
		claim:       claimInSteps,
		begin:       []string{"BEGIN IMMEDIATE"},
		placeholder: "?",
		index:       func(t table) string { return t.with("_expires").String() },
		schema:      []string{"schema/sqlite.1.sql"},
		cause:       sqliteCause,
	},
}

//go:embed schema/*.sql
var schemaFiles embed.FS

// Schema returns the SQL that makes the table and its index, for those who migrate with a
// tool of their own: one text of several statements for each version of the schema, the
// oldest first. The name of the table is that of [WithTable]; it panics when it is not
// one. Later versions of this package add texts and do not change earlier ones.
func (d Dialect) Schema(name string) []string {
	t, ok := parseTable(name)
	if !ok || !d.known() {
		panic(fmt.Sprintf("idemsql: schema of table %q in %v: no such dialect, or not a name", name, d))
	}
	return dialects[d].schemaOf(t)
}

func (d dialect) schemaOf(t table) (texts []string) {
	for _, file := range d.schema {
		text, err := schemaFiles.ReadFile(file)
		if err != nil {
			panic(err) // it is embedded
		}
		texts = append(texts, d.text(t, string(text)))
	}
	return texts
}

// text fills in what differs from one database and one table to another.
func (d dialect) text(t table, s string) string {
	return strings.NewReplacer(
		"{table}", t.String(),
		"{bare}", t.bare(),
		"{index}", d.index(t),
		"{versions}", t.with("_schema").String(),
		"{lock}", t.lock(),
		"{now}", d.now,
		"{bytes}", d.bytes,
		"{skip}", d.skip,
		"{batch}", strconv.Itoa(sweepBatch),
		"$", d.placeholder,
	).Replace(s)
}
