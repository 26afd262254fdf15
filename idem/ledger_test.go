package idem_test

import (
	"context"
	"time"

	"github.com/goaroundhq/goaround/idem"
)

// ledger is a database of one number that stands in for a real one where a real one
// cannot be made to fail at the right moment.
type ledger struct {
	store   *idem.Memory
	effects int
}

// ledgerTx is a transaction in it. The store is another one, so what it commits it tells
// the store in one go.
type ledgerTx struct {
	db      *ledger
	effects int
	record  func() error // what Complete has to say when the commit is there
	ended   bool
	// completing and committing fail in the given way.
	completing error
	committing func(commit func()) error
}

func (tx *ledgerTx) Complete(ctx context.Context, c idem.Claim, fp, rec []byte, ttl time.Duration) error {
	if tx.ended {
		return idem.ErrTxEnded
	}
	if tx.completing != nil {
		return tx.completing
	}
	info, err := tx.db.store.Get(ctx, c.ID)
	if err != nil {
		return err
	}
	if info.Fence != c.Fence {
		return idem.ErrFenced
	}
	tx.record = func() error { return tx.db.store.Complete(ctx, c, fp, rec, ttl) }
	return nil
}

func (tx *ledgerTx) Commit(context.Context) error {
	commit := func() {
		tx.db.effects += tx.effects
		if err := tx.record(); err != nil {
			panic(err)
		}
	}
	if tx.committing != nil {
		return tx.committing(commit)
	}
	commit()
	return nil
}

func (tx *ledgerTx) Rollback(context.Context) error {
	if tx.ended {
		return idem.ErrTxEnded
	}
	tx.effects = 0
	return nil
}

func charge(key string) idem.Operation {
	return idem.Operation{Name: "charge", Scope: "customer", Key: key, Params: map[string]int{"amount": 5}}
}
