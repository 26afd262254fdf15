package drivertest

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemsql"
)

// run is an operation in the middle of its transaction, in which it has had its effect.
type run struct {
	*testing.T
	store   *idemsql.Store
	table   string
	effects effects
	claim   idem.Claim
	tx      *sql.Tx
	end     idem.Transaction // of tx
}

func begin(t *testing.T, d database, change func(*idem.ClaimRequest)) run {
	t.Helper()
	db := d.open(t)
	store, table := named(t, db, d.dialect)
	r := run{T: t, store: store, table: table, effects: newEffects(t, db)}
	req := request(newID())
	change(&req)
	r.claim = acquire(t, r.store, req)
	r.begin(nil)
	return r
}

func unchanged(*idem.ClaimRequest) {}

// lapsing is for a lease that is over at once.
func lapsing(r *idem.ClaimRequest) { r.Lease = time.Microsecond }

func (r *run) begin(opts *sql.TxOptions) {
	r.Helper()
	tx, end, err := r.store.BeginTx(r.Context(), opts)
	noError(r, err)
	r.tx, r.end = tx, end
	r.Cleanup(func() { _ = end.Rollback() }) // when the test fails
	noError(r, r.effects.add(r.Context(), tx))
}

func (r *run) complete() error {
	return r.end.Complete(r.Context(), r.claim, []byte("fp"), []byte("result"), time.Hour)
}

// takeOver claims the same ID for somebody else, later.
func (r *run) takeOver(ctx context.Context) (idem.ClaimResult, error) {
	req := request(r.claim.ID)
	req.TakeOver = true
	return r.store.Claim(ctx, req)
}

func TestEffectAndRecordCommitTogether(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d database) {
		r := begin(t, d, unchanged)
		noError(t, r.complete())
		expect(t, r.store, r.claim.ID, idem.Pending) // until it is committed
		r.effects.expect(t, 0)
		noError(t, r.end.Commit(t.Context()))
		if got := expect(t, r.store, r.claim.ID, idem.Done); string(got.Record) != "result" || string(got.Fingerprint) != "fp" {
			t.Errorf("record %q, fingerprint %q", got.Record, got.Fingerprint)
		}
		r.effects.expect(t, 1)
		is(t, r.store.Release(t.Context(), r.claim), idem.ErrLost)
	})
}

func TestEffectAndRecordRollBackTogether(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d database) {
		r := begin(t, d, unchanged)
		noError(t, r.complete())
		noError(t, r.end.Rollback())
		r.effects.expect(t, 0)
		expect(t, r.store, r.claim.ID, idem.Pending)
		noError(t, r.store.Release(t.Context(), r.claim))
		expect(t, r.store, r.claim.ID, idem.Acquired)
	})
}

// The owner may be late, and his record may say that nobody knows, as long as it is his.
func TestCompleteInATransactionOfALateOwner(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d database) {
		t.Run("lapsed", func(t *testing.T) {
			r := begin(t, d, lapsing)
			noError(t, r.complete())
			noError(t, r.end.Commit(t.Context()))
			expect(t, r.store, r.claim.ID, idem.Done)
		})
		t.Run("abandoned", func(t *testing.T) {
			r := begin(t, d, unchanged)
			noError(t, r.end.Rollback()) // SQLite has one writer at a time
			noError(t, r.store.Abandon(t.Context(), r.claim, "test"))
			r.begin(nil)
			noError(t, r.complete())
			noError(t, r.end.Commit(t.Context()))
			expect(t, r.store, r.claim.ID, idem.Done)
		})
	})
}

// Whoever has lost his claim must take his effect back.
func TestCompleteInATransactionOfALostClaim(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		lose func(*run) error
		want error
	}{
		"taken over": {func(r *run) error { _, err := r.takeOver(r.Context()); return err }, idem.ErrFenced},
		"done by another": {func(r *run) error {
			result, err := r.takeOver(r.Context())
			if err != nil {
				return err
			}
			return r.store.Complete(r.Context(), result.Claim, nil, nil, time.Hour)
		}, idem.ErrFenced},
		"done already": {func(r *run) error { return r.store.Complete(r.Context(), r.claim, nil, nil, time.Hour) }, idem.ErrLost},
		"released":     {func(r *run) error { return r.store.Release(r.Context(), r.claim) }, idem.ErrLost},
		"purged":       {func(r *run) error { return r.store.Purge(r.Context(), r.claim.ID) }, idem.ErrLost},
		"resolved": {func(r *run) error {
			return r.store.Resolve(r.Context(), r.claim.ID, idem.Resolution{State: idem.Absent})
		}, idem.ErrLost},
	}
	each(t, func(t *testing.T, d database) {
		for name, test := range tests {
			t.Run(name, func(t *testing.T) {
				r := begin(t, d, lapsing)
				noError(t, r.end.Rollback()) // SQLite has one writer at a time
				noError(t, test.lose(&r))
				r.begin(nil)
				is(t, r.complete(), test.want)
				noError(t, r.end.Rollback())
				r.effects.expect(t, 0)
			})
		}
	})
}

func TestCompleteInATransactionOfAnEndedTransaction(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d database) {
		r := begin(t, d, unchanged)
		noError(t, r.tx.Commit())
		is(t, r.complete(), idem.ErrTxEnded)
	})
}

func TestCompleteInATransactionRefusesNonPositiveLifetime(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d database) {
		r := begin(t, d, unchanged)
		if err := r.end.Complete(t.Context(), r.claim, nil, nil, 0); err == nil {
			t.Error("no error")
		}
		noError(t, r.end.Rollback())
		expect(t, r.store, r.claim.ID, idem.Pending)
	})
}

// When the answer to a commit is lost, releasing the claim tells what became of it, also
// when that is not decided yet.
func TestReleaseWaitsForTheTransaction(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d database) {
		for name, end := range endings {
			t.Run(name, func(t *testing.T) {
				r := begin(t, d, unchanged)
				noError(t, r.complete())
				released := make(chan error, 1)
				go func() { released <- r.store.Release(t.Context(), r.claim) }()
				r.somebodyWaits(d)
				noError(t, end.end(r.tx))
				is(t, <-released, end.release)
			})
		}
	})
}

// A claim that may take over does not overtake a transaction that is about to commit.
func TestTakeOverWaitsForTheTransaction(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d database) {
		for name, end := range endings {
			t.Run(name, func(t *testing.T) {
				r := begin(t, d, lapsing)
				noError(t, r.complete())
				states := make(chan idem.State, 1)
				go func() {
					result, err := r.takeOver(t.Context())
					if err != nil {
						t.Error(err)
					}
					states <- result.State
				}()
				r.somebodyWaits(d)
				noError(t, end.end(r.tx))
				if got := <-states; got != end.takeOver {
					t.Errorf("take-over = %v, want %v", got, end.takeOver)
				}
			})
		}
	})
}

var endings = map[string]struct {
	end      func(*sql.Tx) error
	release  error
	takeOver idem.State
}{
	"commit":   {(*sql.Tx).Commit, idem.ErrLost, idem.Done},
	"rollback": {(*sql.Tx).Rollback, nil, idem.Acquired},
}

// somebodyWaits returns when a statement waits for a lock in the store's table; SQLite does
// not show it.
func (r *run) somebodyWaits(d database) {
	r.Helper()
	if d.dialect != idemsql.PostgreSQL {
		return
	}
	until(r, "a statement waits for a lock", func() bool {
		var n int
		noError(r, r.effects.db.QueryRowContext(r.Context(), `SELECT count(*) FROM pg_stat_activity
			WHERE wait_event_type = 'Lock' AND query LIKE '%' || $1 || '%'`, r.table).Scan(&n))
		return n > 0
	})
}
