package idem

import (
	"context"
	"fmt"
	"iter"
	"time"
)

// Wait implements [Waiter].
func (m *Memory) Wait(ctx context.Context, id ID) error {
	s := m.shard(id)
	s.mu.Lock()
	now := m.now()
	e := s.live(m, id, now)
	if e == nil || e.stateAt(now) != Pending {
		s.mu.Unlock()
		return ctx.Err()
	}
	if e.changed == nil {
		e.changed = make(chan struct{})
	}
	changed := e.changed
	s.mu.Unlock()
	select {
	case <-changed:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Get implements [Admin].
func (m *Memory) Get(ctx context.Context, id ID) (Info, error) {
	if err := ctx.Err(); err != nil {
		return Info{}, err
	}
	s := m.shard(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	now := m.now()
	e := s.live(m, id, now)
	if e == nil {
		return Info{ID: id}, nil
	}
	return e.info(now), nil
}

func (e *entry) info(now time.Duration) Info {
	return Info{
		ID: e.id, State: e.stateAt(now), Fence: e.fence, Attempt: e.attempt,
		Age: now - e.since, LeaseLeft: e.leaseLeft(now), ExpiresIn: e.expires - now,
		Size: len(e.fingerprint) + len(e.record), Reason: e.reason,
	}
}

// Resolve implements [Admin].
func (m *Memory) Resolve(ctx context.Context, id ID, r Resolution) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if r.State != Absent && (r.State != Done || r.TTL <= 0) {
		return fmt.Errorf("idem: cannot resolve to %v for %v", r.State, r.TTL)
	}
	return m.makingRoom(func() error { return m.resolve(id, r) })
}

func (m *Memory) resolve(id ID, r Resolution) error {
	s := m.shard(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	now := m.now()
	e := s.live(m, id, now)
	if e == nil {
		return ErrLost
	}
	if e.stateAt(now) != Unknown || r.Fence != 0 && r.Fence != e.fence {
		return ErrResolve
	}
	if r.State == Absent {
		s.remove(m, e)
		return nil
	}
	kept := newBlock(r.Fingerprint, r.Record)
	if !m.resize(e, kept.size) {
		return ErrFull
	}
	s.complete(e, kept, r.TTL, now)
	return nil
}

// Purge implements [Admin].
func (m *Memory) Purge(ctx context.Context, id ID) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s := m.shard(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.live(m, id, m.now()); e != nil {
		s.remove(m, e)
	}
	return nil
}

// Scan implements [Admin]. It holds no lock while the caller looks at a record.
func (m *Memory) Scan(ctx context.Context) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		var infos []Info
		for i := range m.shards {
			if err := ctx.Err(); err != nil {
				yield(Info{}, err)
				return
			}
			infos = m.shards[i].infos(infos[:0], m.now())
			for _, info := range infos {
				if !yield(info, nil) {
					return
				}
			}
		}
	}
}

func (s *shard) infos(to []Info, now time.Duration) []Info {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.entries {
		if e.expires > now {
			to = append(to, e.info(now))
		}
	}
	return to
}
