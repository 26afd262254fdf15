package idemcache

import (
	"context"
	"errors"
	"time"

	"github.com/goaroundhq/goaround/idem"
)

// Claim implements [idem.Store]. It asks the inner store only when the record is not at
// hand, nobody else in this process holds the claim, and nobody is asking for it already.
func (s *Store) Claim(ctx context.Context, r idem.ClaimRequest) (idem.ClaimResult, error) {
	sh := s.shard(r.ID)
	var last *question
	for came := sh.questions(); ; {
		if err := ctx.Err(); err != nil {
			return idem.ClaimResult{}, err
		}
		if result, ok := s.Recall(r.ID); ok {
			return result, nil
		}
		result, q, mine := sh.look(r, last)
		switch {
		case q == nil:
			return result, nil
		case mine:
			return s.ask(ctx, sh, q, r)
		}
		select {
		case <-q.answered:
		case <-ctx.Done():
			return idem.ClaimResult{}, ctx.Err()
		}
		// An answer is good for those who came before the question.
		if q.number > came && q.answers(r) {
			return q.answer(), q.err
		}
		last = q
	}
}

// question is a claim that is at the store. What its answer is made of is written before
// answered is closed, and read after.
type question struct {
	number   uint64
	purges   uint64 // of the shard when it was asked
	asked    time.Time
	lease    time.Duration
	answered chan struct{}
	result   idem.ClaimResult
	err      error
	gaveUp   bool // the one who asked

	next *question // of those to whom this one was no answer; guarded by the shard
}

// errNoAnswer is what a store says that panics.
var errNoAnswer = errors.New("idemcache: store gave no answer")

// ask asks the inner store for all who wait for q.
func (s *Store) ask(ctx context.Context, sh *shard, q *question, r idem.ClaimRequest) (idem.ClaimResult, error) {
	q.asked, q.lease, q.err = time.Now(), r.Lease, errNoAnswer
	defer func() { sh.answer(q, r) }()
	q.result, q.err = s.inner.Claim(ctx, r)
	q.gaveUp = q.err != nil && ctx.Err() != nil
	if q.err == nil && q.result.State == idem.Done && q.result.Unreadable == nil {
		sh.unlessPurged(q.purges, func() {
			s.keep(r.ID, q.result.Fingerprint, q.result.Record, q.result.Age, r.TTL)
		})
	}
	return q.result, q.err
}

// answers reports whether the answer to one claim is an answer to another as well. Unknown
// is none to one who would take over, and what cut short the one who asked need not
// concern the others.
func (q *question) answers(r idem.ClaimRequest) bool {
	if q.err != nil {
		return !q.gaveUp
	}
	switch q.result.State {
	case idem.Done, idem.Pending:
		return true
	case idem.Acquired:
		return q.result.Claim.Owner != r.Owner && time.Until(q.asked.Add(q.lease)) > 0
	case idem.Unknown:
		return !r.TakeOver
	default:
		return false
	}
}

// answer is the answer for another owner: what one acquired is pending for the others.
func (q *question) answer() idem.ClaimResult {
	if q.err != nil || q.result.State != idem.Acquired {
		return q.result
	}
	age := time.Since(q.asked)
	return idem.ClaimResult{State: idem.Pending, Fingerprint: q.result.Fingerprint, Age: age, LeaseLeft: max(q.lease-age, 0)}
}
