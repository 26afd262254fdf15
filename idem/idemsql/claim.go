package idemsql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/goaroundhq/goaround/idem"
)

// Claim implements [idem.Store].
func (s *Store) Claim(ctx context.Context, r idem.ClaimRequest) (idem.ClaimResult, error) {
	if r.Lease <= 0 || r.TTL <= 0 {
		return idem.ClaimResult{}, fmt.Errorf("idemsql: claim with lease %v and TTL %v: both must be positive", r.Lease, r.TTL)
	}
	args := []any{r.ID[:], r.Owner[:], bytes(r.Fingerprint), micros(r.Lease), micros(r.TTL), r.TakeOver}
	var result idem.ClaimResult
	err := s.settle(ctx, "claim", func() error {
		for _, statement := range s.sql.claim {
			err := readClaim(s.db.QueryRowContext(ctx, statement, args...), r, &result)
			if !errors.Is(err, sql.ErrNoRows) {
				return err
			}
		}
		return errAgain
	})
	if err != nil {
		return idem.ClaimResult{}, err
	}
	return result, nil
}

// readClaim reads what a statement of a claim found.
func readClaim(row *sql.Row, r idem.ClaimRequest, result *idem.ClaimResult) error {
	var state string
	var fence, age, leaseLeft int64
	var attempt uint32
	var fingerprint, record []byte
	if err := row.Scan(&state, &fence, &attempt, &fingerprint, &record, &age, &leaseLeft); err != nil {
		return err
	}
	if state == "acquired" {
		c := idem.Claim{ID: r.ID, Owner: r.Owner, Fence: uint64(fence), Attempt: attempt}
		*result = idem.ClaimResult{State: idem.Acquired, Claim: c, Fingerprint: fingerprint}
		return nil
	}
	found, err := parseState(state)
	*result = idem.ClaimResult{State: found, Fingerprint: fingerprint, Record: record, Age: since(age)}
	if found == idem.Pending {
		result.LeaseLeft = since(leaseLeft)
	}
	return err
}

// parseState refuses what this version does not know: a record is there, and must not
// read as none.
func parseState(state string) (idem.State, error) {
	switch state {
	case "pending":
		return idem.Pending, nil
	case "done":
		return idem.Done, nil
	case "unknown":
		return idem.Unknown, nil
	default:
		return idem.Absent, fmt.Errorf("record in state %q, which a later version wrote", state)
	}
}

// forever is as long as anything lasts, and far from overflow.
const forever = 100 * 365 * 24 * time.Hour

// micros is d in the unit of the table, at least one.
func micros(d time.Duration) int64 { return max(min(d, forever).Microseconds(), 1) }

// since is a time that has passed, or is left, by a clock that may have stepped.
func since(micros int64) time.Duration {
	return time.Duration(min(max(micros, 0), math.MaxInt64/1000)) * time.Microsecond
}

// bytes is b for a column that is never null.
func bytes(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
