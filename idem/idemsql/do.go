package idemsql

import (
	"context"
	"database/sql"

	"github.com/goaroundhq/goaround/idem"
)

// Do runs fn exactly once for the operation's key, as long as all of its effect is in tx:
// the effect and the result are committed together. It is [idem.DoIn] for this store,
// which must be that of the guard; a guard with [idem.AtLeastOnce] lets the next call run
// what a process left behind that died.
//
// An error or a panic of fn rolls back and frees the key, except that an [idem.Final]
// error is kept as the result. tx is not for fn to end: after its own Commit or Rollback
// the operation counts as done, without a result, and Do returns an error that matches
// [idem.ErrTxEnded].
//
// The context of fn ends with the caller's and when the claim is lost; tx lasts until fn
// returns. It has the database's default isolation.
func Do[T any](ctx context.Context, s *Store, g *idem.Guard, op idem.Operation, fn func(ctx context.Context, tx *sql.Tx) (T, error)) (T, error) {
	var tx *sql.Tx
	start := func(ctx context.Context) (t idem.Transaction, err error) {
		tx, t, err = s.BeginTx(ctx, nil)
		return t, err
	}
	return idem.DoIn(ctx, g, op, start, func(ctx context.Context) (T, error) { return fn(ctx, tx) })
}
