package idemtest_test

import (
	"context"
	"errors"
	"time"

	"github.com/goaroundhq/goaround/idem"
)

// A suite that nothing fails proves nothing. Each of these stores breaks one rule in a
// way that real ones have, and the suite must name that rule. The broken store is run in
// a process of its own, because a test cannot watch another one fail.
var broken = map[string]struct {
	rules []string // of which the suite must complain
	open  func() *faulty
}{
	"claims of the same owner are foreign": {[]string{
		"Claim/SameOwnerAgainIsAcquired",
		"Claiming/SentTwiceRunsOnce",
		"Claiming/LostReplyFreesTheKey",
	}, func() *faulty {
		return &faulty{claim: func(s *idem.Memory, ctx context.Context, r idem.ClaimRequest) (idem.ClaimResult, error) {
			r.Owner = idem.NewOwner()
			result, err := s.Claim(ctx, r)
			return result, err
		}}
	}},
	"check, then set": {[]string{
		"Claim/OneOf64Racing",
		"Claim/RacingWithReleaseIsOneAtMost",
		"Storm/AtMostOnceHasOneEffectPerKey",
	}, func() *faulty {
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
	"the pending record lives as long as its lease": {[]string{
		"Lease/PendingOutlivesItsLease",
		"Crash/IsUnknownAndNeverRunsAgain",
	}, func() *faulty {
		return &faulty{claim: func(s *idem.Memory, ctx context.Context, r idem.ClaimRequest) (idem.ClaimResult, error) {
			r.TTL = 1
			return s.Claim(ctx, r)
		}}
	}},
	"a lapsed lease is anybody's": {[]string{
		"Ending/RefusedCompleteIsNeverReleased",
		"Lease/LapsedReadsAsUnknown",
		"ClockJump/ForwardsIsUnknownForAWhile",
		"Failover/ForgottenCompleteIsUnknownAfterItsLease",
	}, func() *faulty {
		return &faulty{claim: func(s *idem.Memory, ctx context.Context, r idem.ClaimRequest) (idem.ClaimResult, error) {
			r.TakeOver = true
			return s.Claim(ctx, r)
		}}
	}},
	"the last to complete wins": {[]string{
		"Complete/LateAfterTakeOverIsFenced",
		"Renewing/OvertakenOperationIsFenced",
		"Failover/ForgottenClaimThatAnotherCompletedIsFenced",
	}, func() *faulty {
		return &faulty{complete: func(s *idem.Memory, ctx context.Context, c idem.Claim, fp, rec []byte, ttl time.Duration) error {
			if err := s.Purge(ctx, c.ID); err != nil {
				return err
			}
			return s.Complete(ctx, c, fp, rec, ttl)
		}}
	}},
	"late results are dropped": {[]string{
		"Complete/LateWithoutTakeOverIsKept",
		"Renewing/OutagePastTheLeaseStopsNoOtherOperation",
	}, func() *faulty {
		return &faulty{complete: func(s *idem.Memory, ctx context.Context, c idem.Claim, fp, rec []byte, ttl time.Duration) error {
			if info, err := s.Get(ctx, c.ID); err != nil || info.State == idem.Unknown {
				return errors.Join(err, idem.ErrLost)
			}
			return s.Complete(ctx, c, fp, rec, ttl)
		}}
	}},
	"release without an owner": {[]string{
		"Release/OfAnotherOwnerIsFenced",
		"Ending/LateReleaseFreesNobodyElsesClaim",
		"Storm/AtLeastOnceHasOneResultPerKey",
	}, func() *faulty {
		return &faulty{release: func(s *idem.Memory, ctx context.Context, c idem.Claim) error { return s.Purge(ctx, c.ID) }}
	}},
	"the context is not looked at": {[]string{"Context/CancelledClaimChangesNothing"}, func() *faulty {
		return &faulty{claim: func(s *idem.Memory, ctx context.Context, r idem.ClaimRequest) (idem.ClaimResult, error) {
			return s.Claim(context.WithoutCancel(ctx), r)
		}}
	}},
	"a result is taken once": {[]string{
		"Complete/TwiceKeepsTheFirst",
		"Ending/LostReplyIsSentAgain",
		"Ending/SentTwiceIsKept",
	}, func() *faulty {
		return &faulty{complete: func(s *idem.Memory, ctx context.Context, c idem.Claim, fp, rec []byte, ttl time.Duration) error {
			if info, err := s.Get(ctx, c.ID); err != nil || info.State == idem.Done {
				return errors.Join(err, idem.ErrLost)
			}
			return s.Complete(ctx, c, fp, rec, ttl)
		}}
	}},
	"results without a claim are dropped": {[]string{
		"Complete/AfterTheClaimWasForgottenIsKept",
		"Failover/ForgottenClaimKeepsItsResult",
	}, func() *faulty {
		return &faulty{complete: func(s *idem.Memory, ctx context.Context, c idem.Claim, fp, rec []byte, ttl time.Duration) error {
			if info, err := s.Get(ctx, c.ID); err != nil || info.State == idem.Absent {
				return errors.Join(err, idem.ErrLost)
			}
			return s.Complete(ctx, c, fp, rec, ttl)
		}}
	}},
	"release wants the fence": {[]string{
		"Release/NeedsOnlyTheOwner",
		"Claiming/LostReplyFreesTheKey",
		"Waiting/LookWhoseReplyWasLostIsHandedBack",
	}, func() *faulty {
		return &faulty{release: func(s *idem.Memory, ctx context.Context, c idem.Claim) error {
			if c.Fence == 0 {
				return idem.ErrFenced
			}
			return s.Release(ctx, c)
		}}
	}},
	"whoever extends has the lease": {[]string{
		"Lease/ExtendAfterTakeOverIsFenced",
		"Renewing/OvertakenOperationIsTold",
	}, func() *faulty {
		return &faulty{extend: func(s *idem.Memory, ctx context.Context, c idem.Claim, lease time.Duration) error {
			if err := s.Extend(ctx, c, lease); !errors.Is(err, idem.ErrFenced) {
				return err
			}
			return nil
		}}
	}},
	"fences of milliseconds": {[]string{"Fence/GrowsAcrossRelease"}, func() *faulty {
		return &faulty{claim: func(s *idem.Memory, ctx context.Context, r idem.ClaimRequest) (idem.ClaimResult, error) {
			result, err := s.Claim(ctx, r)
			result.Claim.Fence = uint64(time.Now().UnixMilli())
			return result, err
		}}
	}},
	"bytes of the caller are kept": {[]string{"Complete/KeepsItsOwnCopy"}, func() *faulty {
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

// faulty is a good store with some steps replaced.
type faulty struct {
	*idem.Memory
	claim    func(*idem.Memory, context.Context, idem.ClaimRequest) (idem.ClaimResult, error)
	complete func(*idem.Memory, context.Context, idem.Claim, []byte, []byte, time.Duration) error
	release  func(*idem.Memory, context.Context, idem.Claim) error
	extend   func(*idem.Memory, context.Context, idem.Claim, time.Duration) error
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

func (f *faulty) Extend(ctx context.Context, c idem.Claim, lease time.Duration) error {
	if f.extend != nil {
		return f.extend(f.Memory, ctx, c, lease)
	}
	return f.Memory.Extend(ctx, c, lease)
}
