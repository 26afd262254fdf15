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
	if h := sh.holding(r.ID); h != nil && h.claim.Owner != r.Owner {
		now := time.Now()
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
		q = &question{number: sh.number, takeOver: r.TakeOver, answered: make(chan struct{})}
		sh.asking[r.ID] = q
	}
	if last != nil {
		last.next = q
	}
	return idem.ClaimResult{}, q, !asked
}

// holding returns the live one of id, nil when there is none.
func (sh *shard) holding(id idem.ID) *holding {
	h := sh.held[id]
	if h != nil && !h.lapses.After(time.Now()) {
		sh.drop(h)
		return nil
	}
	return h
}

func (sh *shard) drop(h *holding) {
	delete(sh.held, h.claim.ID)
	close(h.over)
}

// answer ends a question that was asked at the given time.
func (sh *shard) answer(q *question, r idem.ClaimRequest, asked time.Time) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if q.err == nil && q.result.State == idem.Acquired {
		sh.hold(q.result, r, asked)
	}
	delete(sh.asking, r.ID)
	close(q.answered)
}

func (sh *shard) hold(result idem.ClaimResult, r idem.ClaimRequest, asked time.Time) {
	if h := sh.held[r.ID]; h != nil {
		sh.drop(h)
	}
	if len(sh.held) >= sh.sweep {
		for _, h := range sh.held { // claims that nobody ended
			sh.holding(h.claim.ID)
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

// forget is for a claim that is over.
func (sh *shard) forget(c idem.Claim) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if h := sh.held[c.ID]; h != nil && h.claim.Owner == c.Owner {
		sh.drop(h)
	}
}

// purged is for a claim that an operator has ended.
func (sh *shard) purged(id idem.ID) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if h := sh.held[id]; h != nil {
		sh.drop(h)
	}
}

// over returns what is closed when the claim that is held here is over, nil when none is.
func (sh *shard) over(id idem.ID) <-chan struct{} {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if h := sh.holding(id); h != nil {
		return h.over
	}
	return nil
}
