package idemtest

import "github.com/goaroundhq/goaround/idem"

var recallerRules = []rule{
	{name: "Recaller/KnowsOnlyWhatIsDone", check: withRecaller(func(e *env, r idem.Recaller) {
		absent, pending, unknown := e.id(), e.id(), e.id()
		e.acquire(e.request(pending))
		e.expect(pending, idem.Pending)
		e.ok("Abandon", e.store.Abandon(e.Context(), e.acquire(e.request(unknown)), "test"))
		e.expect(unknown, idem.Unknown)
		for _, id := range []idem.ID{absent, pending, unknown} {
			if result, ok := r.Recall(id); ok {
				e.Errorf("recalls %+v of what is not done", result)
			}
		}
	})},
	{name: "Recaller/SaysWhatTheStoreSays", check: withRecaller(func(e *env, r idem.Recaller) {
		c := e.acquire(e.request(e.id()))
		e.complete(c, "result")
		want := e.expect(c.ID, idem.Done)
		got, ok := r.Recall(c.ID)
		if !ok {
			return // it may have kept nothing
		}
		if got.State != idem.Done || string(got.Record) != string(want.Record) || string(got.Fingerprint) != string(want.Fingerprint) {
			e.Errorf("recalls %+v, and the store says %+v", got, want)
		}
	})},
	{name: "Recaller/ForgetsWithTheLifetime", check: withRecaller(func(e *env, r idem.Recaller) {
		c := e.acquire(e.request(e.id()))
		e.ok("Complete", e.store.Complete(e.Context(), c, nil, []byte("x"), 2*e.unit))
		e.expect(c.ID, idem.Done)
		e.pass(3 * e.unit)
		if result, ok := r.Recall(c.ID); ok {
			e.Errorf("recalls %+v after its lifetime", result)
		}
	})},
	{name: "Recaller/ForgetsWithPurge", check: withRecaller(func(e *env, r idem.Recaller) {
		a := e.admin()
		c := e.acquire(e.request(e.id()))
		e.complete(c, "result")
		e.expectDone(c.ID, "result")
		e.ok("Purge", a.Purge(e.Context(), c.ID))
		if result, ok := r.Recall(c.ID); ok {
			e.Errorf("recalls %+v after it was purged", result)
		}
	})},
}

func withRecaller(check func(*env, idem.Recaller)) func(*env) {
	return func(e *env) {
		r, ok := e.store.(idem.Recaller)
		if !ok {
			e.Skip("the store has no Recaller")
		}
		check(e, r)
	}
}
