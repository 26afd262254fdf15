package idemseal

import (
	"context"
	"database/sql"
	"time"

	"github.com/goaroundhq/goaround/idem"
)

// SQLStore is what [NewTx] seals: a store that can record in its user's transaction, as
// that of package idemsql.
type SQLStore interface {
	idem.Store
	BeginTx(ctx context.Context, opts *sql.TxOptions) (*sql.Tx, idem.Transaction, error)
}

// TxStore is a [Store] for transactional routes.
type TxStore struct {
	*Store
	sql SQLStore
}

// NewTx is [New] for a store that is used in transactions.
func NewTx(inner SQLStore, k Key, opts ...Option) *TxStore {
	return &TxStore{Store: New(inner, k, opts...), sql: inner}
}

// BeginTx begins a transaction in the inner store's database, in which records are sealed.
func (s *TxStore) BeginTx(ctx context.Context, opts *sql.TxOptions) (*sql.Tx, idem.Transaction, error) {
	tx, inner, err := s.sql.BeginTx(ctx, opts)
	if err != nil {
		return nil, nil, err
	}
	return tx, transaction{inner, &s.ring}, nil
}

// transaction seals what is recorded in another one.
type transaction struct {
	idem.Transaction
	ring *ring
}

func (t transaction) Complete(ctx context.Context, c idem.Claim, fingerprint, record []byte, ttl time.Duration) error {
	return t.Transaction.Complete(ctx, c, fingerprint, t.ring.seal(c.ID, fingerprint, record), ttl)
}
