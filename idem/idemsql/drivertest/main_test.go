package drivertest

import (
	"database/sql"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"
	"go.uber.org/goleak"
	_ "modernc.org/sqlite"

	"github.com/goaroundhq/goaround/idem/idemsql"
	"github.com/goaroundhq/goaround/idem/idemsql/drivertest/pgtest"
)

// shared is the server of all tests that do not harm it.
var shared *pgtest.Server

func TestMain(m *testing.M) { goleak.VerifyTestMain(withServer{m}) }

type withServer struct{ *testing.M }

func (w withServer) Run() (code int) {
	if runChild() {
		return 0
	}
	// They wait for leases more than they compute.
	flag.Parse()
	if err := flag.Set("test.parallel", "6"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	server, err := pgtest.Open()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	shared = server
	code = w.M.Run()
	if err := server.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// open opens a database until the test is over.
func open(t testing.TB, driver, name string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

var tables atomic.Int64

// tableName returns one that no other test has.
func tableName() string { return fmt.Sprintf("records_%d", tables.Add(1)) }

// named is a store with a table of its own, and the table's name.
func named(t testing.TB, db *sql.DB, d idemsql.Dialect) (*idemsql.Store, string) {
	t.Helper()
	name := tableName()
	s := idemsql.New(db, d, idemsql.WithTable(name))
	noError(t, s.Migrate(t.Context()))
	return s, name
}

func migrated(t testing.TB, db *sql.DB, d idemsql.Dialect) *idemsql.Store {
	t.Helper()
	s, _ := named(t, db, d)
	return s
}

// postgres takes its share of the server's connections.
func postgres(t testing.TB) *sql.DB {
	db := open(t, "pgx", shared.URL())
	db.SetMaxOpenConns(16)
	return db
}

// sqliteURL names a file with the settings that the package recommends, except that nothing
// waits for the disk: processes are killed here, machines are not.
func sqliteURL(t testing.TB) string {
	return "file:" + filepath.Join(t.TempDir(), "test.db") +
		"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(OFF)&_txlock=immediate"
}

// sqlite lets its users queue here, in their order, rather than at the file.
func sqlite(t testing.TB) *sql.DB {
	db := open(t, "sqlite", sqliteURL(t))
	db.SetMaxOpenConns(8)
	return db
}

// database is one of those that the store runs on.
type database struct {
	dialect idemsql.Dialect
	open    func(testing.TB) *sql.DB
}

// each runs a test on all databases.
func each(t *testing.T, check func(t *testing.T, d database)) {
	for _, d := range []database{{idemsql.PostgreSQL, postgres}, {idemsql.SQLite, sqlite}} {
		t.Run(d.dialect.String(), func(t *testing.T) {
			t.Parallel()
			check(t, d)
		})
	}
}
