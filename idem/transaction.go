package idem

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrTxEnded: an operation ended the transaction that its guard was to commit. Whether it
// had its effect cannot be told, so it counts as done.
var ErrTxEnded = errors.New("idem: operation ended its transaction itself")

// Transaction is a transaction in the database that a [Store] lives in: what an operation
// changes in it and the record that says so become visible together, or not at all. Of
// its methods Complete is called first, then one of the others.
type Transaction interface {
	// Complete makes the record Done within the transaction, as [Store.Complete] does.
	// The claim's row stays locked until the transaction ends. ErrTxEnded when there is
	// no transaction any more.
	Complete(ctx context.Context, c Claim, fingerprint, record []byte, ttl time.Duration) error
	// Commit commits. After an error it may have done so all the same.
	Commit(ctx context.Context) error
	// Rollback undoes everything. ErrTxEnded as above.
	Rollback() error
}

// CompleteIn is [Held.Complete] within tx, which it ends. After nil both the effect and
// the record are there. After any other error they are not, or it cannot be told now; the
// claim is free again, or will be when its lease is over, and a later claim of the same ID
// finds out: it gets the record when the transaction was committed. ErrFenced or ErrLost
// mean that another owner took the claim over before; nothing of this run remains. After
// ErrTxEnded the operation counts as done, with the record short.
func (h *Held) CompleteIn(tx Transaction, fingerprint, record, short []byte) error {
	return h.once(Completed, func() error {
		err := h.commit(tx, fingerprint, record)
		return h.unlessEnded(err, fingerprint, short)
	})
}

// ReleaseIn rolls tx back and is then [Held.Release]. After ErrTxEnded the operation
// counts as done, with the record short.
func (h *Held) ReleaseIn(tx Transaction, fingerprint, short []byte) error {
	return h.once(Released, func() error {
		err := tx.Rollback()
		if !errors.Is(err, ErrTxEnded) {
			err = h.guard.tell(&h.ctx, h.release)
		}
		return h.unlessEnded(err, fingerprint, short)
	})
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
	err := tx.Complete(ctx, h.ctx.claim, fingerprint, record, h.guard.ttl)
	switch {
	case errors.Is(err, ErrTxEnded):
		return err
	case err != nil:
		err = errors.Join(err, tx.Rollback())
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
