package idem

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// DefaultMaxBytes bounds a [Memory] store unless [WithMaxBytes] says otherwise.
const DefaultMaxBytes = 64 << 20

// Memory is a [Store] in this process: no server, and nothing survives the
// process. It is sharded, bounded by bytes, starts no goroutine and needs no
// closing. When it is full it refuses new claims with ErrFull; it never evicts a
// record before its time. Expired records are removed as others arrive.
//
// It measures time on the monotonic clock, so a step of the operating system's
// clock neither ends a lease nor a record.
type Memory struct {
	shards [memoryShards]shard
	max    int64
	used   atomic.Int64
	swept  atomic.Int64 // when, as by now
	start  time.Time
}

// MemoryOption configures a [Memory] store.
type MemoryOption func(*Memory)

// WithMaxBytes bounds the bytes that the store holds, its own bookkeeping
// included (576 bytes for a small record, whose fingerprint and result have at most
// [MinRecord] bytes). The default is [DefaultMaxBytes]. It
// panics when n is not positive.
func WithMaxBytes(n int64) MemoryOption {
	if n <= 0 {
		panic(fmt.Sprintf("idem: WithMaxBytes(%d): must be positive", n))
	}
	return func(m *Memory) { m.max = n }
}

var (
	_ Store  = (*Memory)(nil)
	_ Waiter = (*Memory)(nil)
	_ Admin  = (*Memory)(nil)
	_ Local  = (*Memory)(nil)
)

// NewMemory makes an empty store. Its bound is shared by all scopes, so one caller can fill
// it (about 116,000 small keys at the default bound): limit callers outside, or use one
// store per tenant.
func NewMemory(opts ...MemoryOption) *Memory {
	m := &Memory{max: DefaultMaxBytes, start: time.Now()}
	m.swept.Store(-int64(sweepEvery))
	for _, opt := range opts {
		opt(m)
	}
	for i := range m.shards {
		m.shards[i].entries = make(map[ID]*entry)
		m.shards[i].expiry.done = -1
	}
	return m
}

// Local reports true: the store never waits.
func (m *Memory) Local() bool { return true }

// Bytes returns what the store holds now, bookkeeping and expired records that
// were not removed yet included.
func (m *Memory) Bytes() int64 { return m.used.Load() }

// now is the time since the store was made.
func (m *Memory) now() time.Duration { return time.Since(m.start) }

// Claim implements [Store].
func (m *Memory) Claim(ctx context.Context, r ClaimRequest) (ClaimResult, error) {
	if err := ctx.Err(); err != nil {
		return ClaimResult{}, err
	}
	if r.Lease <= 0 || r.TTL <= 0 {
		return ClaimResult{}, fmt.Errorf("idem: claim with lease %v and TTL %v: both must be positive", r.Lease, r.TTL)
	}
	var result ClaimResult
	err := m.makingRoom(func() (err error) {
		result, err = m.claim(r)
		return err
	})
	return result, err
}

// claim returns ErrFull when there is no room for a new record.
func (m *Memory) claim(r ClaimRequest) (ClaimResult, error) {
	s := m.shard(r.ID)
	s.mu.Lock()
	defer s.mu.Unlock()
	now := m.now()
	s.expire(m, now, looksPerClaim)
	e := s.live(m, r.ID, now)
	switch {
	case e == nil:
		return m.admit(s, r, now)
	case e.state == Pending && e.owner == r.Owner:
		s.extend(e, r.Lease, now)
	case r.TakeOver && e.stateAt(now) == Unknown && !differ(e.fingerprint, r.Fingerprint):
		s.takeOver(m, e, r, now)
	default:
		return e.result(now), nil
	}
	return ClaimResult{State: Acquired, Claim: e.claim(), Fingerprint: e.fingerprint}, nil
}

// admit stores a new pending record, or returns ErrFull.
func (m *Memory) admit(s *shard, r ClaimRequest, now time.Duration) (ClaimResult, error) {
	size := entryOverhead + int64(max(len(r.Fingerprint)-freeFingerprint, 0))
	if !m.reserve(size) {
		return ClaimResult{}, ErrFull
	}
	e := s.entry()
	*e = entry{
		id: r.ID, state: Pending, owner: r.Owner, fence: s.nextFence(m, now), attempt: 1,
		fingerprint: bytes.Clone(r.Fingerprint), since: now, ttl: r.TTL, size: size,
	}
	s.insert(e, r.Lease, now)
	return ClaimResult{State: Acquired, Claim: e.claim(), Fingerprint: e.fingerprint}, nil
}

// Extend implements [Store].
func (m *Memory) Extend(ctx context.Context, c Claim, lease time.Duration) error {
	return m.transition(ctx, c, func(s *shard, e *entry, now time.Duration) error {
		if e == nil || e.state != Pending {
			return ErrLost
		}
		s.extend(e, lease, now)
		return nil
	})
}

// Complete implements [Store].
func (m *Memory) Complete(ctx context.Context, c Claim, fingerprint, record []byte, ttl time.Duration) error {
	if ttl <= 0 {
		return fmt.Errorf("idem: complete with TTL %v: must be positive", ttl)
	}
	if err := m.look(ctx, c, len(fingerprint)+len(record)); err != nil {
		return err
	}
	kept := newBlock(fingerprint, record)
	step := func(s *shard, e *entry, now time.Duration) error {
		if e != nil && e.state == Done {
			return nil
		}
		if e == nil { // forgotten meanwhile, and nobody else came
			if !m.reserve(kept.size) {
				return ErrFull
			}
			e = s.entry()
			s.fence = max(s.fence, c.Fence)
			*e = entry{id: c.ID, owner: c.Owner, fence: c.Fence, attempt: c.Attempt, size: kept.size}
			s.insert(e, 0, now)
		} else if !m.resize(e, kept.size) {
			return ErrFull
		}
		s.complete(e, kept, ttl, now)
		return nil
	}
	return m.makingRoom(func() error { return m.transition(ctx, c, step) })
}

// look asks whether the claim may be completed with n bytes before they are copied, so that a
// store that is full does not make a large record for every caller that it refuses. What every
// claim has room for is not looked at.
func (m *Memory) look(ctx context.Context, c Claim, n int) error {
	if n <= MinRecord {
		return nil
	}
	step := func(_ *shard, e *entry, _ time.Duration) error {
		if e != nil && e.state == Done || m.mayHave(e, n) {
			return nil
		}
		return ErrFull
	}
	return m.makingRoom(func() error { return m.transition(ctx, c, step) })
}

// Release implements [Store].
func (m *Memory) Release(ctx context.Context, c Claim) error {
	return m.transition(ctx, c, func(s *shard, e *entry, _ time.Duration) error {
		if e == nil {
			return nil
		}
		if e.state != Pending {
			return ErrLost
		}
		s.remove(m, e)
		return nil
	})
}

// Abandon implements [Store].
func (m *Memory) Abandon(ctx context.Context, c Claim, reason string) error {
	return m.transition(ctx, c, func(s *shard, e *entry, now time.Duration) error {
		if e == nil || e.state == Done {
			return ErrLost
		}
		if e.state == Pending {
			s.abandon(e, reason, now)
		}
		return nil
	})
}

// transition runs step under the shard's lock with the live record of the claim,
// nil when there is none. A record of another owner gives ErrFenced.
func (m *Memory) transition(ctx context.Context, c Claim, step func(*shard, *entry, time.Duration) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s := m.shard(c.ID)
	s.mu.Lock()
	defer s.mu.Unlock()
	now := m.now()
	e := s.live(m, c.ID, now)
	if e != nil && e.owner != c.Owner {
		return ErrFenced
	}
	return step(s, e, now)
}

// reserve takes n bytes of the bound, or reports that they are not there.
func (m *Memory) reserve(n int64) bool {
	for {
		used := m.used.Load()
		if used+n > m.max {
			return false
		}
		if m.used.CompareAndSwap(used, used+n) {
			return true
		}
	}
}

// mayHave reports whether there can be room for n bytes in e, which may be nil.
func (m *Memory) mayHave(e *entry, n int) bool {
	size := entryOverhead + int64(max(n-MinRecord, 0))
	if e != nil {
		size -= e.size
	}
	return size <= 0 || m.used.Load()+size <= m.max
}

// resize changes what e takes of the bound to size.
func (m *Memory) resize(e *entry, size int64) bool {
	if grow := size - e.size; grow > 0 && !m.reserve(grow) {
		return false
	} else if grow < 0 {
		m.used.Add(grow)
	}
	e.size = size
	return true
}

// makingRoom takes a step again, when there was no room for it, without the records that
// have expired.
func (m *Memory) makingRoom(step func() error) error {
	err := step()
	if errors.Is(err, ErrFull) {
		m.sweep()
		err = step()
	}
	return err
}

// sweepEvery bounds how often a full store looks for expired records, because a look at
// all of them takes time and finds nothing while they live.
const sweepEvery = 10 * time.Millisecond

// sweep removes the expired records of all shards.
func (m *Memory) sweep() {
	now := m.now()
	last := m.swept.Load()
	if now-time.Duration(last) < sweepEvery || !m.swept.CompareAndSwap(last, int64(now)) {
		return
	}
	for i := range m.shards {
		s := &m.shards[i]
		s.mu.Lock()
		now := m.now()
		s.expire(m, now, allLooks)
		s.expiry.peek(now, func(e *entry) { s.remove(m, e) })
		s.mu.Unlock()
	}
}
