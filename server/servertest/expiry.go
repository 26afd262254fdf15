package servertest

import (
	"context"
	"net/http"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server"
)

var expiryRules = []rule{
	{name: "Expiry/RecordIsForgottenAfterItsLifetime", check: func(e *env) {
		s := e.serve(created, server.WithGuard(idem.WithTTL(3*e.unit)))
		s.expectCreated(s.post("k"))
		s.expectCreated(s.until("another run", "k", func(r reply) bool { return !r.replayed() }))
		s.expectRuns(2)
	}},
	{name: "Expiry/KeyWithItsTimeIsRefusedBeforeItIsForgotten", check: func(e *env) {
		// Without the refusal there would be a moment at which it runs again.
		s := e.serve(func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(e.unit) // the lifetime of the record begins later than that of the key
			created(w, r)
		}, server.WithExpiringKeys(nil), server.WithGuard(idem.WithTTL(3*e.unit)))
		key := idem.NewKey()
		first := s.post(key)
		for first.says(idem.KeyExpired) { // on its way, on a busy machine
			key = idem.NewKey()
			first = s.post(key)
		}
		s.expectCreated(first)
		r := s.until("the end of the key", key, func(r reply) bool { return !r.replayed() })
		s.expectProblem(r, http.StatusBadRequest, idem.KeyExpired)
		s.expectRuns(1)
	}},
	{name: "Expiry/KeyThatExpiresOnItsWayToTheStoreIsRefused", check: func(e *env) {
		lifetime := server.WithGuard(idem.WithTTL(5 * e.unit))
		s, wire := e.machine(created, server.WithExpiringKeys(nil), lifetime)
		onItsWay, forgotten := make(chan struct{}), make(chan struct{})
		var again <-chan reply
		runs := int32(0)
		for asked := false; !asked; { // on a busy machine the key can expire too early
			key := idem.NewKey()
			if s.post(key).says(idem.KeyExpired) {
				continue
			}
			runs++
			wire.refuse(func(_ context.Context, made step) error {
				if made.kind == claiming {
					close(onItsWay)
					e.hold(forgotten)
				}
				return nil
			})
			again = s.begin(key)
			select {
			case <-onItsWay:
				asked = true
			case r := <-again:
				s.expectProblem(r, http.StatusBadRequest, idem.KeyExpired)
				wire.refuse(up)
			}
		}
		// The record is gone when a younger one is.
		later := e.serve(created, lifetime)
		later.expectCreated(later.post("later"))
		later.until("the end of a younger record", "later", func(r reply) bool { return !r.replayed() })
		close(forgotten)
		s.expectProblem(await(e, "the second response", again), http.StatusBadRequest, idem.KeyExpired)
		s.expectRuns(runs)
	}},
	{name: "Expiry/RunningIsNotForgotten", check: func(e *env) {
		h := newSlow(e)
		lifetime := server.WithGuard(idem.WithTTL(2 * e.unit))
		s := e.serve(h.serve, lifetime)
		first := s.begin("k")
		await(e, "the handler", h.started)
		// By the store's own clock a lifetime passes.
		other := e.serve(created, lifetime)
		other.expectCreated(other.post("other"))
		other.until("the end of another record", "other", func(r reply) bool { return !r.replayed() })
		s.expectProblem(s.post("k"), http.StatusConflict, idem.InProgress)
		close(h.goOn)
		s.expectAttempt(await(e, "the first response", first), 1)
	}},
}
