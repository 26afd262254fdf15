package idemtest

import (
	"bytes"
	"sync"

	"github.com/goaroundhq/goaround/idem"
)

var completeRules = []rule{
	{name: "Complete/IsReplayed", check: func(e *env) {
		c := e.acquire(e.request(e.id()))
		e.complete(c, "result")
		e.pass(e.unit)
		result := e.expect(c.ID, idem.Done)
		if string(result.Record) != "result" || string(result.Fingerprint) != "fp:result" {
			e.Errorf("record %q, fingerprint %q", result.Record, result.Fingerprint)
		}
		if result.Age < e.unit/2 {
			e.Errorf("Age = %v, %v after completion", result.Age, e.unit)
		}
	}},
	{name: "Complete/AnyBytes", check: func(e *env) {
		c := e.acquire(e.request(e.id()))
		record := make([]byte, 256*16)
		for i := range record {
			record[i] = byte(i)
		}
		e.ok("Complete", e.store.Complete(e.Context(), c, record[:256], record, e.lease()))
		result := e.expect(c.ID, idem.Done)
		if !bytes.Equal(result.Record, record) || !bytes.Equal(result.Fingerprint, record[:256]) {
			e.Error("bytes came back changed")
		}
	}},
	{name: "Complete/EmptyRecord", check: func(e *env) {
		c := e.acquire(e.request(e.id()))
		e.ok("Complete", e.store.Complete(e.Context(), c, nil, nil, e.lease()))
		if result := e.expect(c.ID, idem.Done); len(result.Record)+len(result.Fingerprint) != 0 {
			e.Errorf("result = %+v, want empty bytes", result)
		}
	}},
	{name: "Complete/TwiceKeepsTheFirst", check: func(e *env) {
		// A client library that lost the reply sends it again: success, and the
		// record is immutable.
		c := e.acquire(e.request(e.id()))
		e.complete(c, "first")
		e.complete(c, "second")
		e.expectDone(c.ID, "first")
	}},
	{name: "Complete/LateWithoutTakeOverIsKept", check: func(e *env) {
		r := e.request(e.id())
		r.Lease = e.unit
		c := e.acquire(r)
		e.pass(2 * e.unit)
		e.expect(r.ID, idem.Unknown)
		e.complete(c, "late")
		e.expectDone(r.ID, "late")
	}},
	{name: "Complete/LateAfterAbandonIsKept", check: func(e *env) {
		c := e.acquire(e.request(e.id()))
		e.ok("Abandon", e.store.Abandon(e.Context(), c, "shutting down"))
		e.complete(c, "late")
		e.expectDone(c.ID, "late")
	}},
	{name: "Complete/LateAfterTakeOverIsFenced", check: func(e *env) {
		r := e.request(e.id())
		r.Lease = e.unit
		first := e.acquire(r)
		e.pass(2 * e.unit)
		second := e.acquire(takeOver(e, r.ID))
		e.fenced("Complete", e.store.Complete(e.Context(), first, nil, []byte("first"), e.lease()))
		e.complete(second, "second")
		e.fenced("Complete", e.store.Complete(e.Context(), first, nil, []byte("first"), e.lease()))
		e.expectDone(r.ID, "second")
	}},
	{name: "Complete/AfterTheClaimWasForgottenIsKept", check: func(e *env) {
		// A failover lost the claim and nobody else came: the result is worth
		// keeping.
		c := idem.Claim{ID: e.id(), Owner: idem.NewOwner(), Fence: 7, Attempt: 2}
		e.complete(c, "kept")
		e.expectDone(c.ID, "kept")
	}},
	{name: "Complete/ForgottenAndClaimedByAnotherIsFenced", check: func(e *env) {
		id := e.id()
		e.acquire(e.request(id))
		c := idem.Claim{ID: id, Owner: idem.NewOwner(), Fence: 7, Attempt: 2}
		e.fenced("Complete", e.store.Complete(e.Context(), c, nil, []byte("x"), e.lease()))
		e.expect(id, idem.Pending)
	}},
	{name: "Complete/LifetimeRunsFromCompletion", check: func(e *env) {
		r := e.request(e.id())
		c := e.acquire(r)
		e.pass(3 * e.unit)
		e.ok("Complete", e.store.Complete(e.Context(), c, nil, []byte("x"), 4*e.unit))
		e.pass(2 * e.unit)
		e.expect(r.ID, idem.Done)
		e.pass(4 * e.unit)
		e.expect(r.ID, idem.Acquired)
	}},
	{name: "Complete/RefusesNonPositiveLifetime", check: func(e *env) {
		c := e.acquire(e.request(e.id()))
		if err := e.store.Complete(e.Context(), c, nil, nil, 0); err == nil {
			e.Error("no error")
		}
		e.expect(c.ID, idem.Pending)
	}},
	{name: "Complete/KeepsItsOwnCopy", check: func(e *env) {
		c := e.acquire(e.request(e.id()))
		fingerprint, record := []byte("fingerprint"), []byte("record")
		e.ok("Complete", e.store.Complete(e.Context(), c, fingerprint, record, e.lease()))
		fingerprint[0], record[0] = 'X', 'X'
		if result := e.expect(c.ID, idem.Done); string(result.Record) != "record" || string(result.Fingerprint) != "fingerprint" {
			e.Errorf("result = %q, %q after the caller reused its bytes", result.Record, result.Fingerprint)
		}
	}},
	{name: "Complete/RacingOwnersOneRecord", busy: true, check: raceCompletes},
}

// raceCompletes lets the overtaken and the current owner complete at once, many
// times over: the current owner's record must be the one that stays.
func raceCompletes(e *env) {
	const rounds = 20
	for range rounds {
		r := e.request(e.id())
		first := e.acquire(r)
		e.ok("Abandon", e.store.Abandon(e.Context(), first, "test"))
		second := e.acquire(takeOver(e, r.ID))
		var wg sync.WaitGroup
		var err1, err2 error
		wg.Go(func() { err1 = e.store.Complete(e.Context(), first, nil, []byte("first"), e.lease()) })
		wg.Go(func() { err2 = e.store.Complete(e.Context(), second, []byte("fp:second"), []byte("second"), e.lease()) })
		wg.Wait()
		e.fenced("Complete of the overtaken owner", err1)
		e.ok("Complete of the current owner", err2)
		e.expectDone(r.ID, "second")
	}
}
