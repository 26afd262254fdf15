package server

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"

	"github.com/goaroundhq/goaround/idem"
)

// TxStore is a store that lives in an SQL database and can record a response in the
// transaction of its handler. Package idemsql has one, and the same interface under the
// same name for operations without HTTP: a store that has one of them has both.
type TxStore interface {
	idem.Store
	// BeginTx starts a transaction in the store's database, and returns with it what
	// completes a claim in it and ends it. ctx bounds the wait for a connection, and not
	// the transaction.
	BeginTx(ctx context.Context, opts *sql.TxOptions) (*sql.Tx, idem.Transaction, error)
}

// ErrNoTransaction: the context does not belong to a guarded request of a transactional
// route.
var ErrNoTransaction = errors.New("server: no transactional request")

// WithTransactions makes the route transactional: what the handler changes through [Tx]
// and the record of its response are committed together, before the response is sent.
// Each key has its effect exactly once, because a run that did not commit, whether it
// failed or its process died, did nothing and is run again. opts is for the transactions,
// nil for the database's defaults.
//
// Only a response below 400 commits. 4xx undoes what the handler changed and is kept as
// the response; 5xx, the statuses of [WithNothingHappened], a panic, [NothingHappened] and
// [OutcomeUnknown] undo it, and the next attempt runs. A commit that fails is answered with
// 503 store-unavailable, and the next attempt learns the truth.
//
// The whole response is held back in memory: Flush and 1xx responses do nothing, and Hijack
// is refused. What the handler does outside of the transaction may be done again; for calls
// to other services there is [idem.DownstreamKey]. The option implies [WithRequired] and
// [idem.AtLeastOnce]. [New] panics when the store is no [TxStore], and for the combination
// with [WithFailOpen] or [WithRecover].
func WithTransactions(opts *sql.TxOptions) Option {
	return func(c *config) { c.tx = &txConfig{opts: opts} }
}

// Tx returns the transaction of the request that ctx belongs to, and begins it when it is
// asked for the first time. It fails with [ErrNoTransaction], or because the database does.
//
// The transaction is not the handler's to end: calling its Commit or Rollback, deferred or
// not, leaves unknown what happened, so the client gets 500 and the request is never run
// again; statements that say ROLLBACK or COMMIT are worse, because nobody sees them. It
// goes on when the client leaves. When the handler returns, rows must be closed and no
// goroutine may use the transaction any more, because the commit waits for them.
func Tx(ctx context.Context) (*sql.Tx, error) {
	r := runFrom(ctx)
	if r == nil || r.tx == nil {
		return nil, ErrNoTransaction
	}
	return r.tx.begin()
}

// txConfig is what all transactions of a route share.
type txConfig struct {
	store TxStore
	opts  *sql.TxOptions
}

func (c *config) forTransactions(store idem.Store) {
	s, ok := store.(TxStore)
	switch {
	case !ok:
		panic(fmt.Sprintf("server: WithTransactions needs a store that is a TxStore, not %T", store))
	case c.failOpen:
		panic("server: WithFailOpen and WithTransactions contradict each other")
	case c.recover != nil:
		panic("server: WithRecover and WithTransactions contradict each other")
	}
	c.tx.store = s
	c.required = true
	c.claims = append(c.claims, idem.WithGuarantee(idem.AtLeastOnce))
}

// transaction is that of one run. It begins when the handler asks for it; only then can it
// be completed.
type transaction struct {
	*txConfig
	parent context.Context

	mu               sync.Mutex
	tx               *sql.Tx // nil until begun
	idem.Transaction         // of tx, likewise
	frozen           bool    // the handler has returned
}

func (c *txConfig) transaction(parent context.Context) *transaction {
	return &transaction{txConfig: c, parent: parent}
}

func (t *transaction) begin() (*sql.Tx, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.frozen {
		return nil, sql.ErrTxDone
	}
	if t.tx == nil {
		tx, end, err := t.store.BeginTx(t.parent, t.opts)
		if err != nil {
			return nil, fmt.Errorf("server: begin transaction: %w", err)
		}
		t.tx, t.Transaction = tx, end
	}
	return t.tx, nil
}

func (t *transaction) freeze() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.frozen = true
}

// begun is for after freeze, like what follows.
func (t *transaction) begun() bool { return t.tx != nil }

// Rollback does nothing when nothing was begun.
func (t *transaction) Rollback(ctx context.Context) error {
	if !t.begun() {
		return nil
	}
	return t.Transaction.Rollback(ctx)
}
