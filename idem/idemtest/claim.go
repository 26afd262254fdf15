package idemtest

import (
	"bytes"
	"sync"

	"github.com/goaroundhq/goaround/idem"
)

var claimRules = []rule{
	{name: "Claim/AbsentIsAcquired", check: func(e *env) {
		c := e.acquire(e.request(e.id()))
		if c.Attempt != 1 {
			e.Errorf("Attempt = %d, want 1", c.Attempt)
		}
		if c.Fence == 0 {
			e.Error("Fence = 0, want more")
		}
	}},
	{name: "Claim/OneOf64Racing", busy: true, check: raceClaims},
	{name: "Claim/PendingTellsTheOthers", check: func(e *env) {
		r := e.request(e.id())
		r.Fingerprint = []byte("content")
		e.acquire(r)
		e.pass(e.unit)
		result := e.expect(r.ID, idem.Pending)
		if result.LeaseLeft <= 0 || result.LeaseLeft > r.Lease {
			e.Errorf("LeaseLeft = %v, want within (0, %v]", result.LeaseLeft, r.Lease)
		}
		if result.Age < e.unit/2 {
			e.Errorf("Age = %v after %v", result.Age, e.unit)
		}
		if !bytes.Equal(result.Fingerprint, r.Fingerprint) {
			e.Errorf("Fingerprint = %q, want %q", result.Fingerprint, r.Fingerprint)
		}
	}},
	{name: "Claim/SameOwnerAgainIsAcquired", check: func(e *env) {
		// A client library that lost the reply and sends the command again must not
		// be told that somebody else holds the claim.
		r := e.request(e.id())
		first := e.acquire(r)
		if again := e.acquire(r); again != first {
			e.Errorf("again = %+v, first = %+v", again, first)
		}
	}},
	{name: "Claim/SameOwnerAgainRenewsTheLease", check: func(e *env) {
		r := e.request(e.id())
		r.Lease = 4 * e.unit
		e.acquire(r)
		e.pass(3 * e.unit)
		e.acquire(r)
		e.pass(2 * e.unit)
		e.expect(r.ID, idem.Pending)
	}},
	{name: "Claim/SameOwnerAfterCompleteIsDone", check: func(e *env) {
		r := e.request(e.id())
		e.complete(e.acquire(r), "result")
		if result := e.claim(r); result.State != idem.Done {
			e.Errorf("state = %v, want done", result.State)
		}
	}},
	{name: "Claim/DoneIsNeverTakenOver", check: func(e *env) {
		r := e.request(e.id())
		r.TakeOver = true
		e.complete(e.acquire(r), "result")
		r.Owner = idem.NewOwner()
		if result := e.claim(r); result.State != idem.Done || string(result.Record) != "result" {
			e.Errorf("result = %+v, want the record", result)
		}
	}},
	{name: "Claim/IDsAreIndependent", check: func(e *env) {
		one, other := e.id(), e.id()
		e.complete(e.acquire(e.request(one)), "one")
		e.complete(e.acquire(e.request(other)), "other")
		e.expectDone(one, "one")
		e.expectDone(other, "other")
	}},
	{name: "Claim/RefusesNonPositiveTimes", check: func(e *env) {
		for _, change := range []func(*idem.ClaimRequest){
			func(r *idem.ClaimRequest) { r.Lease = 0 },
			func(r *idem.ClaimRequest) { r.Lease = -1 },
			func(r *idem.ClaimRequest) { r.TTL = 0 },
		} {
			r := e.request(e.id())
			change(&r)
			if _, err := e.store.Claim(e.Context(), r); err == nil {
				e.Errorf("Claim with lease %v and TTL %v: no error", r.Lease, r.TTL)
			}
			e.expect(r.ID, idem.Acquired)
		}
	}},
	{name: "Claim/AcceptsTheShortestTimes", check: func(e *env) {
		r := e.request(e.id())
		r.Lease, r.TTL = 1, 1
		e.acquire(r)
		e.pass(e.unit)
		e.expect(r.ID, idem.Acquired)
	}},
	{name: "Claim/RacingWithCompleteNeverRunsAgain", busy: true, check: func(e *env) {
		e.raceAgainst(func(c idem.Claim) { e.complete(c, "result") }, func(id idem.ID, acquired int) {
			if acquired != 0 {
				e.Errorf("%d acquired what was pending and then done", acquired)
			}
			e.expectDone(id, "result")
		})
	}},
	{name: "Claim/RacingWithReleaseIsOneAtMost", busy: true, check: func(e *env) {
		e.raceAgainst(func(c idem.Claim) { e.ok("Release", e.store.Release(e.Context(), c)) }, func(_ idem.ID, acquired int) {
			if acquired > 1 {
				e.Errorf("%d acquired what was released once", acquired)
			}
		})
	}},
	{name: "Claim/KeepsItsOwnCopyOfTheFingerprint", check: func(e *env) {
		r := e.request(e.id())
		r.Fingerprint = []byte("content")
		e.acquire(r)
		r.Fingerprint[0] = 'X'
		if got := e.expect(r.ID, idem.Pending).Fingerprint; string(got) != "content" {
			e.Errorf("Fingerprint = %q after the caller reused its bytes", got)
		}
	}},
}

func raceClaims(e *env) {
	const claimants = 64
	id := e.id()
	if a, p := e.race(claimants, func() idem.ClaimRequest { return e.request(id) }); a != 1 || p != claimants-1 {
		e.Errorf("%d acquired and %d pending of %d, want 1 and %d", a, p, claimants, claimants-1)
	}
}

// raceAgainst lets several, who might take over, claim while the owner ends its claim, many
// times over.
func (e *env) raceAgainst(end func(idem.Claim), judge func(id idem.ID, acquired int)) {
	const rounds, claimants = 10, 8
	for range rounds {
		c := e.acquire(e.request(e.id()))
		var owner sync.WaitGroup
		owner.Go(func() { end(c) })
		acquired, _ := e.race(claimants, func() idem.ClaimRequest { return takeOver(e, c.ID) })
		owner.Wait()
		judge(c.ID, acquired)
	}
}

// race lets many claim at once, and counts those who acquired and those who found it pending.
func (e *env) race(claimants int, request func() idem.ClaimRequest) (acquired, pending int) {
	e.Helper()
	results := make([]idem.ClaimResult, claimants)
	errs := make([]error, claimants)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range claimants {
		r := request()
		wg.Go(func() {
			<-start
			results[i], errs[i] = e.store.Claim(e.Context(), r)
		})
	}
	close(start)
	wg.Wait()
	for i, err := range errs {
		e.ok("Claim", err)
		switch results[i].State {
		case idem.Acquired:
			acquired++
		case idem.Pending:
			pending++
		}
	}
	return acquired, pending
}
