package main

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	"go.uber.org/goleak"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemredis"
	"github.com/goaroundhq/goaround/idem/idemredis/redistest"
	"github.com/goaroundhq/goaround/idem/idemsql"
	"github.com/goaroundhq/goaround/idem/idemsql/drivertest/pgtest"
)

// postgres is the server of all tests; each has a schema of its own.
var postgres *pgtest.Server

func TestMain(m *testing.M) { goleak.VerifyTestMain(withServer{m}) }

type withServer struct{ *testing.M }

func (w withServer) Run() (code int) {
	server, err := pgtest.Open()
	err = errors.Join(err, os.Unsetenv("IDEM_STORE"))
	if err == nil {
		postgres = server
		code = w.M.Run()
		err = server.Close()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// session is somebody at the command line.
type session struct {
	*testing.T
	url    string
	answer string // typed at a terminal; "" for no terminal
}

// answered is what a command did.
type answered struct {
	status      int
	out, err    string
	expectation *testing.T
}

func (s session) run(args ...string) answered {
	s.Helper()
	var out, err bytes.Buffer
	c := console{strings.NewReader(s.answer), &out, &err, s.answer != ""}
	if s.url != "" {
		args = append([]string{"--store", s.url}, args...)
	}
	status := command(s.Context(), args, &c)
	for _, key := range []string{aKey, bKey, cKey} {
		if strings.Contains(out.String()+err.String(), key) {
			s.Errorf("%v: prints the key %s", args, key)
		}
	}
	return answered{status, out.String(), err.String(), s.T}
}

// says checks the exit status and what is somewhere in the output, in this order.
func (a answered) says(status int, parts ...string) {
	a.expectation.Helper()
	if a.status != status {
		a.expectation.Errorf("exit status %d, want %d", a.status, status)
	}
	rest := plain(a.out) + plain(a.err)
	for _, part := range parts {
		_, after, ok := strings.Cut(rest, part)
		if !ok {
			a.expectation.Errorf("no %q, or not in this place, in\n%s%s", part, a.out, a.err)
		}
		rest = after
	}
}

var (
	durations = regexp.MustCompile(`\b([0-9]+h)?([0-9]+m)?[0-9.]+m?s\b`)
	blanks    = regexp.MustCompile(` +`)
	fences    = regexp.MustCompile(`\b[0-9]{16}\b`)
)

// plain leaves out what is another in each run.
func plain(s string) string {
	return blanks.ReplaceAllString(fences.ReplaceAllString(durations.ReplaceAllString(s, "TIME"), "FENCE"), " ")
}

// The operations of the tests, by what became of them.
const (
	aKey = "key-of-the-abandoned" // unknown
	bKey = "key-of-the-busy"      // pending
	cKey = "key-of-the-complete"  // done
)

func idOf(key string) idem.ID { return idem.NewID("", "ada", "POST", "/orders", key) }

func flagsOf(key string) []string {
	return []string{"--scope", "ada", "--route", "/orders", "--key", key}
}

func with(command string, flags []string, more ...string) []string {
	return append(append([]string{command}, more...), flags...)
}

// seed makes a record of each kind.
func seed(t *testing.T, s idem.Store) {
	t.Helper()
	ctx := t.Context()
	for _, key := range []string{aKey, bKey, cKey} {
		result, err := s.Claim(ctx, idem.ClaimRequest{
			ID: idOf(key), Owner: idem.NewOwner(), Lease: time.Hour, TTL: time.Hour,
		})
		noError(t, err)
		switch key {
		case aKey:
			noError(t, s.Abandon(ctx, result.Claim, "handler\tpanicked\x1b[2J"))
		case cKey:
			noError(t, s.Complete(ctx, result.Claim, []byte("print"), []byte("record"), time.Hour))
		}
	}
}

func noError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// each runs a test on all kinds of stores, with records of each kind.
func each(t *testing.T, check func(s session, store idem.Store)) {
	for name, open := range map[string]func(*testing.T) (string, idem.Store){
		"Redis": onRedis, "PostgreSQL": onPostgres, "SQLite": onSQLite,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, store := open(t)
			seed(t, store)
			check(session{T: t, url: url}, store)
		})
	}
}

func onRedis(t *testing.T) (string, idem.Store) {
	server := redistest.Start(t, redistest.WithPassword("secret"))
	store := idemredis.New(server.Client())
	t.Cleanup(func() { noError(t, store.Close()) })
	return "redis://:secret@" + server.Addr(), store
}

var schemas atomic.Int64

func onPostgres(t *testing.T) (string, idem.Store) {
	schema := fmt.Sprintf("test_%d", schemas.Add(1))
	db, err := sql.Open("pgx", postgres.URL())
	noError(t, err)
	_, err = db.ExecContext(t.Context(), "CREATE SCHEMA "+schema)
	noError(t, errors.Join(err, db.Close()))
	url := postgres.URL() + "&search_path=" + schema
	return url, onDatabase(t, "pgx", url, idemsql.PostgreSQL)
}

func onSQLite(t *testing.T) (string, idem.Store) {
	path := filepath.Join(t.TempDir(), "with space?.db")
	name := "file:" + strings.NewReplacer(" ", "%20", "?", "%3f").Replace(path) + "?_pragma=journal_mode(WAL)&_txlock=immediate"
	return "sqlite:" + path, onDatabase(t, "sqlite", name, idemsql.SQLite)
}

func onDatabase(t *testing.T, driver, name string, d idemsql.Dialect, opts ...idemsql.Option) idem.Store {
	t.Helper()
	db, err := sql.Open(driver, name)
	noError(t, err)
	t.Cleanup(func() { noError(t, db.Close()) })
	store := idemsql.New(db, d, opts...)
	noError(t, store.Migrate(t.Context()))
	return store
}

// expectState checks what became of an operation.
func expectState(t *testing.T, s idem.Store, key string, want idem.State) {
	t.Helper()
	info, err := s.(idem.Admin).Get(context.WithoutCancel(t.Context()), idOf(key))
	noError(t, err)
	if info.State != want {
		t.Errorf("the record is %v, want %v", info.State, want)
	}
}
