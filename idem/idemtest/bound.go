package idemtest

import (
	"errors"

	"github.com/goaroundhq/goaround/idem"
)

var boundRules = []rule{
	{name: "Bound/RefusesClaimsWhenFull", bounded: true, check: func(e *env) {
		claims := e.fill()
		if len(claims) < 4 {
			e.Fatalf("room for %d claims only", len(claims))
		}
		// Refused, and none of those that run was evicted for it.
		for _, c := range claims {
			e.ok("Extend", e.store.Extend(e.Context(), c, e.lease()))
		}
	}},
	{name: "Bound/FullStillNotesThatItIsDone", bounded: true, check: func(e *env) {
		claims := e.fill()
		c := claims[0]
		err := e.store.Complete(e.Context(), c, nil, make([]byte, 2*maxBytes), e.lease())
		if !errors.Is(err, idem.ErrFull) {
			e.Fatalf("Complete with too large a record: %v, want ErrFull", err)
		}
		e.expect(c.ID, idem.Pending)
		for _, c := range claims {
			e.ok("Complete", e.store.Complete(e.Context(), c, make([]byte, 32), make([]byte, idem.MinRecord-32), e.lease()))
		}
	}},
	{name: "Bound/ReleaseMakesRoom", bounded: true, check: func(e *env) {
		claims := e.fill()
		e.ok("Release", e.store.Release(e.Context(), claims[0]))
		e.acquire(e.request(e.id()))
	}},
	{name: "Bound/ExpiryMakesRoom", bounded: true, check: func(e *env) {
		for _, c := range e.fill() {
			e.ok("Complete", e.store.Complete(e.Context(), c, nil, []byte("x"), e.unit))
		}
		e.pass(2 * e.unit)
		if n := len(e.fill()); n < 4 {
			e.Errorf("room for %d claims after all records expired", n)
		}
	}},
	{name: "Bound/ExpiryMakesRoomForAResolution", bounded: true, check: withAdmin(func(e *env, a idem.Admin) {
		unknown := e.acquire(e.request(e.id()))
		e.ok("Abandon", e.store.Abandon(e.Context(), unknown, "test"))
		large := e.acquire(e.request(e.id()))
		e.ok("Complete", e.store.Complete(e.Context(), large, nil, make([]byte, maxBytes*3/4), e.unit))
		e.pass(2 * e.unit)
		e.ok("Resolve", a.Resolve(e.Context(), unknown.ID, idem.Resolution{
			State: idem.Done, Record: make([]byte, maxBytes*3/4), TTL: e.lease(),
		}))
	})},
	{name: "Bound/LargeRecordsGiveTheirRoomBack", bounded: true, check: func(e *env) {
		rounds := 5
		if e.bubble {
			rounds = 50
		}
		before := len(e.fillAndRelease())
		for range rounds {
			c := e.acquire(e.request(e.id()))
			e.ok("Complete", e.store.Complete(e.Context(), c, nil, make([]byte, maxBytes/2), e.unit))
			e.pass(2 * e.unit)
		}
		if after := len(e.fillAndRelease()); after != before {
			e.Errorf("room for %d claims, %d before: the bound leaks", after, before)
		}
	}},
}

// fill claims until the store refuses.
func (e *env) fill() []idem.Claim {
	e.Helper()
	var claims []idem.Claim
	for len(claims) <= maxBytes {
		result, err := e.store.Claim(e.Context(), e.request(e.id()))
		if errors.Is(err, idem.ErrFull) {
			return claims
		}
		e.ok("Claim", err)
		claims = append(claims, result.Claim)
	}
	e.Fatalf("more than %d claims in %d bytes", maxBytes, maxBytes)
	return nil
}

func (e *env) fillAndRelease() []idem.Claim {
	e.Helper()
	claims := e.fill()
	for _, c := range claims {
		e.ok("Release", e.store.Release(e.Context(), c))
	}
	return claims
}
