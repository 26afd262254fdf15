package idemsql_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemsql"
)

// What needs a database is tested in the module drivertest, on real ones.

func TestNewRefusesMistakes(t *testing.T) {
	t.Parallel()
	db := failing(t, errors.New("test"))
	for name, mistake := range map[string]func(){
		"no database": func() { idemsql.New(nil, idemsql.PostgreSQL) },
		"no dialect":  func() { idemsql.New(db, 0) },
		"dialect 99":  func() { idemsql.Dialect(99).Schema("records") },
		"no interval": func() { _ = idemsql.New(db, idemsql.SQLite).Run(t.Context(), 0, nil) },
	} {
		if !panics(mistake) {
			t.Errorf("%s: no panic", name)
		}
	}
}

func TestDialectNames(t *testing.T) {
	t.Parallel()
	for d, want := range map[idemsql.Dialect]string{idemsql.PostgreSQL: "PostgreSQL", idemsql.SQLite: "SQLite", 0: "invalid", 99: "invalid"} {
		if d.String() != want {
			t.Errorf("%d is %q", d, d)
		}
	}
}

// What is filled in is filled in everywhere.
func TestSchemaIsPlainSQL(t *testing.T) {
	t.Parallel()
	for _, d := range []idemsql.Dialect{idemsql.PostgreSQL, idemsql.SQLite} {
		for _, text := range d.Schema("billing.records") {
			if strings.ContainsAny(text, "{}$") || !strings.Contains(text, "billing") {
				t.Errorf("%v: %s", d, text)
			}
		}
	}
}

func TestMistakesDoNotReachTheDatabase(t *testing.T) {
	t.Parallel()
	s := idemsql.New(failing(t, errors.New("asked the database")), idemsql.PostgreSQL)
	claim := func(lease, ttl time.Duration) error {
		_, err := s.Claim(t.Context(), idem.ClaimRequest{Lease: lease, TTL: ttl})
		return err
	}
	for what, err := range map[string]error{
		"claim without a lease":       claim(0, 1),
		"claim without a lifetime":    claim(1, 0),
		"complete without a lifetime": s.Complete(t.Context(), idem.Claim{}, nil, nil, 0),
		"resolve to pending":          s.Resolve(t.Context(), idem.ID{}, idem.Resolution{State: idem.Pending}),
		"resolve without a lifetime":  s.Resolve(t.Context(), idem.ID{}, idem.Resolution{State: idem.Done}),
	} {
		if err == nil || strings.Contains(err.Error(), "asked") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// coded is an error as PostgreSQL's drivers have them.
type coded string

func (c coded) Error() string    { return "code " + string(c) }
func (c coded) SQLState() string { return string(c) }

// Errors of the database come wrapped, with a word on what to do.
func TestErrorsSayWhatToDo(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		dialect idemsql.Dialect
		err     error
		want    string
	}{
		{idemsql.PostgreSQL, coded("53100"), "no room left"},
		{idemsql.PostgreSQL, coded("42703"), "Migrate makes it"},
		{idemsql.PostgreSQL, coded("40P01"), "extend: code 40P01"}, // after several tries
		{idemsql.PostgreSQL, coded("XX000"), "extend: code XX000"},
		{idemsql.PostgreSQL, errors.New("no code"), "extend: no code"},
		{idemsql.SQLite, errors.New("no such table: x"), "Migrate makes it"},
		{idemsql.SQLite, errors.New("something else"), "extend: something else"},
	} {
		s := idemsql.New(failing(t, test.err), test.dialect)
		err := s.Extend(t.Context(), idem.Claim{}, time.Second)
		if !errors.Is(err, test.err) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("error = %v, want %q", err, test.want)
		}
	}
}

// failing is a database that cannot be connected to.
func failing(t *testing.T, err error) *sql.DB {
	db := sql.OpenDB(connector{err})
	t.Cleanup(func() { _ = db.Close() }) // it was never opened
	return db
}

type connector struct{ err error }

func (c connector) Connect(context.Context) (driver.Conn, error) { return nil, c.err }
func (c connector) Driver() driver.Driver                        { return nil }
