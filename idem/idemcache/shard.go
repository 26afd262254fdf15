package idemcache

import (
	"sync"
	"time"

	"github.com/goaroundhq/goaround/idem"
)

const (
	shards = 32
	// minSweep claims of a shard are few enough not to be looked through.
	minSweep = 64
)

// shard is a part of what the process knows of operations that are not done.
type shard struct {
	mu     sync.Mutex
	asking map[idem.ID]*question
	held   map[idem.ID]*holding
	number uint64 // of the last question
	purges uint64 // and resolutions, after which an answer under way may be wrong
	sweep  int    // so many holdings are looked through for lapsed ones
}

// holding is a claim that somebody in this process holds.
type holding struct {
	claim       idem.Claim
	fingerprint []byte
	since       time.Time
	lapses      time.Time     // when the lease ends, unless it is renewed
	over        chan struct{} // closed when the claim is, or may be
}

func (s *Store) shard(id idem.ID) *shard { return &s.shards[id[0]%shards] }

func (sh *shard) init() {
	sh.asking, sh.held, sh.sweep = make(map[idem.ID]*question), make(map[idem.ID]*holding), minSweep
}

// questions returns the number of the last one.
func (sh *shard) questions() uint64 {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	return sh.number
}

// look returns what is known without asking or, with q, the question to wait for; mine
// tells that it is the caller's to ask. last is the question that the caller has waited
// for in vain, if any: those who have need not ask one by one.
func (sh *shard) look(r idem.ClaimRequest, last *question) (result idem.ClaimResult, q *question, mine bool) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	now := time.Now()
	if h := sh.holding(r.ID, now); h != nil && h.claim.Owner != r.Owner {
		return idem.ClaimResult{
			State: idem.Pending, Fingerprint: h.fingerprint, Age: now.Sub(h.since), LeaseLeft: h.lapses.Sub(now),
		}, nil, false
	}
	if last != nil && last.next != nil {
		return idem.ClaimResult{}, last.next, false
	}
	q, asked := sh.asking[r.ID]
	if !asked {
		sh.number++
		q = &question{number: sh.number, purges: sh.purges, answered: make(chan struct{})}
		sh.asking[r.ID] = q
	}
	if last != nil {
		last.next = q
	}
	return idem.ClaimResult{}, q, !asked
}

// holding returns the live one of id, nil when there is none.
func (sh *shard) holding(id idem.ID, now time.Time) *holding {
	h := sh.held[id]
	if h != nil && !h.lapses.After(now) {
		sh.drop(h)
		return nil
	}
	return h
}

func (sh *shard) drop(h *holding) {
	delete(sh.held, h.claim.ID)
	close(h.over)
}

// answer ends a question.
func (sh *shard) answer(q *question, r idem.ClaimRequest) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if q.err == nil && q.result.State == idem.Acquired {
		sh.hold(q.result, r, q.asked)
	}
	delete(sh.asking, r.ID)
	close(q.answered)
}

func (sh *shard) hold(result idem.ClaimResult, r idem.ClaimRequest, asked time.Time) {
	if h := sh.held[r.ID]; h != nil {
		sh.drop(h)
	}
	if len(sh.held) >= sh.sweep {
		now := time.Now()
		for _, h := range sh.held { // claims that nobody ended
			sh.holding(h.claim.ID, now)
		}
		sh.sweep = max(minSweep, 2*len(sh.held))
	}
	sh.held[r.ID] = &holding{
		claim: result.Claim, fingerprint: result.Fingerprint,
		since: asked, lapses: asked.Add(r.Lease), over: make(chan struct{}),
	}
}

// renew notes a lease that ends at the given time.
func (sh *shard) renew(c idem.Claim, lapses time.Time) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if h := sh.held[c.ID]; h != nil && h.claim.Owner == c.Owner && lapses.After(h.lapses) {
		h.lapses = lapses
	}
}

// end is for a claim that is over. It runs keep, unless that is nil, when the claim was held
// here until now and its lease runs: otherwise another record may be there, and stays.
func (sh *shard) end(c idem.Claim, keep func()) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	h := sh.holding(c.ID, time.Now())
	if h == nil || h.claim.Owner != c.Owner {
		return
	}
	if keep != nil {
		keep()
	}
	sh.drop(h)
}

// purged is for a record that an operator has ended.
func (sh *shard) purged(id idem.ID) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sh.purges++
	if h := sh.held[id]; h != nil {
		sh.drop(h)
	}
}

// unlessPurged runs keep when nothing was purged since.
func (sh *shard) unlessPurged(since uint64, keep func()) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if sh.purges == since {
		keep()
	}
}

// over returns what is closed when the claim that is held here is over, and how long its
// lease runs; nil when none is held.
func (sh *shard) over(id idem.ID) (<-chan struct{}, time.Duration) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	now := time.Now()
	if h := sh.holding(id, now); h != nil {
		return h.over, h.lapses.Sub(now)
	}
	return nil, 0
}
