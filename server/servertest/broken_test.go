package servertest_test

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server/servertest"
)

// A suite that nothing fails proves nothing. Each of these stores is wrong in one way that
// real ones have been, and the suite must complain of the rule that it breaks for clients.
// It is run in a process of its own, because a test cannot watch another one fail.
var broken = map[string]struct {
	rule string
	open func(*idem.Memory) *faulty
}{
	"done records are forgotten": {"AtMostOnce/201IsReplayed", func(m *idem.Memory) *faulty {
		return &faulty{complete: func(ctx context.Context, c idem.Claim, fp, rec []byte, ttl time.Duration) error {
			return errors.Join(m.Complete(ctx, c, fp, rec, ttl), m.Purge(ctx, c.ID))
		}}
	}},
	"what is unknown is released": {"AtMostOnce/PanicIsUnknown", func(m *idem.Memory) *faulty {
		return &faulty{abandon: func(ctx context.Context, c idem.Claim, _ string) error { return m.Release(ctx, c) }}
	}},
	"what is released is unknown": {"AtMostOnce/429IsForgotten", func(m *idem.Memory) *faulty {
		return &faulty{release: func(ctx context.Context, c idem.Claim) error { return m.Abandon(ctx, c, "") }}
	}},
	"the record of another ID": {"Identity/CallersDoNotShareKeys", func(m *idem.Memory) *faulty {
		var mu sync.Mutex
		var last idem.ID
		return &faulty{claim: func(ctx context.Context, r idem.ClaimRequest) (idem.ClaimResult, error) {
			mu.Lock()
			defer mu.Unlock()
			if info, err := m.Get(ctx, r.ID); err == nil && info.State == idem.Done {
				r.ID = last
				return m.Claim(ctx, r)
			}
			last = r.ID
			return m.Claim(ctx, r)
		}}
	}},
	"records are cut": {"Replay/EveryKindOfResponseIsTheSame", func(m *idem.Memory) *faulty {
		return &faulty{complete: func(ctx context.Context, c idem.Claim, fp, rec []byte, ttl time.Duration) error {
			return m.Complete(ctx, c, fp, rec[:min(len(rec), 1<<10)], ttl)
		}}
	}},
	"fingerprints are not kept": {"Content/OtherBodyIs422", func(m *idem.Memory) *faulty {
		return &faulty{complete: func(ctx context.Context, c idem.Claim, _, rec []byte, ttl time.Duration) error {
			return m.Complete(ctx, c, nil, rec, ttl)
		}}
	}},
	"check, then set": {"Concurrency/TwoAtOnceRunOnce", func(m *idem.Memory) *faulty {
		return &faulty{claim: func(ctx context.Context, r idem.ClaimRequest) (idem.ClaimResult, error) {
			if info, err := m.Get(ctx, r.ID); err != nil || info.State != idem.Absent {
				return m.Claim(ctx, r)
			}
			time.Sleep(time.Millisecond)
			if err := m.Purge(ctx, r.ID); err != nil {
				return idem.ClaimResult{}, err
			}
			return m.Claim(ctx, r)
		}}
	}},
	"check, then lock, and no second check": {"Concurrency/RetriesWhileItEndsDoNotRunItAgain", func(m *idem.Memory) *faulty {
		return &faulty{claim: func(ctx context.Context, r idem.ClaimRequest) (idem.ClaimResult, error) {
			info, err := m.Get(ctx, r.ID)
			if err != nil || info.State == idem.Done {
				return m.Claim(ctx, r)
			}
			time.Sleep(time.Millisecond)
			if now, err := m.Get(ctx, r.ID); err == nil && now.State == idem.Done {
				err = m.Purge(ctx, r.ID) // the lock was free: nobody looks what was done meanwhile
				if err != nil {
					return idem.ClaimResult{}, err
				}
			}
			return m.Claim(ctx, r)
		}}
	}},
	"the pending record lives as long as its lease": {"Crash/ReadsAsUnknown", func(m *idem.Memory) *faulty {
		return &faulty{claim: func(ctx context.Context, r idem.ClaimRequest) (idem.ClaimResult, error) {
			r.TTL = 1
			return m.Claim(ctx, r)
		}}
	}},
	"a lapsed lease is anybody's": {"Outage/LongAtTheEndIsAnsweredAndNeverRunAgain", func(m *idem.Memory) *faulty {
		return &faulty{claim: func(ctx context.Context, r idem.ClaimRequest) (idem.ClaimResult, error) {
			r.TakeOver = true
			return m.Claim(ctx, r)
		}}
	}},
	"nothing is taken over": {"Crash/RunsAgainAtLeastOnce", func(m *idem.Memory) *faulty {
		return &faulty{claim: func(ctx context.Context, r idem.ClaimRequest) (idem.ClaimResult, error) {
			r.TakeOver = false
			return m.Claim(ctx, r)
		}}
	}},
	"leases are not renewed": {"Lease/SlowHandlerOutlivesItAtLeastOnce", func(*idem.Memory) *faulty {
		return &faulty{extend: func(context.Context, idem.Claim, time.Duration) error { return nil }}
	}},
	"late results are dropped": {"Lease/LateResultIsKept", func(m *idem.Memory) *faulty {
		return &faulty{complete: func(ctx context.Context, c idem.Claim, fp, rec []byte, ttl time.Duration) error {
			if info, err := m.Get(ctx, c.ID); err != nil || info.State == idem.Unknown {
				return errors.Join(err, idem.ErrLost)
			}
			return m.Complete(ctx, c, fp, rec, ttl)
		}}
	}},
	"the last to complete wins": {"Lease/OvertakenResultIsFenced", func(m *idem.Memory) *faulty {
		return &faulty{complete: func(ctx context.Context, c idem.Claim, fp, rec []byte, ttl time.Duration) error {
			return errors.Join(m.Purge(ctx, c.ID), m.Complete(ctx, c, fp, rec, ttl))
		}}
	}},
	"claims of the same owner are foreign": {"Outage/CommandsSentTwiceCountOnce", func(m *idem.Memory) *faulty {
		return &faulty{claim: func(ctx context.Context, r idem.ClaimRequest) (idem.ClaimResult, error) {
			r.Owner = idem.NewOwner()
			return m.Claim(ctx, r)
		}}
	}},
	"done twice is an error": {"Outage/LostAnswerToTheEndingIsNoLoss", func(m *idem.Memory) *faulty {
		return &faulty{complete: func(ctx context.Context, c idem.Claim, fp, rec []byte, ttl time.Duration) error {
			if info, err := m.Get(ctx, c.ID); err != nil || info.State == idem.Done {
				return errors.Join(err, idem.ErrLost)
			}
			return m.Complete(ctx, c, fp, rec, ttl)
		}}
	}},
	"records live too short": {"Expiry/KeyWithItsTimeIsRefusedBeforeItIsForgotten", func(m *idem.Memory) *faulty {
		return &faulty{complete: func(ctx context.Context, c idem.Claim, fp, rec []byte, ttl time.Duration) error {
			return m.Complete(ctx, c, fp, rec, ttl/10)
		}}
	}},
	"a full store forgets the oldest": {"Full/NewKeysAreRefusedAndOldOnesAreKept", func(m *idem.Memory) *faulty {
		return &faulty{claim: func(ctx context.Context, r idem.ClaimRequest) (idem.ClaimResult, error) {
			result, err := m.Claim(ctx, r)
			if errors.Is(err, idem.ErrFull) {
				for info, scanned := range m.Scan(ctx) {
					return idem.ClaimResult{}, errors.Join(scanned, m.Purge(ctx, info.ID), err)
				}
			}
			return result, err
		}}
	}},
}

const brokenVariable = "SERVERTEST_BROKEN_STORE"

// TestBrokenStore is what runs in the other process.
func TestBrokenStore(t *testing.T) {
	b, ok := broken[os.Getenv(brokenVariable)]
	if !ok {
		return // in the process of the other tests: nothing to do
	}
	open := func(m *idem.Memory) idem.Store {
		f := b.open(m)
		f.Store = m
		return f
	}
	servertest.Run(t, servertest.Target{
		Open:        func(*testing.T) idem.Store { return open(idem.NewMemory()) },
		OpenBounded: func(_ *testing.T, n int64) idem.Store { return open(idem.NewMemory(idem.WithMaxBytes(n))) },
		Unit:        200 * time.Millisecond,
	})
}

func TestSuiteNamesWhatIsBroken(t *testing.T) {
	t.Parallel()
	for _, name := range slices.Sorted(maps.Keys(broken)) {
		rule := broken[name].rule
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			only := "^TestBrokenStore$/^" + strings.ReplaceAll(rule, "/", "$/^") + "$"
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run="+only, "-test.timeout=60s")
			cmd.Env = append(os.Environ(), brokenVariable+"="+name)
			out, err := cmd.CombinedOutput()
			var exit *exec.ExitError
			if !errors.As(err, &exit) {
				t.Fatalf("the suite passed a broken store: %v", err)
			}
			if !bytes.Contains(out, []byte("--- FAIL: TestBrokenStore/"+rule+" ")) {
				t.Errorf("the suite does not name %s:\n%s", rule, out)
			}
		})
	}
}

// faulty is a good store with some steps replaced.
type faulty struct {
	idem.Store
	claim    func(context.Context, idem.ClaimRequest) (idem.ClaimResult, error)
	extend   func(context.Context, idem.Claim, time.Duration) error
	complete func(ctx context.Context, c idem.Claim, fingerprint, record []byte, ttl time.Duration) error
	release  func(context.Context, idem.Claim) error
	abandon  func(context.Context, idem.Claim, string) error
}

func (f *faulty) Claim(ctx context.Context, r idem.ClaimRequest) (idem.ClaimResult, error) {
	if f.claim != nil {
		return f.claim(ctx, r)
	}
	return f.Store.Claim(ctx, r)
}

func (f *faulty) Extend(ctx context.Context, c idem.Claim, lease time.Duration) error {
	if f.extend != nil {
		return f.extend(ctx, c, lease)
	}
	return f.Store.Extend(ctx, c, lease)
}

func (f *faulty) Complete(ctx context.Context, c idem.Claim, fp, rec []byte, ttl time.Duration) error {
	if f.complete != nil {
		return f.complete(ctx, c, fp, rec, ttl)
	}
	return f.Store.Complete(ctx, c, fp, rec, ttl)
}

func (f *faulty) Release(ctx context.Context, c idem.Claim) error {
	if f.release != nil {
		return f.release(ctx, c)
	}
	return f.Store.Release(ctx, c)
}

func (f *faulty) Abandon(ctx context.Context, c idem.Claim, reason string) error {
	if f.abandon != nil {
		return f.abandon(ctx, c, reason)
	}
	return f.Store.Abandon(ctx, c, reason)
}
