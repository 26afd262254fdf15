package idemtest

import (
	"errors"
	"math"

	"github.com/goaroundhq/goaround/idem"
)

var leaseRules = []rule{
	{name: "Lease/LapsedReadsAsUnknown", check: func(e *env) {
		r := e.request(e.id())
		r.Lease = e.unit
		e.acquire(r)
		e.pass(2 * e.unit)
		e.expect(r.ID, idem.Unknown)
	}},
	{name: "Lease/LapsedIsTakenOver", check: func(e *env) {
		r := e.request(e.id())
		r.Lease = e.unit
		first := e.acquire(r)
		e.pass(2 * e.unit)
		second := e.acquire(takeOver(e, r.ID))
		if second.Attempt != first.Attempt+1 {
			e.Errorf("Attempt = %d after %d", second.Attempt, first.Attempt)
		}
		if second.Fence <= first.Fence {
			e.Errorf("Fence = %d after %d, want more", second.Fence, first.Fence)
		}
		e.expect(r.ID, idem.Pending)
	}},
	{name: "Lease/OneOf64TakesOver", busy: true, check: func(e *env) {
		r := e.request(e.id())
		r.Lease = e.unit
		e.acquire(r)
		e.pass(2 * e.unit)
		if a, p := e.race(64, func() idem.ClaimRequest { return takeOver(e, r.ID) }); a != 1 || p != 63 {
			e.Errorf("%d took over and %d found it pending, want 1 and 63", a, p)
		}
	}},
	{name: "Lease/OtherContentIsNotTakenOver", check: func(e *env) {
		r := takeOver(e, e.id())
		r.Fingerprint = []byte("content")
		e.ok("Abandon", e.store.Abandon(e.Context(), e.acquire(r), "test"))
		r.Owner, r.Fingerprint = idem.NewOwner(), []byte("other content")
		if result := e.claim(r); result.State != idem.Unknown || string(result.Fingerprint) != "content" {
			e.Errorf("claim with another fingerprint = %+v, want unknown with the record's", result)
		}
		r.Owner, r.Fingerprint = idem.NewOwner(), []byte("content")
		e.ok("Abandon", e.store.Abandon(e.Context(), e.acquire(r), "test"))
		r.Owner, r.Fingerprint = idem.NewOwner(), nil
		e.acquire(r)
	}},
	{name: "Lease/ForEver", check: func(e *env) {
		r := e.request(e.id())
		r.Lease, r.TTL = math.MaxInt64, math.MaxInt64
		c := e.acquire(r)
		e.ok("Extend", e.store.Extend(e.Context(), c, math.MaxInt64))
		e.expect(r.ID, idem.Pending)
		e.ok("Complete", e.store.Complete(e.Context(), c, nil, []byte("x"), math.MaxInt64))
		e.pass(e.unit)
		e.expect(r.ID, idem.Done)
	}},
	{name: "Lease/RunningIsNotTakenOver", check: func(e *env) {
		r := e.request(e.id())
		e.acquire(r)
		if result := e.claim(takeOver(e, r.ID)); result.State != idem.Pending {
			e.Errorf("state = %v, want pending", result.State)
		}
	}},
	{name: "Lease/ExtendKeepsItRunning", check: func(e *env) {
		r := e.request(e.id())
		r.Lease = 3 * e.unit
		c := e.acquire(r)
		for range 3 {
			e.pass(2 * e.unit)
			e.ok("Extend", e.store.Extend(e.Context(), c, r.Lease))
		}
		e.expect(r.ID, idem.Pending)
	}},
	{name: "Lease/ExtendRevivesALapsedLease", check: func(e *env) {
		r := e.request(e.id())
		r.Lease = e.unit
		c := e.acquire(r)
		e.pass(2 * e.unit)
		e.ok("Extend", e.store.Extend(e.Context(), c, e.lease()))
		e.expect(r.ID, idem.Pending)
	}},
	{name: "Lease/ExtendAfterTakeOverIsFenced", check: func(e *env) {
		r := e.request(e.id())
		r.Lease = e.unit
		c := e.acquire(r)
		e.pass(2 * e.unit)
		e.acquire(takeOver(e, r.ID))
		e.fenced("Extend", e.store.Extend(e.Context(), c, e.lease()))
	}},
	{name: "Lease/ExtendOfNothingIsLost", check: func(e *env) {
		c := idem.Claim{ID: e.id(), Owner: idem.NewOwner(), Fence: 1, Attempt: 1}
		e.lost("Extend", e.store.Extend(e.Context(), c, e.lease()))
		e.expect(c.ID, idem.Acquired)
	}},
	{name: "Lease/ExtendAfterCompleteIsLost", check: func(e *env) {
		c := e.acquire(e.request(e.id()))
		e.complete(c, "result")
		e.lost("Extend", e.store.Extend(e.Context(), c, e.lease()))
		e.expectDone(c.ID, "result")
	}},
	{name: "Lease/PendingOutlivesItsLease", check: func(e *env) {
		// A crash must stay visible for the record's lifetime, not vanish with the
		// lease.
		r := e.request(e.id())
		r.Lease, r.TTL = e.unit, 6*e.unit
		e.acquire(r)
		e.pass(4 * e.unit)
		e.expect(r.ID, idem.Unknown)
		e.pass(6 * e.unit)
		e.expect(r.ID, idem.Acquired)
	}},
	{name: "Lease/LongerThanTheLifetimeIsNoProblem", check: func(e *env) {
		r := e.request(e.id())
		r.Lease, r.TTL = 6*e.unit, e.unit
		e.acquire(r)
		e.pass(4 * e.unit)
		e.expect(r.ID, idem.Pending)
	}},
	{name: "Fence/GrowsAcrossRelease", check: func(e *env) {
		id := e.id()
		last := uint64(0)
		for range 5 {
			c := e.acquire(e.request(id))
			if c.Fence <= last {
				e.Fatalf("Fence = %d after %d, want more", c.Fence, last)
			}
			last = c.Fence
			e.ok("Release", e.store.Release(e.Context(), c))
		}
	}},
	{name: "Fence/GrowsAcrossPurge", check: withAdmin(func(e *env, a idem.Admin) {
		// What forgot the record may have been a restart: others still know its fence.
		first := e.acquire(e.request(e.id()))
		e.pass(e.unit)
		e.ok("Purge", a.Purge(e.Context(), first.ID))
		if second := e.acquire(e.request(first.ID)); second.Fence <= first.Fence {
			e.Errorf("Fence = %d after %d, want more", second.Fence, first.Fence)
		}
	})},
	{name: "Fence/GrowsAcrossTakeOvers", check: func(e *env) {
		r := e.request(e.id())
		last := e.acquire(r)
		e.ok("Abandon", e.store.Abandon(e.Context(), last, "test"))
		for range 5 {
			next := e.acquire(takeOver(e, r.ID))
			if next.Fence <= last.Fence || next.Attempt != last.Attempt+1 {
				e.Fatalf("%+v after %+v: fence must grow, attempt by one", next, last)
			}
			last = next
			e.ok("Abandon", e.store.Abandon(e.Context(), last, "test"))
		}
	}},
}

func takeOver(e *env, id idem.ID) idem.ClaimRequest {
	r := e.request(id)
	r.TakeOver = true
	return r
}

func (e *env) fenced(what string, err error) {
	e.Helper()
	if !errors.Is(err, idem.ErrFenced) {
		e.Errorf("%s: %v, want ErrFenced", what, err)
	}
}

func (e *env) lost(what string, err error) {
	e.Helper()
	if !errors.Is(err, idem.ErrLost) {
		e.Errorf("%s: %v, want ErrLost", what, err)
	}
}
