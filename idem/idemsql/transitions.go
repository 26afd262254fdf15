package idemsql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/goaroundhq/goaround/idem"
)

// Extend implements [idem.Store].
func (s *Store) Extend(ctx context.Context, c idem.Claim, lease time.Duration) error {
	return s.transition(ctx, "extend", c, func(found idem.State) error {
		if found == idem.Pending {
			return errAgain
		}
		return idem.ErrLost
	}, s.sql.extend, micros(lease))
}

// Complete implements [idem.Store].
func (s *Store) Complete(ctx context.Context, c idem.Claim, fingerprint, record []byte, ttl time.Duration) error {
	if ttl <= 0 {
		return fmt.Errorf("idemsql: complete with TTL %v: must be positive", ttl)
	}
	return s.transition(ctx, "complete", c, func(found idem.State) error {
		if found == idem.Done {
			return nil
		}
		return errAgain
	}, s.sql.complete, int64(min(c.Fence, math.MaxInt64)), int64(c.Attempt), bytes(fingerprint), bytes(record), micros(ttl))
}

// Release implements [idem.Store]. While a transaction that completed the claim has not
// ended, it waits for its end, within ctx.
func (s *Store) Release(ctx context.Context, c idem.Claim) error {
	return s.transition(ctx, "release", c, func(found idem.State) error {
		switch found {
		case idem.Absent:
			return nil
		case idem.Pending:
			return errAgain
		default:
			return idem.ErrLost
		}
	}, s.sql.release)
}

// Abandon implements [idem.Store]. Of the reason it keeps what is valid UTF-8 in the first
// 128 bytes, without NUL.
func (s *Store) Abandon(ctx context.Context, c idem.Claim, reason string) error {
	reason = reason[:min(len(reason), idem.MaxReason)]
	reason = strings.ReplaceAll(strings.ToValidUTF8(reason, ""), "\x00", "") // which text cannot hold
	return s.transition(ctx, "abandon", c, func(found idem.State) error {
		switch found {
		case idem.Unknown:
			return nil
		case idem.Pending:
			return errAgain
		default:
			return idem.ErrLost
		}
	}, s.sql.abandon, reason)
}

// verdict says what it means that a step changed nothing although the row is not another
// owner's; errAgain when it should have, so that the row was another one a moment before.
type verdict func(found idem.State) error

// transition changes the row of a claim, in one statement. Only when that changed nothing
// there is a second one, which finds out why.
func (s *Store) transition(ctx context.Context, what string, c idem.Claim, judge verdict, statement string, args ...any) error {
	args = append([]any{c.ID[:], c.Owner[:]}, args...)
	return s.settle(ctx, what, func() error { return s.step(ctx, s.db, c, judge, statement, args) })
}

// conn is a database or a transaction in it.
type conn interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func (s *Store) step(ctx context.Context, db conn, c idem.Claim, judge verdict, statement string, args []any) error {
	result, err := db.ExecContext(ctx, statement, args...)
	if err != nil {
		return err
	}
	if changed, err := result.RowsAffected(); err != nil || changed > 0 {
		return err
	}
	var state string
	var own bool
	err = db.QueryRowContext(ctx, s.sql.judge, c.ID[:], c.Owner[:]).Scan(&state, &own)
	if errors.Is(err, sql.ErrNoRows) {
		return judge(idem.Absent)
	}
	if err != nil {
		return err
	}
	if !own {
		return idem.ErrFenced
	}
	found, err := parseState(state)
	if err != nil {
		return err
	}
	return judge(found)
}
