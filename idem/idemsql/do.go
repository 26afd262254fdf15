package idemsql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/goaroundhq/goaround/idem"
)

// TxStore is a store that can record an operation in the operation's own transaction: a
// [Store], or one that wraps it and seals what it records. Package server has the same
// interface under the same name for its transactional routes: a store that has one has both.
type TxStore interface {
	idem.Store
	// BeginTx does what Store.BeginTx does.
	BeginTx(ctx context.Context, opts *sql.TxOptions) (*sql.Tx, idem.Transaction, error)
}

var _ TxStore = (*Store)(nil)

// Do runs fn exactly once for the operation's key, as long as all of its effect is in tx:
// the effect and the result are committed together. It is [idem.DoIn] for a guard whose
// store is a [TxStore]; others fail with errors.ErrUnsupported. A guard with
// [idem.AtLeastOnce] lets the next call run what a process left behind that died.
//
// An error or a panic of fn rolls back and frees the key, except that an [idem.Final]
// error is kept as the result. tx is not for fn to end: after its own Commit or Rollback
// the operation counts as done, without a result, and Do returns an error that matches
// [idem.ErrTxEnded].
//
// The context of fn ends with the caller's and when the claim is lost; tx lasts until fn
// returns. It has the database's default isolation.
func Do[T any](ctx context.Context, g *idem.Guard, op idem.Operation, fn func(ctx context.Context, tx *sql.Tx) (T, error)) (T, error) {
	store, ok := g.Store().(TxStore)
	if !ok {
		var none T
		return none, fmt.Errorf("idemsql: %T has no transactions: %w", g.Store(), errors.ErrUnsupported)
	}
	var tx *sql.Tx
	start := func(ctx context.Context) (t idem.Transaction, err error) {
		tx, t, err = store.BeginTx(ctx, nil)
		return t, err
	}
	return idem.DoIn(ctx, g, op, start, func(ctx context.Context) (T, error) { return fn(ctx, tx) })
}
