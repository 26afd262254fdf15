package idem

import (
	"context"
	"errors"
	"fmt"
)

// DoIn is [Do] for an operation whose whole effect is in one transaction: it happens
// exactly once for the key. start begins the transaction, fn works in it, and DoIn
// commits it together with the record of the result. When fn fails or panics everything
// is rolled back and the key is free again, except that a [Final] error is kept, without
// the effect. Where the process dies in between, the next call runs fn: use a guard with
// [AtLeastOnce], which is safe here because what did not commit did not happen. What fn
// does outside of the transaction may be done again.
//
// Besides the errors of Do it returns those of start and of the transaction; after the
// latter, ask again with the same key.
func DoIn[T any](ctx context.Context, g *Guard, op Operation, start func(context.Context) (Transaction, error), fn func(context.Context) (T, error)) (T, error) {
	var value T
	var h Held
	fingerprint, err := begin(ctx, g, &op, &h, &value)
	if err != nil || h.guard == nil {
		return value, err
	}
	tx, err := start(h.Context())
	if err != nil {
		_ = h.Release()
		return value, fmt.Errorf("idem: begin transaction of %s: %w", op.Name, err)
	}
	return runIn(&h, fingerprint, tx, fn)
}

func runIn[T any](h *Held, fingerprint []byte, tx Transaction, fn func(context.Context) (T, error)) (value T, err error) {
	ended := false
	defer func() {
		if !ended { // a panic or runtime.Goexit goes its way
			_ = h.ReleaseIn(tx, fingerprint, notStored)
		}
	}()
	value, err = fn(h.Context())
	ended = true
	if err != nil {
		return value, endIn(h, fingerprint, tx, err)
	}
	record, err := EncodeResult(value)
	if err != nil {
		return value, errors.Join(err, h.ReleaseIn(tx, fingerprint, notStored))
	}
	if err := h.CompleteIn(tx, fingerprint, record, notStored); err != nil {
		var none T
		return none, err
	}
	return value, nil
}

// endIn ends the claim of an operation that failed and took its effect back. A claim that
// could not be released is free when its lease is over; that the operation ended its
// transaction itself is a mistake that must be seen.
func endIn(h *Held, fingerprint []byte, tx Transaction, err error) error {
	var told error
	var final *FinalError
	kept := errors.As(err, &final) && !final.spent
	if kept {
		if told = tx.Rollback(); errors.Is(told, ErrTxEnded) {
			_ = h.Complete(fingerprint, notStored, notStored)
		} else {
			_ = h.Complete(fingerprint, final.record(), notStored)
		}
		err = spentError{err}
	} else {
		told = h.ReleaseIn(tx, fingerprint, notStored)
	}
	if errors.Is(told, ErrTxEnded) {
		return errors.Join(err, told)
	}
	return err
}
