package drivertest

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemsql"
	"github.com/goaroundhq/goaround/idem/idemsql/drivertest/pgtest"
)

// job is an operation whose effect is one row.
type job struct {
	store   *idemsql.Store
	guard   *idem.Guard
	effects effects
	op      idem.Operation
}

func newJob(t *testing.T, db *sql.DB, d idemsql.Dialect, opts ...idem.GuardOption) job {
	t.Helper()
	s := migrated(t, db, d)
	opts = append([]idem.GuardOption{idem.WithGuarantee(idem.AtLeastOnce)}, opts...)
	return job{s, idem.NewGuard(s, opts...), newEffects(t, db), newOperation()}
}

func newOperation() idem.Operation {
	return idem.Operation{Name: "charge", Scope: idem.SharedScope, Key: idem.NewKey()}
}

// do runs the job; after its effect it calls then.
func (j job) do(ctx context.Context, then func(tx *sql.Tx) (string, error)) (string, error) {
	return idemsql.Do(ctx, j.store, j.guard, j.op, func(ctx context.Context, tx *sql.Tx) (string, error) {
		if err := j.effects.add(ctx, tx); err != nil {
			return "", err
		}
		return then(tx)
	})
}

func succeed(*sql.Tx) (string, error) { return "receipt", nil }

func (j job) expectSuccess(t *testing.T) {
	t.Helper()
	if got, err := j.do(t.Context(), succeed); got != "receipt" || err != nil {
		t.Errorf("Do = %q, %v; want a receipt", got, err)
	}
	j.effects.expect(t, 1)
}

func TestDoIsOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d database) {
		j := newJob(t, d.open(t), d.dialect, idem.WithWait(30*time.Second))
		var runs atomic.Int32
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				got, err := j.do(t.Context(), func(*sql.Tx) (string, error) {
					runs.Add(1)
					return "receipt", nil
				})
				if got != "receipt" || err != nil {
					t.Errorf("Do = %q, %v", got, err)
				}
			})
		}
		wg.Wait()
		if runs.Load() != 1 {
			t.Errorf("run %d times", runs.Load())
		}
		j.effects.expect(t, 1)
	})
}

var errTest = errors.New("test")

func TestDoTakesBackWhatFailed(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d database) {
		j := newJob(t, d.open(t), d.dialect)
		_, err := j.do(t.Context(), func(*sql.Tx) (string, error) { return "", errTest })
		is(t, err, errTest)
		j.effects.expect(t, 0)
		func() {
			defer func() {
				if recover() != "test" {
					t.Error("the panic did not go its way")
				}
			}()
			_, _ = j.do(t.Context(), func(*sql.Tx) (string, error) { panic("test") })
		}()
		j.effects.expect(t, 0)
		j.expectSuccess(t) // the key is free
	})
}

func TestDoKeepsAFinalErrorWithoutTheEffect(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d database) {
		j := newJob(t, d.open(t), d.dialect)
		for range 2 {
			_, err := j.do(t.Context(), func(*sql.Tx) (string, error) { return "", idem.Final(errTest) })
			var final *idem.FinalError
			if !errors.As(err, &final) || final.Text != "test" {
				t.Errorf("error = %v", err)
			}
		}
		j.effects.expect(t, 0)
	})
}

// A caller that hangs up must not look like an operation that ended its transaction.
func TestDoOfACallerThatLeaves(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d database) {
		j := newJob(t, d.open(t), d.dialect)
		ctx, cancel := context.WithCancel(t.Context())
		_, err := idemsql.Do(ctx, j.store, j.guard, j.op, func(ctx context.Context, tx *sql.Tx) (string, error) {
			cancel()
			return "", j.effects.add(ctx, tx)
		})
		is(t, err, context.Canceled)
		j.effects.expect(t, 0)
		j.expectSuccess(t)
	})
}

func TestDoOfAnOperationThatEndsItsTransaction(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d database) {
		j := newJob(t, d.open(t), d.dialect)
		_, err := j.do(t.Context(), func(tx *sql.Tx) (string, error) { return "receipt", tx.Commit() })
		is(t, err, idem.ErrTxEnded)
		_, err = j.do(t.Context(), succeed)
		is(t, err, idem.ErrNotStored)
		j.effects.expect(t, 1)
	})
}

// The answer to a COMMIT is lost, once with the COMMIT itself and once without.
func TestDoLosesTheAnswerToItsCommit(t *testing.T) {
	t.Parallel()
	t.Run("committed", func(t *testing.T) {
		t.Parallel()
		j := throughProxy(t, cutCommits(t, 1, always))
		j.expectSuccess(t)
		j.expectSuccess(t)
	})
	t.Run("not committed", func(t *testing.T) {
		t.Parallel()
		j := throughProxy(t, cutCommits(t, 1, never))
		if _, err := j.do(t.Context(), succeed); err == nil {
			t.Error("Do says that what was rolled back is done")
		}
		j.effects.expect(t, 0)
		j.expectSuccess(t)
	})
}

// throughProxy is a job whose transactions go through p, and whose effects are seen past it.
func throughProxy(t *testing.T, p *proxy, opts ...idem.GuardOption) job {
	t.Helper()
	direct := postgres(t)
	_, name := named(t, direct, idemsql.PostgreSQL)
	s := idemsql.New(open(t, "pgx", pgtest.URL(p.addr)), idemsql.PostgreSQL, idemsql.WithTable(name))
	opts = append(opts, idem.WithGuarantee(idem.AtLeastOnce))
	return job{s, idem.NewGuard(s, opts...), newEffects(t, direct), newOperation()}
}
