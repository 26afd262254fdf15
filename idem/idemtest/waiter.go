package idemtest

import (
	"context"
	"errors"
	"time"

	"github.com/goaroundhq/goaround/idem"
)

var waiterRules = []rule{
	{name: "Waiter/ReturnsAtOnceWhenNotPending", check: withWaiter(func(e *env, w idem.Waiter) {
		c := e.acquire(e.request(e.id()))
		e.complete(c, "result")
		for _, id := range []idem.ID{e.id(), c.ID} {
			e.ok("Wait", w.Wait(e.Context(), id))
		}
	})},
	{name: "Waiter/WakesOnComplete", check: withWaiter(func(e *env, w idem.Waiter) {
		e.wakes(w, func(c idem.Claim) { e.complete(c, "result") })
	})},
	{name: "Waiter/WakesOnRelease", check: withWaiter(func(e *env, w idem.Waiter) {
		e.wakes(w, func(c idem.Claim) { e.ok("Release", e.store.Release(e.Context(), c)) })
	})},
	{name: "Waiter/WakesOnAbandon", check: withWaiter(func(e *env, w idem.Waiter) {
		e.wakes(w, func(c idem.Claim) { e.ok("Abandon", e.store.Abandon(e.Context(), c, "test")) })
	})},
	{name: "Waiter/WakesOnPurge", check: withWaiter(func(e *env, w idem.Waiter) {
		a := e.admin()
		e.wakes(w, func(c idem.Claim) { e.ok("Purge", a.Purge(e.Context(), c.ID)) })
	})},
	{name: "Waiter/EndsWithItsContext", check: withWaiter(func(e *env, w idem.Waiter) {
		c := e.acquire(e.request(e.id()))
		ctx, cancel := context.WithTimeout(e.Context(), e.unit)
		defer cancel()
		var err error
		for err == nil && ctx.Err() == nil { // it may return early without a cause
			err = w.Wait(ctx, c.ID)
		}
		if err != nil && !errors.Is(err, context.DeadlineExceeded) {
			e.Errorf("Wait: %v, want context.DeadlineExceeded", err)
		}
	})},
}

func withWaiter(check func(*env, idem.Waiter)) func(*env) {
	return func(e *env) {
		w, ok := e.store.(idem.Waiter)
		if !ok || errors.Is(w.Wait(e.Context(), e.id()), errors.ErrUnsupported) {
			e.Skip("the store has no Waiter")
		}
		check(e, w)
	}
}

// wakes starts several waiters, changes the record and must see all return.
func (e *env) wakes(w idem.Waiter, change func(idem.Claim)) {
	e.Helper()
	const waiters = 8
	c := e.acquire(e.request(e.id()))
	done := make(chan error, waiters)
	for range waiters {
		go func() { done <- w.Wait(e.Context(), c.ID) }()
	}
	e.pass(e.unit) // let them wait
	change(c)
	timeout := time.NewTimer(10 * e.unit)
	defer timeout.Stop()
	for range waiters {
		select {
		case err := <-done:
			e.ok("Wait", err)
		case <-timeout.C:
			e.Fatal("a waiter was not woken")
		}
	}
}
