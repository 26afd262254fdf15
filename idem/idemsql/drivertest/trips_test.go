package drivertest

import (
	"context"
	"database/sql"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemsql"
)

// trips counts the statements that are sent.
type trips struct{ n atomic.Int64 }

func (c *trips) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	c.n.Add(1)
	return ctx
}

func (c *trips) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// during counts those that step sends.
func (c *trips) during(step func()) int64 {
	before := c.n.Load()
	step()
	return c.n.Load() - before
}

func counted(t *testing.T) (*sql.DB, *trips) {
	t.Helper()
	config, err := pgx.ParseConfig(shared.URL())
	noError(t, err)
	c := new(trips)
	config.Tracer = c
	db := stdlib.OpenDB(*config)
	t.Cleanup(func() { noError(t, db.Close()) })
	return db, c
}

func TestTrips(t *testing.T) {
	t.Parallel()
	db, sent := counted(t)
	s := migrated(t, db, idemsql.PostgreSQL)
	r := request(newID())
	var c idem.Claim
	for _, step := range []struct {
		what string
		run  func()
		want int64
	}{
		{"claim", func() { c = acquire(t, s, r) }, 1},
		{"claim of what is pending", func() { expect(t, s, r.ID, idem.Pending) }, 1},
		{"extend", func() { noError(t, s.Extend(t.Context(), c, time.Hour)) }, 1},
		{"complete", func() { noError(t, s.Complete(t.Context(), c, nil, []byte("x"), time.Hour)) }, 1},
		{"replay", func() { expect(t, s, r.ID, idem.Done) }, 1},
		{"complete of what is complete", func() { noError(t, s.Complete(t.Context(), c, nil, nil, time.Hour)) }, 2},
		{"release of what is complete", func() { is(t, s.Release(t.Context(), c), idem.ErrLost) }, 2},
	} {
		if got := sent.during(step.run); got != step.want {
			t.Errorf("%s: %d trips, want %d", step.what, got, step.want)
		}
	}
}

func TestTripsOfDo(t *testing.T) {
	t.Parallel()
	db, sent := counted(t)
	j := newJob(t, db, idemsql.PostgreSQL)
	run := func() {
		_, err := j.do(t.Context(), succeed)
		noError(t, err)
	}
	// claim, begin, the effect, complete, commit
	if got := sent.during(run); got != 5 {
		t.Errorf("first run: %d trips, want 5", got)
	}
	if got := sent.during(run); got != 1 {
		t.Errorf("replay: %d trips, want 1", got)
	}
}

// To look at what is done, or pending, is not a write: it takes no lock and no transaction
// number, so it waits for nobody and for no disk.
func TestLookingWritesNothing(t *testing.T) {
	t.Parallel()
	db := postgres(t)
	s, table := named(t, db, idemsql.PostgreSQL)
	pending, done := acquire(t, s, request(newID())), acquire(t, s, request(newID()))
	noError(t, s.Complete(t.Context(), done, nil, []byte("x"), time.Hour))
	versions := func() (all string) {
		noError(t, db.QueryRowContext(t.Context(), "SELECT string_agg(concat_ws(' ', ctid, xmin, xmax), ', ') FROM "+table).Scan(&all))
		return all
	}
	before := versions()
	for range 3 {
		expect(t, s, pending.ID, idem.Pending)
		expect(t, s, done.ID, idem.Done)
	}
	if after := versions(); after != before {
		t.Errorf("rows are %s after looking, and were %s", after, before)
	}
}

// The statements say what types they mean, so that pgx may send them in any of its ways,
// such as those that get through a connection pooler.
func TestQueryExecModes(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"cache_describe", "describe_exec", "exec", "simple_protocol"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			db := open(t, "pgx", shared.URL()+"&default_query_exec_mode="+url.PathEscape(mode))
			j := newJob(t, db, idemsql.PostgreSQL)
			j.expectSuccess(t)
			j.expectSuccess(t)
			r := request(newID())
			r.TakeOver, r.Fingerprint = true, []byte{0, '\'', '\\', 0xff}
			c := acquire(t, j.store, r)
			noError(t, j.store.Extend(t.Context(), c, time.Hour))
			noError(t, j.store.Abandon(t.Context(), c, `it's a \ test`))
			r.Owner = idem.NewOwner()
			c = acquire(t, j.store, r)
			noError(t, j.store.Complete(t.Context(), c, r.Fingerprint, r.Fingerprint, time.Hour))
			if got := expect(t, j.store, r.ID, idem.Done); string(got.Record) != string(r.Fingerprint) {
				t.Errorf("record %q", got.Record)
			}
			for _, err := range j.store.Scan(t.Context()) {
				noError(t, err)
			}
		})
	}
}
