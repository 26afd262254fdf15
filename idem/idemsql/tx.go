package idemsql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/goaroundhq/goaround/idem"
)

// BeginTx begins a transaction in the store's database for an operation, and returns with
// it what records the operation's end in it and ends it; nothing else may. ctx bounds the
// wait for a connection, but not the transaction: sql.Tx would roll back by itself when
// ctx ends, and look like one that the operation has ended.
//
// [idem.Held.CompleteIn] uses it, and so do [Do] and the server package.
func (s *Store) BeginTx(ctx context.Context, opts *sql.TxOptions) (*sql.Tx, idem.Transaction, error) {
	lasting, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, cancel)
	tx, err := s.db.BeginTx(lasting, opts)
	if !stop() {
		if err == nil {
			err = tx.Rollback()
		}
		err = errors.Join(context.Cause(ctx), err)
	}
	if err != nil {
		cancel()
		return nil, nil, fmt.Errorf("idemsql: begin: %w", err)
	}
	return tx, &transaction{store: s, tx: tx, cancel: cancel}, nil
}

// transaction implements [idem.Transaction].
type transaction struct {
	store  *Store
	tx     *sql.Tx
	cancel context.CancelFunc
}

// Complete makes the record Done as part of the transaction. Until that ends, the row of
// the claim is locked, and others who would change it wait.
//
// Unlike [Store.Complete] it insists on the claim, because what has not been committed need
// not be kept: ErrFenced when another owner has the record, and ErrLost when it is done or
// gone, which happens when it was resolved or purged, or when its lifetime ended before the
// operation did.
func (t *transaction) Complete(ctx context.Context, c idem.Claim, fingerprint, record []byte, ttl time.Duration) error {
	return ended(t.store.completeTx(ctx, t.tx, c, fingerprint, record, ttl))
}

// Commit gives up when ctx ends, which is not to say that nothing is committed.
func (t *transaction) Commit(ctx context.Context) error {
	defer t.cancel()
	defer context.AfterFunc(ctx, t.cancel)()
	return t.tx.Commit()
}

// Rollback implements [idem.Transaction].
func (t *transaction) Rollback() error {
	defer t.cancel()
	return ended(t.tx.Rollback())
}

// ended tells a transaction that its operation has ended from one that failed.
func ended(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return errors.Join(idem.ErrTxEnded, err)
	}
	return err
}

func (s *Store) completeTx(ctx context.Context, tx *sql.Tx, c idem.Claim, fingerprint, record []byte, ttl time.Duration) error {
	if ttl <= 0 {
		return fmt.Errorf("idemsql: complete with TTL %v: must be positive", ttl)
	}
	args := []any{c.ID[:], c.Owner[:], bytes(fingerprint), bytes(record), micros(ttl)}
	err := s.step(ctx, tx, c, func(found idem.State) error {
		if found == idem.Done || found == idem.Absent {
			return idem.ErrLost
		}
		return errAgain
	}, s.sql.completeOwn, args)
	switch {
	case err == nil, errors.Is(err, idem.ErrFenced), errors.Is(err, idem.ErrLost):
		return err
	default:
		return s.explain("complete in a transaction", err)
	}
}
