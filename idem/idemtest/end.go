package idemtest

import (
	"context"
	"errors"
	"strings"

	"github.com/goaroundhq/goaround/idem"
)

var endRules = []rule{
	{name: "Release/FreesTheID", check: func(e *env) {
		c := e.acquire(e.request(e.id()))
		e.ok("Release", e.store.Release(e.Context(), c))
		if again := e.expect(c.ID, idem.Acquired); again.Claim.Attempt != 1 {
			e.Errorf("Attempt = %d, want 1: nothing happened before", again.Claim.Attempt)
		}
	}},
	{name: "Release/TwiceIsFine", check: func(e *env) {
		c := e.acquire(e.request(e.id()))
		e.ok("Release", e.store.Release(e.Context(), c))
		e.ok("Release again", e.store.Release(e.Context(), c))
	}},
	{name: "Release/OfAnotherOwnerIsFenced", check: func(e *env) {
		c := e.acquire(e.request(e.id()))
		c.Owner = idem.NewOwner()
		e.fenced("Release", e.store.Release(e.Context(), c))
		e.expect(c.ID, idem.Pending)
	}},
	{name: "Release/NeverForgetsADoneRecord", check: func(e *env) {
		c := e.acquire(e.request(e.id()))
		e.complete(c, "result")
		e.lost("Release", e.store.Release(e.Context(), c))
		e.expectDone(c.ID, "result")
	}},
	{name: "Release/NeverForgetsAnUnknownRecord", check: func(e *env) {
		c := e.acquire(e.request(e.id()))
		e.ok("Abandon", e.store.Abandon(e.Context(), c, "test"))
		e.lost("Release", e.store.Release(e.Context(), c))
		e.expect(c.ID, idem.Unknown)
	}},
	{name: "Release/NeedsOnlyTheOwner", check: func(e *env) {
		// A claim whose reply was lost is handed back without knowing its fence.
		c := e.acquire(e.request(e.id()))
		e.ok("Release", e.store.Release(e.Context(), idem.Claim{ID: c.ID, Owner: c.Owner}))
		e.expect(c.ID, idem.Acquired)
	}},
	{name: "Abandon/IsUnknown", check: func(e *env) {
		c := e.acquire(e.request(e.id()))
		e.ok("Abandon", e.store.Abandon(e.Context(), c, "test"))
		e.expect(c.ID, idem.Unknown)
	}},
	{name: "Abandon/AnyReason", check: func(e *env) {
		for _, reason := range []string{"", "\x00\xff", strings.Repeat("no room ", 10_000)} {
			c := e.acquire(e.request(e.id()))
			e.ok("Abandon", e.store.Abandon(e.Context(), c, reason))
			e.expect(c.ID, idem.Unknown)
		}
	}},
	{name: "Abandon/TwiceIsFine", check: func(e *env) {
		c := e.acquire(e.request(e.id()))
		e.ok("Abandon", e.store.Abandon(e.Context(), c, "test"))
		e.ok("Abandon again", e.store.Abandon(e.Context(), c, "test"))
	}},
	{name: "Abandon/OfAnotherOwnerIsFenced", check: func(e *env) {
		c := e.acquire(e.request(e.id()))
		c.Owner = idem.NewOwner()
		e.fenced("Abandon", e.store.Abandon(e.Context(), c, "test"))
		e.expect(c.ID, idem.Pending)
	}},
	{name: "Abandon/NeverUndoesDone", check: func(e *env) {
		c := e.acquire(e.request(e.id()))
		e.complete(c, "result")
		e.lost("Abandon", e.store.Abandon(e.Context(), c, "test"))
		e.expectDone(c.ID, "result")
	}},
	{name: "Abandon/OfNothingIsLost", check: func(e *env) {
		c := idem.Claim{ID: e.id(), Owner: idem.NewOwner(), Fence: 1, Attempt: 1}
		e.lost("Abandon", e.store.Abandon(e.Context(), c, "test"))
	}},
	{name: "Abandon/StaysForItsLifetime", check: func(e *env) {
		r := e.request(e.id())
		r.Lease, r.TTL = e.unit, 6*e.unit
		c := e.acquire(r)
		e.ok("Abandon", e.store.Abandon(e.Context(), c, "test"))
		e.pass(3 * e.unit)
		e.expect(r.ID, idem.Unknown)
		e.pass(6 * e.unit)
		e.expect(r.ID, idem.Acquired)
	}},
}

var contextRules = []rule{
	{name: "Context/CancelledClaimChangesNothing", check: func(e *env) {
		r := e.request(e.id())
		_, err := e.store.Claim(e.cancelled(), r)
		e.canceled("Claim", err)
		e.expect(r.ID, idem.Acquired)
	}},
	{name: "Context/CancelledEndingsChangeNothing", check: func(e *env) {
		c := e.acquire(e.request(e.id()))
		ctx := e.cancelled()
		e.canceled("Extend", e.store.Extend(ctx, c, e.lease()))
		e.canceled("Complete", e.store.Complete(ctx, c, nil, []byte("x"), e.lease()))
		e.canceled("Release", e.store.Release(ctx, c))
		e.canceled("Abandon", e.store.Abandon(ctx, c, "test"))
		e.expect(c.ID, idem.Pending)
	}},
}

func (e *env) canceled(what string, err error) {
	e.Helper()
	if !errors.Is(err, context.Canceled) {
		e.Errorf("%s with a cancelled context: %v, want context.Canceled", what, err)
	}
}
