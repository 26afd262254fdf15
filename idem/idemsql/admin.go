package idemsql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"

	"github.com/goaroundhq/goaround/idem"
)

// Get implements [idem.Admin].
func (s *Store) Get(ctx context.Context, id idem.ID) (idem.Info, error) {
	var found idem.Info
	err := s.settle(ctx, "get", func() (err error) {
		found, err = readInfo(s.db.QueryRowContext(ctx, s.sql.get, id[:]))
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		return idem.Info{ID: id}, nil
	}
	return found, err
}

func readInfo(row interface{ Scan(...any) error }) (idem.Info, error) {
	var i idem.Info
	var id []byte
	var state string
	var fence, age, leaseLeft, expiresIn int64
	if err := row.Scan(&id, &state, &fence, &i.Attempt, &age, &leaseLeft, &expiresIn, &i.Size, &i.Reason); err != nil {
		return idem.Info{}, err
	}
	found, err := parseState(state)
	copy(i.ID[:], id)
	i.State, i.Fence = found, uint64(fence)
	i.Age, i.LeaseLeft, i.ExpiresIn = since(age), since(leaseLeft), since(expiresIn)
	return i, err
}

// Resolve implements [idem.Admin].
func (s *Store) Resolve(ctx context.Context, id idem.ID, r idem.Resolution) error {
	statement, args := s.sql.resolveAbsent, []any{id[:]}
	switch {
	case r.State == idem.Done && r.TTL > 0:
		statement, args = s.sql.resolveDone, append(args, bytes(r.Fingerprint), bytes(r.Record), micros(r.TTL))
	case r.State != idem.Absent:
		return fmt.Errorf("idemsql: cannot resolve to %v for %v", r.State, r.TTL)
	}
	return s.settle(ctx, "resolve", func() error {
		result, err := s.db.ExecContext(ctx, statement, args...)
		if err != nil {
			return err
		}
		if changed, err := result.RowsAffected(); err != nil || changed > 0 {
			return err
		}
		found, err := readInfo(s.db.QueryRowContext(ctx, s.sql.get, id[:]))
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return idem.ErrLost
		case err != nil:
			return err
		case found.State == idem.Unknown:
			return errAgain
		default:
			return idem.ErrResolve
		}
	})
}

// Purge implements [idem.Admin]. It waits for a transaction that has completed the claim.
func (s *Store) Purge(ctx context.Context, id idem.ID) error {
	return s.settle(ctx, "purge", func() error {
		_, err := s.db.ExecContext(ctx, s.sql.purge, id[:])
		return err
	})
}

// Scan implements [idem.Admin]. It reads a batch at a time and holds no connection while
// the caller looks at a record.
func (s *Store) Scan(ctx context.Context) iter.Seq2[idem.Info, error] {
	return func(yield func(idem.Info, error) bool) {
		last := []byte{} // no ID comes before it
		for {
			batch, err := s.scanAfter(ctx, last)
			if err != nil {
				yield(idem.Info{}, s.explain("scan", err))
				return
			}
			for _, info := range batch {
				if !yield(info, nil) {
					return
				}
			}
			if len(batch) == 0 {
				return
			}
			last = batch[len(batch)-1].ID[:]
		}
	}
}

func (s *Store) scanAfter(ctx context.Context, last []byte) (batch []idem.Info, err error) {
	rows, err := s.db.QueryContext(ctx, s.sql.scan, last)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		info, err := readInfo(rows)
		if err != nil {
			return nil, err
		}
		batch = append(batch, info)
	}
	return batch, rows.Err()
}
