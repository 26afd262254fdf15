package idemtest_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemtest"
)

// A suite that nothing fails proves nothing. Each of these stores breaks one rule in a
// way that real ones have, and the suite must name that rule. The broken store is run in
// a process of its own, because a test cannot watch another one fail.
var broken = map[string]struct {
	rule string // of which the suite must complain
	open func() *faulty
}{
	"claims of the same owner are foreign": {"Claim/SameOwnerAgainIsAcquired", func() *faulty {
		return &faulty{claim: func(s *idem.Memory, ctx context.Context, r idem.ClaimRequest) (idem.ClaimResult, error) {
			r.Owner = idem.NewOwner()
			result, err := s.Claim(ctx, r)
			return result, err
		}}
	}},
	"check, then set": {"Claim/OneOf64Racing", func() *faulty {
		return &faulty{claim: func(s *idem.Memory, ctx context.Context, r idem.ClaimRequest) (idem.ClaimResult, error) {
			if info, err := s.Get(ctx, r.ID); err != nil || info.State != idem.Absent {
				return s.Claim(ctx, r)
			}
			time.Sleep(time.Millisecond)
			if err := s.Purge(ctx, r.ID); err != nil {
				return idem.ClaimResult{}, err
			}
			return s.Claim(ctx, r)
		}}
	}},
	"the pending record lives as long as its lease": {"Lease/PendingOutlivesItsLease", func() *faulty {
		return &faulty{claim: func(s *idem.Memory, ctx context.Context, r idem.ClaimRequest) (idem.ClaimResult, error) {
			r.TTL = 1
			return s.Claim(ctx, r)
		}}
	}},
	"a lapsed lease is anybody's": {"Lease/LapsedReadsAsUnknown", func() *faulty {
		return &faulty{claim: func(s *idem.Memory, ctx context.Context, r idem.ClaimRequest) (idem.ClaimResult, error) {
			r.TakeOver = true
			return s.Claim(ctx, r)
		}}
	}},
	"the last to complete wins": {"Complete/LateAfterTakeOverIsFenced", func() *faulty {
		return &faulty{complete: func(s *idem.Memory, ctx context.Context, c idem.Claim, fp, rec []byte, ttl time.Duration) error {
			if err := s.Purge(ctx, c.ID); err != nil {
				return err
			}
			return s.Complete(ctx, c, fp, rec, ttl)
		}}
	}},
	"late results are dropped": {"Complete/LateWithoutTakeOverIsKept", func() *faulty {
		return &faulty{complete: func(s *idem.Memory, ctx context.Context, c idem.Claim, fp, rec []byte, ttl time.Duration) error {
			if info, err := s.Get(ctx, c.ID); err != nil || info.State == idem.Unknown {
				return errors.Join(err, idem.ErrLost)
			}
			return s.Complete(ctx, c, fp, rec, ttl)
		}}
	}},
	"release without an owner": {"Release/OfAnotherOwnerIsFenced", func() *faulty {
		return &faulty{release: func(s *idem.Memory, ctx context.Context, c idem.Claim) error { return s.Purge(ctx, c.ID) }}
	}},
	"the context is not looked at": {"Context/CancelledClaimChangesNothing", func() *faulty {
		return &faulty{claim: func(s *idem.Memory, ctx context.Context, r idem.ClaimRequest) (idem.ClaimResult, error) {
			return s.Claim(context.WithoutCancel(ctx), r)
		}}
	}},
	"fences of milliseconds": {"Fence/GrowsAcrossRelease", func() *faulty {
		return &faulty{claim: func(s *idem.Memory, ctx context.Context, r idem.ClaimRequest) (idem.ClaimResult, error) {
			result, err := s.Claim(ctx, r)
			result.Claim.Fence = uint64(time.Now().UnixMilli())
			return result, err
		}}
	}},
	"bytes of the caller are kept": {"Complete/KeepsItsOwnCopy", func() *faulty {
		var kept []byte
		return &faulty{
			complete: func(s *idem.Memory, ctx context.Context, c idem.Claim, fp, rec []byte, ttl time.Duration) error {
				kept = rec
				return s.Complete(ctx, c, fp, rec, ttl)
			},
			claim: func(s *idem.Memory, ctx context.Context, r idem.ClaimRequest) (idem.ClaimResult, error) {
				result, err := s.Claim(ctx, r)
				if result.State == idem.Done && len(kept) > 0 {
					result.Record = kept
				}
				return result, err
			},
		}
	}},
}

const brokenVariable = "IDEMTEST_BROKEN_STORE"

// TestBrokenStore is what runs in the other process.
func TestBrokenStore(t *testing.T) {
	b, ok := broken[os.Getenv(brokenVariable)]
	if !ok {
		return // in the process of the other tests: nothing to do
	}
	idemtest.Run(t, idemtest.Target{
		Open: func(*testing.T) idem.Store {
			store := b.open()
			store.Memory = idem.NewMemory()
			return store
		},
		Bubble: true,
	})
}

func TestSuiteNamesWhatIsBroken(t *testing.T) {
	t.Parallel()
	for name, b := range broken {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestBrokenStore$")
			cmd.Env = append(os.Environ(), brokenVariable+"="+name)
			out, err := cmd.CombinedOutput()
			var exit *exec.ExitError
			if !errors.As(err, &exit) {
				t.Fatalf("the suite passed a broken store: %v", err)
			}
			if !bytes.Contains(out, []byte("--- FAIL: TestBrokenStore/"+b.rule+" ")) {
				t.Errorf("the suite does not name %s:\n%s", b.rule, failures(string(out)))
			}
		})
	}
}

func failures(out string) string {
	var lines []string
	for line := range strings.Lines(out) {
		if strings.Contains(line, "--- FAIL") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}

// faulty is a good store with some steps replaced.
type faulty struct {
	*idem.Memory
	claim    func(*idem.Memory, context.Context, idem.ClaimRequest) (idem.ClaimResult, error)
	complete func(*idem.Memory, context.Context, idem.Claim, []byte, []byte, time.Duration) error
	release  func(*idem.Memory, context.Context, idem.Claim) error
}

func (f *faulty) Claim(ctx context.Context, r idem.ClaimRequest) (idem.ClaimResult, error) {
	if f.claim != nil {
		return f.claim(f.Memory, ctx, r)
	}
	return f.Memory.Claim(ctx, r)
}

func (f *faulty) Complete(ctx context.Context, c idem.Claim, fp, rec []byte, ttl time.Duration) error {
	if f.complete != nil {
		return f.complete(f.Memory, ctx, c, fp, rec, ttl)
	}
	return f.Memory.Complete(ctx, c, fp, rec, ttl)
}

func (f *faulty) Release(ctx context.Context, c idem.Claim) error {
	if f.release != nil {
		return f.release(f.Memory, ctx, c)
	}
	return f.Memory.Release(ctx, c)
}
