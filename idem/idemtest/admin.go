package idemtest

import (
	"errors"
	"strings"

	"github.com/goaroundhq/goaround/idem"
)

var adminRules = []rule{
	{name: "Admin/GetShowsEveryState", check: withAdmin(func(e *env, a idem.Admin) {
		absent, pending, done, unknown, lapsed := e.id(), e.id(), e.id(), e.id(), e.id()
		e.acquire(e.request(pending))
		e.complete(e.acquire(e.request(done)), "result")
		e.ok("Abandon", e.store.Abandon(e.Context(), e.acquire(e.request(unknown)), "power cut"))
		r := e.request(lapsed)
		r.Lease = e.unit
		e.acquire(r)
		e.pass(2 * e.unit)
		for id, want := range map[idem.ID]idem.State{
			absent: idem.Absent, pending: idem.Pending, done: idem.Done, unknown: idem.Unknown, lapsed: idem.Unknown,
		} {
			info := e.get(a, id)
			if info.State != want || info.ID != id {
				e.Errorf("Get = %+v, want %v", info, want)
			}
			if (want != idem.Absent) != (info.ExpiresIn > 0) {
				e.Errorf("%v expires in %v", want, info.ExpiresIn)
			}
		}
		if got := e.get(a, unknown).Reason; got != "power cut" {
			e.Errorf("Reason = %q, want what Abandon was given", got)
		}
		if got := e.get(a, done).Size; got < len("fp:result")+len("result") { // more when it is sealed
			e.Errorf("Size = %d, less than fingerprint and record have", got)
		}
	})},
	{name: "Admin/ReasonIsCutToItsBound", check: withAdmin(func(e *env, a idem.Admin) {
		c := e.acquire(e.request(e.id()))
		e.ok("Abandon", e.store.Abandon(e.Context(), c, strings.Repeat("x", 2*idem.MaxReason)))
		if got := e.get(a, c.ID).Reason; got != strings.Repeat("x", idem.MaxReason) {
			e.Errorf("Reason of %d bytes, want %d", len(got), idem.MaxReason)
		}
	})},
	{name: "Admin/ResolveToDone", check: withAdmin(func(e *env, a idem.Admin) {
		c := e.acquire(e.request(e.id()))
		e.ok("Abandon", e.store.Abandon(e.Context(), c, "test"))
		e.ok("Resolve", a.Resolve(e.Context(), c.ID, idem.Resolution{
			State: idem.Done, Fingerprint: []byte("fp:resolved"), Record: []byte("resolved"), TTL: e.lease(),
		}))
		e.expectDone(c.ID, "resolved")
	})},
	{name: "Admin/ResolveToAbsent", check: withAdmin(func(e *env, a idem.Admin) {
		c := e.acquire(e.request(e.id()))
		e.ok("Abandon", e.store.Abandon(e.Context(), c, "test"))
		e.ok("Resolve", a.Resolve(e.Context(), c.ID, idem.Resolution{State: idem.Absent}))
		e.expect(c.ID, idem.Acquired)
	})},
	{name: "Admin/ResolveALapsedLease", check: withAdmin(func(e *env, a idem.Admin) {
		r := e.request(e.id())
		r.Lease = e.unit
		e.acquire(r)
		e.pass(2 * e.unit)
		e.ok("Resolve", a.Resolve(e.Context(), r.ID, idem.Resolution{State: idem.Absent}))
		e.expect(r.ID, idem.Acquired)
	})},
	{name: "Admin/ResolveOnlyUnknown", check: withAdmin(func(e *env, a idem.Admin) {
		running := e.acquire(e.request(e.id()))
		if err := a.Resolve(e.Context(), running.ID, idem.Resolution{}); !errors.Is(err, idem.ErrResolve) {
			e.Errorf("Resolve of a running claim: %v, want ErrResolve", err)
		}
		done := e.acquire(e.request(e.id()))
		e.complete(done, "result")
		if err := a.Resolve(e.Context(), done.ID, idem.Resolution{}); !errors.Is(err, idem.ErrResolve) {
			e.Errorf("Resolve of a done record: %v, want ErrResolve", err)
		}
		e.lost("Resolve of nothing", a.Resolve(e.Context(), e.id(), idem.Resolution{}))
		e.expectDone(done.ID, "result")
	})},
	{name: "Admin/ResolveRefusesOtherStates", check: withAdmin(func(e *env, a idem.Admin) {
		c := e.acquire(e.request(e.id()))
		e.ok("Abandon", e.store.Abandon(e.Context(), c, "test"))
		for _, r := range []idem.Resolution{{State: idem.Pending}, {State: idem.Unknown}, {State: idem.Done}} {
			if err := a.Resolve(e.Context(), c.ID, r); err == nil {
				e.Errorf("Resolve to %v without a lifetime: no error", r.State)
			}
		}
		e.expect(c.ID, idem.Unknown)
	})},
	{name: "Admin/PurgeForgets", check: withAdmin(func(e *env, a idem.Admin) {
		c := e.acquire(e.request(e.id()))
		e.complete(c, "result")
		e.ok("Purge", a.Purge(e.Context(), c.ID))
		e.ok("Purge of nothing", a.Purge(e.Context(), c.ID))
		e.expect(c.ID, idem.Acquired)
	})},
	{name: "Admin/ScanFindsThemAll", check: withAdmin(func(e *env, a idem.Admin) {
		want := map[idem.ID]idem.State{}
		for i := range 20 {
			c := e.acquire(e.request(e.id()))
			want[c.ID] = idem.Pending
			if i%2 == 0 {
				e.complete(c, "result")
				want[c.ID] = idem.Done
			}
		}
		found := map[idem.ID]bool{}
		for info, err := range a.Scan(e.Context()) {
			e.ok("Scan", err)
			if state, ours := want[info.ID]; ours {
				found[info.ID] = true // a server may show it twice
				if state != info.State {
					e.Errorf("Scan shows %v, want %v", info.State, state)
				}
			}
		}
		if len(found) != len(want) {
			e.Errorf("Scan found %d of %d records", len(found), len(want))
		}
	})},
	{name: "Admin/ScanStopsWhenAsked", check: withAdmin(func(e *env, a idem.Admin) {
		for range 3 {
			e.acquire(e.request(e.id()))
		}
		seen := 0
		for _, err := range a.Scan(e.Context()) {
			e.ok("Scan", err)
			seen++
			break
		}
		if seen != 1 {
			e.Errorf("saw %d records, want 1", seen)
		}
	})},
	{name: "Admin/CancelledChangesNothing", check: withAdmin(func(e *env, a idem.Admin) {
		c := e.acquire(e.request(e.id()))
		e.ok("Abandon", e.store.Abandon(e.Context(), c, "test"))
		ctx := e.cancelled()
		_, err := a.Get(ctx, c.ID)
		e.canceled("Get", err)
		e.canceled("Resolve", a.Resolve(ctx, c.ID, idem.Resolution{}))
		e.canceled("Purge", a.Purge(ctx, c.ID))
		for _, err := range a.Scan(ctx) {
			e.canceled("Scan", err)
		}
		e.expect(c.ID, idem.Unknown)
	})},
}

func withAdmin(check func(*env, idem.Admin)) func(*env) {
	return func(e *env) {
		check(e, e.admin())
	}
}

// admin skips the rule when the store is none, or wraps one that is none.
func (e *env) admin() idem.Admin {
	e.Helper()
	a, ok := e.store.(idem.Admin)
	if ok {
		_, err := a.Get(e.Context(), e.id())
		ok = !errors.Is(err, errors.ErrUnsupported)
	}
	if !ok {
		e.Skip("the store has no Admin")
	}
	return a
}

func (e *env) get(a idem.Admin, id idem.ID) idem.Info {
	e.Helper()
	info, err := a.Get(e.Context(), id)
	e.ok("Get", err)
	return info
}
