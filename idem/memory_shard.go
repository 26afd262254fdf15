package idem

import (
	"bytes"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	memoryShards = 32
	// maxFree entries of each shard are kept to be used again.
	maxFree = 16
	// entryOverhead is what one record takes of the byte bound beyond the bytes
	// over MinRecord: MinRecord itself, the entry and its places in map and wheel.
	entryOverhead = MinRecord + 384
	// freeFingerprint bytes of a claim's fingerprint are part of entryOverhead.
	freeFingerprint = 64
)

// shard is one lock's worth of a [Memory] store. Its methods expect the lock to
// be held.
type shard struct {
	mu      sync.Mutex
	entries map[ID]*entry
	expiry  wheel
	fence   uint64 // the highest given
	free    *entry // a list by next, of entries to use again
	frees   int
}

// entry is one record. Times are since the store was made.
type entry struct {
	id          ID
	owner       Owner
	state       State // Pending, Done or Unknown
	attempt     uint32
	fence       uint64
	fingerprint []byte
	record      []byte
	reason      string
	since       time.Duration // claimed or, once Done, completed
	leaseEnd    time.Duration
	ttl         time.Duration // as claimed
	expires     time.Duration
	size        int64
	changed     chan struct{} // made by the first waiter

	list       **entry // that it is the first of, in the wheel
	prev, next *entry
}

func (m *Memory) shard(id ID) *shard { return &m.shards[id[0]%memoryShards] }

// live returns the record of id, nil when there is none or it has expired.
func (s *shard) live(m *Memory, id ID, now time.Duration) *entry {
	e := s.entries[id]
	if e != nil && e.expires <= now {
		s.remove(m, e)
		return nil
	}
	return e
}

// expire removes records whose time is over, after a bounded number of looks.
func (s *shard) expire(m *Memory, now time.Duration, looks int) {
	s.expiry.turn(now, looks, func(e *entry) { s.remove(m, e) })
}

// nextFence is the age of the store in microseconds since the Unix epoch of its
// start, or one more than the last: it grows also across a restart, as long as the
// operating system's clock does.
func (s *shard) nextFence(m *Memory, now time.Duration) uint64 {
	s.fence = max(s.fence+1, uint64(m.start.UnixMicro()+now.Microseconds()))
	return s.fence
}

// forever is as long as anything lasts, and far from overflow.
const forever = 100 * 365 * 24 * time.Hour

func (s *shard) insert(e *entry, lease, now time.Duration) {
	e.expires = e.renew(lease, now)
	s.entries[e.id] = e
	s.expiry.file(e)
}

func (s *shard) remove(m *Memory, e *entry) {
	delete(s.entries, e.id)
	s.expiry.take(e)
	m.used.Add(-e.size)
	e.wake()
	if s.frees < maxFree {
		*e = entry{next: s.free}
		s.free = e
		s.frees++
	}
}

// entry returns an entry to be overwritten.
func (s *shard) entry() *entry {
	e := s.free
	if e == nil {
		return new(entry)
	}
	s.free = e.next
	s.frees--
	return e
}

func (s *shard) extend(e *entry, lease, now time.Duration) {
	s.expireAt(e, e.renew(lease, now))
}

func (s *shard) takeOver(m *Memory, e *entry, r ClaimRequest, now time.Duration) {
	e.owner, e.state, e.reason = r.Owner, Pending, ""
	e.fence = s.nextFence(m, now)
	e.attempt++
	e.since, e.ttl = now, r.TTL
	if len(e.fingerprint) == 0 {
		e.fingerprint = bytes.Clone(r.Fingerprint)
	}
	s.extend(e, r.Lease, now)
	e.wake()
}

func (s *shard) complete(e *entry, b block, ttl, now time.Duration) {
	e.state, e.since, e.reason = Done, now, ""
	e.fingerprint, e.record = b.fingerprint, b.record
	s.expireAt(e, now+min(ttl, forever))
	e.wake()
}

func (s *shard) abandon(e *entry, reason string, now time.Duration) {
	// A copy: the reason may be part of something large.
	e.state, e.reason = Unknown, strings.Clone(strings.ToValidUTF8(reason[:min(len(reason), MaxReason)], ""))
	s.expireAt(e, now+min(e.ttl, forever))
	e.wake()
}

func (s *shard) expireAt(e *entry, at time.Duration) {
	s.expiry.take(e)
	e.expires = at
	s.expiry.file(e)
}

// renew starts a lease and returns when the record expires, which outlives it.
func (e *entry) renew(lease, now time.Duration) (expires time.Duration) {
	e.leaseEnd = now + min(lease, forever)
	return e.leaseEnd + min(e.ttl, forever)
}

// block is a copy of a fingerprint and a record in one piece of memory.
type block struct {
	fingerprint, record []byte
	size                int64 // what the entry that has it takes of the byte bound
}

// newBlock counts the capacity and not the length, because that is what the allocator
// gives: for 32 KiB and a byte, 40 KiB.
func newBlock(fingerprint, record []byte) block {
	both, n := slices.Concat(fingerprint, record), len(fingerprint)
	return block{both[:n:n], both[n:], entryOverhead + int64(max(cap(both)-MinRecord, 0))}
}

func (e *entry) claim() Claim {
	return Claim{ID: e.id, Owner: e.owner, Fence: e.fence, Attempt: e.attempt}
}

// stateAt is the state with a lapsed lease read as unknown.
func (e *entry) stateAt(now time.Duration) State {
	if e.state == Pending && e.leaseEnd <= now {
		return Unknown
	}
	return e.state
}

func (e *entry) result(now time.Duration) ClaimResult {
	return ClaimResult{
		State: e.stateAt(now), Fingerprint: e.fingerprint, Record: e.record,
		Age: now - e.since, LeaseLeft: e.leaseLeft(now),
	}
}

func (e *entry) leaseLeft(now time.Duration) time.Duration {
	if e.state != Pending {
		return 0
	}
	return max(e.leaseEnd-now, 0)
}

// wake tells those who wait that the record is no longer what it was.
func (e *entry) wake() {
	if e.changed != nil {
		close(e.changed)
		e.changed = nil
	}
}
