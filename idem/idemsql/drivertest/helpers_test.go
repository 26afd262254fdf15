package drivertest

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemsql"
)

func newID() idem.ID { return sha256.Sum256([]byte(idem.NewKey())) }

func request(id idem.ID) idem.ClaimRequest {
	return idem.ClaimRequest{ID: id, Owner: idem.NewOwner(), Lease: time.Hour, TTL: time.Hour}
}

func noError(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func is(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("error = %v, want %v", err, want)
	}
}

// acquire claims and must get it.
func acquire(t testing.TB, s *idemsql.Store, r idem.ClaimRequest) idem.Claim {
	t.Helper()
	result, err := s.Claim(t.Context(), r)
	if err != nil || result.State != idem.Acquired {
		t.Fatalf("Claim = %v, %v; want acquired", result.State, err)
	}
	return result.Claim
}

// expect claims with a fresh owner, and must find the state.
func expect(t testing.TB, s *idemsql.Store, id idem.ID, want idem.State) idem.ClaimResult {
	t.Helper()
	result, err := s.Claim(t.Context(), request(id))
	if err != nil || result.State != want {
		t.Fatalf("Claim = %v, %v; want %v", result.State, err, want)
	}
	return result
}

// until waits for a condition.
func until(t testing.TB, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !condition(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// effects is a table of what operations did, beside that of the store.
type effects struct {
	db   *sql.DB
	name string
}

func newEffects(t testing.TB, db *sql.DB) effects {
	t.Helper()
	e := effects{db, tableName()}
	e.exec(t, "CREATE TABLE "+e.name+" (what text NOT NULL)")
	return e
}

func (e effects) exec(t testing.TB, statement string) {
	t.Helper()
	_, err := e.db.ExecContext(t.Context(), statement)
	noError(t, err)
}

// add has an effect within tx.
func (e effects) add(ctx context.Context, tx *sql.Tx) error {
	_, err := tx.ExecContext(ctx, "INSERT INTO "+e.name+" VALUES ('done')")
	return err
}

// expect counts the effects that anybody can see.
func (e effects) expect(t testing.TB, want int) {
	t.Helper()
	var n int
	noError(t, e.db.QueryRowContext(t.Context(), "SELECT count(*) FROM "+e.name).Scan(&n))
	if n != want {
		t.Errorf("%d effects, want %d", n, want)
	}
}
