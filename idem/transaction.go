package idem

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrTxEnded: the transaction that was to be committed had ended before, by the operation
// itself or by the database. Whether the operation had an effect cannot be told, so it
// counts as done.
var ErrTxEnded = errors.New("idem: transaction had ended before it was to be committed")

// Transaction is a transaction in the database that a [Store] lives in: what an operation
// changes in it and the record that says so become visible together, or not at all. Of
// its methods Complete is called first, then one of the others.
type Transaction interface {
	// Complete makes the record Done within the transaction, as Store.Complete does.
	// The claim's row stays locked until the transaction ends. ErrTxEnded when there is
	// no transaction any more.
	Complete(ctx context.Context, c Claim, fingerprint, record []byte, ttl time.Duration) error
	// Commit commits. After an error it may have done so all the same.
	Commit(ctx context.Context) error
	// Rollback undoes everything. ErrTxEnded as above.
	Rollback(ctx context.Context) error
}

// CompleteIn is [Held.Complete] within tx, which it ends. After nil both the effect and
// the record are there. After any other error they are not, or it cannot be told now; the
// claim is free again, or will be when its lease is over, and a later claim of the same ID
// finds out: it gets the record when the transaction was committed. ErrFenced or ErrLost
// mean that another owner took the claim over before; nothing of this run remains. After
// ErrTxEnded the operation counts as done, with the record short.
func (h *Held) CompleteIn(tx Transaction, fingerprint, record, short []byte) error {
	return h.endIn(tx, Completed, func() error {
		err := h.commit(tx, fingerprint, record)
		return h.unlessEnded(err, fingerprint, short)
	})
}

// ReleaseIn rolls tx back and is then [Held.Release]. After ErrTxEnded the operation
// counts as done, with the record short.
func (h *Held) ReleaseIn(tx Transaction, fingerprint, short []byte) error {
	return h.endIn(tx, Released, func() error {
		err := h.Rollback(tx)
		if !errors.Is(err, ErrTxEnded) {
			err = h.guard.tell(&h.ctx, h.release)
		}
		return h.unlessEnded(err, fingerprint, short)
	})
}

// endIn ends the claim by what also ends tx. When that does not come to its end, because
// the claim has ended before or by a panic, tx is rolled back.
func (h *Held) endIn(tx Transaction, how Ending, ends func() error) error {
	over := false
	defer func() {
		if !over {
			_ = h.Rollback(tx)
		}
	}()
	return h.once(how, func() error {
		err := ends()
		over = true
		return err
	})
}

// Rollback rolls tx back in a bounded time, whoever has gone. One of the ending methods must
// follow; after ErrTxEnded that is Complete.
func (h *Held) Rollback(tx Transaction) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(&h.ctx), h.guard.finish)
	defer cancel()
	return tx.Rollback(ctx)
}

// unlessEnded passes err on, and makes the record final when there is no telling what the
// operation has committed.
func (h *Held) unlessEnded(err error, fingerprint, short []byte) error {
	if !errors.Is(err, ErrTxEnded) {
		return err
	}
	return errors.Join(err, h.guard.tell(&h.ctx, func(ctx context.Context) error {
		return h.complete(ctx, fingerprint, short, short)
	}))
}

func (h *Held) commit(tx Transaction, fingerprint, record []byte) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(&h.ctx), h.guard.finish)
	defer cancel()
	began := h.guard.asks()
	err := tx.Complete(ctx, h.ctx.claim, fingerprint, record, h.guard.ttl)
	h.guard.asked(&h.ctx, StoreComplete, began, err)
	switch {
	case errors.Is(err, ErrTxEnded):
		return err
	case err != nil:
		_ = h.Rollback(tx) // or it ends with its connection
	default:
		if err = tx.Commit(ctx); err == nil {
			return nil
		}
	}
	return h.decide(err)
}

// decide finds out what became of a transaction that failed with err. The store's answer
// to a release is the truth, because the release waits for the lock on the claim's row,
// which the transaction has until it is over.
func (h *Held) decide(err error) error {
	released := h.guard.tell(&h.ctx, h.release)
	switch {
	case released == nil:
		return fmt.Errorf("idem: transaction was not committed: %w", err)
	case errors.Is(released, ErrFenced):
		return fmt.Errorf("idem: transaction was not committed: %w", errors.Join(ErrFenced, err))
	case final(err): // the claim was gone before
		return fmt.Errorf("idem: transaction was not committed: %w", err)
	case errors.Is(released, ErrLost): // ours, and no longer pending
		return nil
	default:
		return fmt.Errorf("idem: transaction is in doubt: %w", errors.Join(err, released))
	}
}
