package idem_test

import (
	"errors"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemtest"
)

// The granule must not matter: shorter than, and longer than, the ticks of the store's own
// bookkeeping.
func TestMemoryConformance(t *testing.T) {
	t.Parallel()
	for _, unit := range []time.Duration{20 * time.Millisecond, 100 * time.Millisecond, time.Second, time.Hour} {
		t.Run(unit.String(), func(t *testing.T) {
			t.Parallel()
			idemtest.Run(t, idemtest.Target{
				Open:        func(*testing.T) idem.Store { return idem.NewMemory() },
				OpenBounded: func(_ *testing.T, n int64) idem.Store { return idem.NewMemory(idem.WithMaxBytes(n)) },
				Bubble:      true,
				Unit:        unit,
			})
		})
	}
}

// Expired records give their memory back as others arrive, without a goroutine.
func TestMemoryForgetsAsOthersArrive(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := idem.NewMemory()
		put := func(n int, ttl time.Duration) {
			for range n {
				c := idem.Claim{ID: randomID(), Owner: idem.NewOwner()}
				noError(t, s.Complete(t.Context(), c, nil, make([]byte, 100), ttl))
			}
		}
		put(1000, time.Minute)
		put(500, 24*time.Hour)
		full := s.Bytes()
		time.Sleep(time.Minute + time.Second)
		touch(t, s)
		if got, want := s.Bytes(), full/2; got > want {
			t.Errorf("%d bytes held, want at most %d of %d", got, want, full)
		}
		if n := scan(t, s); n != 500 {
			t.Errorf("%d records left, want 500", n)
		}
		time.Sleep(24 * time.Hour)
		touch(t, s)
		if got := s.Bytes(); got != 0 {
			t.Errorf("%d bytes held by nothing", got)
		}
	})
}

// Lifetimes of all lengths end in time, also those of more than one turn of the wheel.
func TestMemoryExpiresEveryLifetime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := idem.NewMemory()
		for ttl := time.Millisecond; ttl < 30*24*time.Hour; ttl = ttl*3/2 + time.Millisecond {
			id := randomID()
			noError(t, s.Complete(t.Context(), idem.Claim{ID: id, Owner: idem.NewOwner()}, nil, nil, ttl))
			before := s.Bytes()
			time.Sleep(ttl - time.Nanosecond)
			if got := state(t, s, id); got != idem.Done {
				t.Fatalf("%v: %v just before the end", ttl, got)
			}
			time.Sleep(time.Nanosecond)
			if got := state(t, s, id); got != idem.Absent {
				t.Fatalf("%v: %v at the end", ttl, got)
			}
			if s.Bytes() >= before {
				t.Fatalf("%v: still takes room", ttl)
			}
		}
	})
}

// However long a store was left alone, all of its room is there again for those that come.
func TestMemoryReclaimsAllOfItAfterAnyPause(t *testing.T) {
	t.Parallel()
	for _, pause := range []time.Duration{61, 64, 65, 70, 100, 128, 129, 3600, 100_000} {
		synctest.Test(t, func(t *testing.T) {
			const records = 1000
			s := idem.NewMemory(idem.WithMaxBytes(records * 576))
			for i := range records { // in all slots of the wheel
				c := idem.Claim{ID: randomID(), Owner: idem.NewOwner()}
				noError(t, s.Complete(t.Context(), c, nil, nil, time.Duration(i+1)*60*time.Millisecond))
			}
			time.Sleep(pause * time.Second)
			for i := range records {
				r := idem.ClaimRequest{ID: randomID(), Owner: idem.NewOwner(), Lease: time.Hour, TTL: time.Hour}
				if _, err := s.Claim(t.Context(), r); err != nil {
					t.Fatalf("claim %d of %d after %v: %v", i, records, pause*time.Second, err)
				}
			}
		})
	}
}

// touch makes some claims in every shard.
func touch(t *testing.T, s *idem.Memory) {
	t.Helper()
	for i := range 32 * 100 {
		r := idem.ClaimRequest{ID: idem.ID{byte(i)}, Owner: idem.NewOwner(), Lease: time.Second, TTL: time.Second}
		result, err := s.Claim(t.Context(), r)
		noError(t, err)
		noError(t, s.Release(t.Context(), result.Claim))
	}
}

func scan(t *testing.T, s *idem.Memory) (n int) {
	t.Helper()
	for _, err := range s.Scan(t.Context()) {
		noError(t, err)
		n++
	}
	return n
}

func randomID() (id idem.ID) {
	for i := 0; i < len(id); i += 16 {
		o := idem.NewOwner()
		copy(id[i:], o[:])
	}
	return id
}

// Random steps of several owners, with time passing, against a model of one record that
// is as simple as the documentation.
func TestMemoryAgainstItsModel(t *testing.T) {
	t.Parallel()
	for seed := range uint64(50) {
		synctest.Test(t, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 0))
			s := idem.NewMemory()
			id, start := randomID(), time.Now()
			owners := []idem.Owner{idem.NewOwner(), idem.NewOwner(), idem.NewOwner()}
			var m model
			for range 400 {
				owner := owners[rnd.IntN(len(owners))]
				c := idem.Claim{ID: id, Owner: owner}
				now := time.Since(start)
				var got, want error
				step := rnd.IntN(6)
				switch step {
				case 0:
					r := idem.ClaimRequest{ID: id, Owner: owner, Lease: 10 * time.Second, TTL: 30 * time.Second, TakeOver: rnd.IntN(2) == 0}
					result, err := s.Claim(t.Context(), r)
					noError(t, err)
					if state := m.claim(r, now); result.State != state {
						t.Fatalf("seed %d: Claim = %v, model says %v", seed, result.State, state)
					}
				case 1:
					got, want = s.Extend(t.Context(), c, 10*time.Second), m.extend(owner, now)
				case 2:
					got, want = s.Complete(t.Context(), c, nil, nil, 30*time.Second), m.complete(owner, now)
				case 3:
					got, want = s.Release(t.Context(), c), m.release(owner, now)
				case 4:
					got, want = s.Abandon(t.Context(), c, ""), m.abandon(owner, now)
				case 5:
					time.Sleep(time.Duration(rnd.Int64N(int64(15 * time.Second))))
				}
				if !errors.Is(got, want) || (got != nil && want == nil) {
					t.Fatalf("seed %d: step %d = %v, model says %v", seed, step, got, want)
				}
			}
		})
	}
}

// model is one record.
type model struct {
	state             idem.State
	owner             idem.Owner
	leaseEnd, expires time.Duration
}

func (m *model) look(now time.Duration) idem.State {
	if m.expires <= now {
		m.state = idem.Absent
	}
	if m.state == idem.Pending && m.leaseEnd <= now {
		return idem.Unknown
	}
	return m.state
}

func (m *model) claim(r idem.ClaimRequest, now time.Duration) idem.State {
	seen := m.look(now)
	if seen == idem.Absent || (m.state == idem.Pending && m.owner == r.Owner) || (r.TakeOver && seen == idem.Unknown) {
		*m = model{idem.Pending, r.Owner, now + r.Lease, now + r.Lease + r.TTL}
		return idem.Acquired
	}
	return seen
}

// foreign is the answer when another owner has the record.
func (m *model) foreign(o idem.Owner, now time.Duration) error {
	if m.look(now) != idem.Absent && m.owner != o {
		return idem.ErrFenced
	}
	return nil
}

func (m *model) extend(o idem.Owner, now time.Duration) error {
	if err := m.foreign(o, now); err != nil {
		return err
	}
	if m.state != idem.Pending {
		return idem.ErrLost
	}
	m.leaseEnd, m.expires = now+10*time.Second, now+40*time.Second
	return nil
}

func (m *model) complete(o idem.Owner, now time.Duration) error {
	if err := m.foreign(o, now); err != nil {
		return err
	}
	if m.state != idem.Done {
		*m = model{idem.Done, o, 0, now + 30*time.Second}
	}
	return nil
}

func (m *model) release(o idem.Owner, now time.Duration) error {
	if err := m.foreign(o, now); err != nil {
		return err
	}
	if m.state == idem.Done || m.state == idem.Unknown {
		return idem.ErrLost
	}
	m.state = idem.Absent
	return nil
}

func (m *model) abandon(o idem.Owner, now time.Duration) error {
	if err := m.foreign(o, now); err != nil {
		return err
	}
	switch m.state {
	case idem.Pending:
		m.state, m.expires = idem.Unknown, now+30*time.Second
	case idem.Unknown:
	default:
		return idem.ErrLost
	}
	return nil
}
