package idem_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/idem"
)

func TestDoInCommitsBothOrNothing(t *testing.T) {
	t.Parallel()
	errCard := errors.New("card declined")
	for _, tt := range []struct {
		name    string
		tx      ledgerTx
		fn      func(*ledgerTx) (string, error)
		effects int   // after the first call
		first   error // of the first call
		runs    int   // after a second call with a transaction that works
		second  error
	}{
		{name: "success", effects: 1, runs: 1},
		{
			name: "failure", fn: func(*ledgerTx) (string, error) { return "", errCard },
			first: errCard, runs: 2,
		},
		{
			name: "final failure", fn: func(*ledgerTx) (string, error) { return "", idem.Final(errCard) },
			first: errCard, runs: 1, second: new(idem.FinalError),
		},
		{
			name: "no way to record it", tx: ledgerTx{completing: errCut},
			first: errCut, runs: 2,
		},
		{
			name: "commit fails", tx: ledgerTx{committing: func(func()) error { return errCut }},
			first: errCut, runs: 2,
		},
		{
			name: "answer to the commit is lost", tx: ledgerTx{committing: func(commit func()) error { commit(); return errCut }},
			effects: 1, runs: 1,
		},
		{
			name: "ended by the operation", fn: func(tx *ledgerTx) (string, error) { tx.ended = true; return "done", nil },
			first: idem.ErrTxEnded, runs: 1, second: idem.ErrNotStored,
		},
		{
			name: "ended by the operation that fails", fn: func(tx *ledgerTx) (string, error) { tx.ended = true; return "", errCard },
			first: idem.ErrTxEnded, runs: 1, second: idem.ErrNotStored,
		},
		{
			name:  "ended by the operation that fails for good",
			fn:    func(tx *ledgerTx) (string, error) { tx.ended = true; return "", idem.Final(errCard) },
			first: idem.ErrTxEnded, runs: 1, second: idem.ErrNotStored,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			db := &ledger{store: idem.NewMemory()}
			g := idem.NewGuard(db.store, idem.WithGuarantee(idem.AtLeastOnce))
			runs := 0
			call := func(tx *ledgerTx, fn func(*ledgerTx) (string, error)) (string, error) {
				tx.db = db
				start := func(context.Context) (idem.Transaction, error) { return tx, nil }
				return idem.DoIn(t.Context(), g, charge("key"), start, func(context.Context) (string, error) {
					runs++
					tx.effects++
					if fn != nil {
						return fn(tx)
					}
					return "done", nil
				})
			}
			value, err := call(&tt.tx, tt.fn)
			if !errors.Is(err, tt.first) || (err == nil) != (value == "done" && tt.first == nil) {
				t.Errorf("first call = %q, %v, want error %v", value, err, tt.first)
			}
			if db.effects != tt.effects {
				t.Errorf("%d effects after the first call, want %d", db.effects, tt.effects)
			}
			value, err = call(new(ledgerTx), nil)
			var final *idem.FinalError
			switch {
			case errors.As(tt.second, &final):
				if !errors.As(err, &final) || final.Text != errCard.Error() {
					t.Errorf("second call = %q, %v, want the final error", value, err)
				}
			case !errors.Is(err, tt.second), (err == nil) != (value == "done"):
				t.Errorf("second call = %q, %v, want error %v", value, err, tt.second)
			}
			if runs != tt.runs {
				t.Errorf("%d runs, want %d", runs, tt.runs)
			}
			if db.effects > 1 {
				t.Errorf("%d effects", db.effects)
			}
		})
	}
}

func TestDoInPanicRollsBack(t *testing.T) {
	t.Parallel()
	db := &ledger{store: idem.NewMemory()}
	g := idem.NewGuard(db.store, idem.WithGuarantee(idem.AtLeastOnce))
	tx := &ledgerTx{db: db}
	start := func(context.Context) (idem.Transaction, error) { return tx, nil }
	func() {
		defer func() {
			if recover() != "broken" {
				t.Error("the panic is lost")
			}
		}()
		_, _ = idem.DoIn(t.Context(), g, charge("key"), start, func(context.Context) (int, error) {
			tx.effects++
			panic("broken")
		})
	}()
	if tx.effects != 0 {
		t.Error("the panic did not roll back")
	}
	if _, err := idem.DoIn(t.Context(), g, charge("key"), start, func(context.Context) (int, error) { return 1, nil }); err != nil {
		t.Errorf("the key is not free: %v", err)
	}
}

func TestDoInWithoutTransactionRunsNothing(t *testing.T) {
	t.Parallel()
	g := idem.NewGuard(idem.NewMemory(), idem.WithGuarantee(idem.AtLeastOnce))
	for range 2 { // the second time because the key must be free again
		_, err := idem.DoIn(t.Context(), g, charge("key"),
			func(context.Context) (idem.Transaction, error) { return nil, errCut },
			func(context.Context) (int, error) { t.Error("fn runs"); return 0, nil })
		if !errors.Is(err, errCut) {
			t.Errorf("error = %v, want that of start", err)
		}
	}
}

// Another owner took over while this one slept: nothing of it remains, and it says so.
func TestCompleteInAfterTakeOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		db := &ledger{store: idem.NewMemory()}
		id := testID(t)
		old, err := db.store.Claim(t.Context(), idem.ClaimRequest{ID: id, Owner: idem.NewOwner(), Lease: time.Second, TTL: time.Hour})
		noError(t, err)
		time.Sleep(time.Second)
		g := idem.NewGuard(db.store, idem.WithGuarantee(idem.AtLeastOnce))
		next := acquire(t, g, id)

		var h idem.Held
		g.Hold(t.Context(), old.Claim, "key", &h)
		tx := &ledgerTx{db: db, effects: 1}
		if err := h.CompleteIn(tx, nil, []byte("old"), nil); !errors.Is(err, idem.ErrFenced) {
			t.Errorf("CompleteIn: %v, want ErrFenced", err)
		}
		if tx.effects != 0 || db.effects != 0 {
			t.Error("the effect of the owner that was overtaken remains")
		}
		if err := h.CompleteIn(tx, nil, nil, nil); !errors.Is(err, idem.ErrLost) {
			t.Errorf("second CompleteIn: %v, want ErrLost", err)
		}
		noError(t, next.CompleteIn(&ledgerTx{db: db, effects: 1}, nil, []byte("next"), nil))
		if db.effects != 1 {
			t.Errorf("%d effects, want 1", db.effects)
		}
	})
}

// When the store cannot say what became of the commit, nobody is told that it failed.
func TestCompleteInDoubt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newRemote()
		db := &ledger{store: s.store}
		g := idem.NewGuard(s, idem.WithGuarantee(idem.AtLeastOnce), idem.WithLease(lease))
		h := acquire(t, g, testID(t))
		s.set(on("release", func(context.Context) error { return errCut }), nil)
		tx := &ledgerTx{db: db, effects: 1, committing: func(commit func()) error { commit(); return context.DeadlineExceeded }}
		err := h.CompleteIn(tx, nil, []byte("record"), nil)
		if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, errCut) {
			t.Errorf("CompleteIn: %v, want both errors", err)
		}
		result, err := g.Claim(t.Context(), testID(t), nil)
		if err != nil || result.State != idem.Done || string(result.Record) != "record" {
			t.Errorf("a later claim = %+v, %v, want the record", result, err)
		}
	})
}

func TestDoInStartPanicFreesTheKey(t *testing.T) {
	t.Parallel()
	g := idem.NewGuard(idem.NewMemory(), idem.WithGuarantee(idem.AtLeastOnce))
	fn := func(context.Context) (int, error) { return 1, nil }
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic is lost")
			}
		}()
		_, _ = idem.DoIn(t.Context(), g, charge("key"), func(context.Context) (idem.Transaction, error) { panic("no database") }, fn)
	}()
	tx := &ledgerTx{db: &ledger{store: idem.NewMemory()}, completing: errCut}
	_, err := idem.DoIn(t.Context(), g, charge("key"), func(context.Context) (idem.Transaction, error) { return tx, nil }, fn)
	if !errors.Is(err, errCut) {
		t.Errorf("the next call: %v, want that it runs", err)
	}
}

// countedTx counts how often it is rolled back.
type countedTx struct {
	ledgerTx
	rollbacks int
}

func (tx *countedTx) Rollback(ctx context.Context) error {
	tx.rollbacks++
	return tx.ledgerTx.Rollback(ctx)
}

// Whatever becomes of the claim, the transaction is not left open.
func TestTransactionAlwaysEnds(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*idem.Held, idem.Transaction) error{
		"CompleteIn": func(h *idem.Held, tx idem.Transaction) error { return h.CompleteIn(tx, nil, nil, nil) },
		"ReleaseIn":  func(h *idem.Held, tx idem.Transaction) error { return h.ReleaseIn(tx, nil, nil) },
	} {
		t.Run(name+" of an ended claim", func(t *testing.T) {
			t.Parallel()
			h := acquire(t, idem.NewGuard(idem.NewMemory()), testID(t))
			noError(t, h.Abandon("test"))
			tx := new(countedTx)
			if err := end(h, tx); !errors.Is(err, idem.ErrLost) || tx.rollbacks != 1 {
				t.Errorf("%v after %d rollbacks, want ErrLost after 1", err, tx.rollbacks)
			}
		})
	}
	t.Run("Complete panics", func(t *testing.T) {
		t.Parallel()
		h := acquire(t, idem.NewGuard(idem.NewMemory()), testID(t))
		tx := new(countedTx) // of no database, so that Complete panics
		defer func() {
			if recover() == nil || tx.rollbacks != 1 {
				t.Errorf("%d rollbacks after a panic, want 1", tx.rollbacks)
			}
		}()
		_ = h.CompleteIn(tx, nil, nil, nil)
	})
}
