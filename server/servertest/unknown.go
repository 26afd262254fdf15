package servertest

import (
	"net/http"

	"github.com/goaroundhq/goaround/idem"
)

var unknownRules = []rule{
	{name: "Unknown/OnEveryMachine", check: func(e *env) {
		s := e.serve(func(http.ResponseWriter, *http.Request) { panic("crash") })
		s.post("k")
		other := e.serve(created)
		other.untilUnknown("k")
		other.expectRuns(0)
	}},
	{name: "Unknown/ResolvedToAbsentRunsAgain", check: withAdmin(func(e *env, a idem.Admin) {
		s := e.serveFirst(func(http.ResponseWriter, *http.Request) { panic("crash") }, idem.AtMostOnce)
		s.post("k")
		s.untilUnknown("k")
		e.ok("Resolve", a.Resolve(e.Context(), e.operation("k"), idem.Resolution{State: idem.Absent}))
		s.expectAttempt(s.post("k"), 1)
		s.expectRuns(2)
	})},
	{name: "Unknown/ResolvedToDoneIsReplayed", check: withAdmin(func(e *env, a idem.Admin) {
		s := e.serve(created)
		s.expectCreated(s.post("other"))
		other, err := e.store.Claim(e.Context(), idem.ClaimRequest{
			ID: e.operation("other"), Owner: idem.NewOwner(), Lease: e.unit, TTL: e.unit,
		})
		e.ok("Claim", err)
		crashing := e.serve(func(http.ResponseWriter, *http.Request) { panic("crash") })
		crashing.post("k")
		s.untilUnknown("k")
		// An operator need not know the request.
		e.ok("Resolve", a.Resolve(e.Context(), e.operation("k"), idem.Resolution{
			State: idem.Done, Record: other.Record, TTL: 1000 * e.unit,
		}))
		s.expectReplay(s.post("k"))
		s.expectRuns(1)
	})},
}

func withAdmin(check func(*env, idem.Admin)) func(*env) {
	return func(e *env) {
		a, ok := e.store.(idem.Admin)
		if !ok {
			e.Skip("the store has no Admin")
		}
		check(e, a)
	}
}
