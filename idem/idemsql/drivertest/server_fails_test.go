package drivertest

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemsql"
	"github.com/goaroundhq/goaround/idem/idemsql/drivertest/pgtest"
)

// One server goes through all of it, because making one takes longest.
func TestServerFails(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t, pgtest.WithDurability())
	for name, check := range map[string]func(*testing.T, *pgtest.Server){
		"IsKilled":                 serverIsKilled,
		"IsKilledInTheTransaction": serverIsKilledInTheTransaction,
		"IsDown":                   serverIsDown,
		"Hangs":                    serverHangs,
		"HangsInTheCommit":         serverHangsInTheCommit,
	} {
		t.Run(name, func(t *testing.T) { check(t, server) })
	}
}

// A server that is killed keeps what it has acknowledged.
func serverIsKilled(t *testing.T, server *pgtest.Server) {
	db := open(t, "pgx", server.URL())
	s := migrated(t, db, idemsql.PostgreSQL)
	done := make(chan idem.ID)
	var writers sync.WaitGroup
	for range 8 {
		writers.Go(func() { completeUntilItFails(t.Context(), s, done) })
	}
	go func() {
		writers.Wait()
		close(done)
	}()
	var acknowledged []idem.ID
	for id := range done {
		if acknowledged = append(acknowledged, id); len(acknowledged) == 100 {
			noError(t, server.Kill())
		}
	}
	noError(t, server.Start())
	for _, id := range acknowledged {
		if got := expect(t, s, id, idem.Done); string(got.Record) != id.String() {
			t.Errorf("record %q of %v", got.Record, id)
		}
	}
}

func completeUntilItFails(ctx context.Context, s *idemsql.Store, done chan<- idem.ID) {
	for {
		r := request(newID())
		result, err := s.Claim(ctx, r)
		if err != nil {
			return
		}
		if err := s.Complete(ctx, result.Claim, nil, []byte(r.ID.String()), time.Hour); err != nil {
			return
		}
		done <- r.ID
	}
}

// The server dies in the middle of an operation: what it did is undone, and it runs again.
func serverIsKilledInTheTransaction(t *testing.T, server *pgtest.Server) {
	j := newJob(t, open(t, "pgx", server.URL()), idemsql.PostgreSQL, idem.WithLease(time.Second), idem.WithFinishTimeout(time.Second))
	_, err := j.do(t.Context(), func(*sql.Tx) (string, error) { return "receipt", server.Kill() })
	if err == nil {
		t.Error("Do says that what was rolled back is done")
	}
	noError(t, server.Start())
	j.effects.expect(t, 0)
	j.expectSuccessAfterLease(t)
}

// While the server is down everything fails, and says so; afterwards the store goes on.
func serverIsDown(t *testing.T, server *pgtest.Server) {
	s := migrated(t, open(t, "pgx", server.URL()), idemsql.PostgreSQL)
	c := acquire(t, s, request(newID()))
	noError(t, server.Kill())
	expectError(t, s, "")
	noError(t, server.Start())
	until(t, "the store works again", func() bool { return s.Complete(t.Context(), c, nil, nil, time.Hour) == nil })
	expect(t, s, c.ID, idem.Done)
}

// A server that hangs costs no more than the caller's patience.
func serverHangs(t *testing.T, server *pgtest.Server) {
	s := migrated(t, open(t, "pgx", server.URL()), idemsql.PostgreSQL)
	r := request(newID())
	noError(t, server.Pause())
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := s.Claim(ctx, r)
	is(t, err, context.DeadlineExceeded)
	noError(t, server.Resume())
	acquire(t, s, r) // the same owner asks again
}

// So does a commit, of which nobody can say then whether it happened, until the release.
func serverHangsInTheCommit(t *testing.T, server *pgtest.Server) {
	d := database{idemsql.PostgreSQL, func(t testing.TB) *sql.DB { return open(t, "pgx", server.URL()) }}
	r := begin(t, d, unchanged)
	noError(t, r.complete())
	noError(t, server.Pause())
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	committed := make(chan error, 1)
	go func() { committed <- r.end.Commit(ctx) }()
	select {
	case err := <-committed:
		if err == nil {
			t.Error("a server that hangs has committed")
		}
	case <-time.After(30 * time.Second):
		t.Error("the commit hangs with its server")
	}
	noError(t, server.Resume())
	switch err := r.store.Release(t.Context(), r.claim); {
	case err == nil:
		r.effects.expect(t, 0)
		expect(t, r.store, r.claim.ID, idem.Acquired)
	case errors.Is(err, idem.ErrLost):
		r.effects.expect(t, 1)
		expect(t, r.store, r.claim.ID, idem.Done)
	default:
		t.Error(err)
	}
}
