package servertest

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server"
)

var leaseRules = []rule{
	{name: "Lease/SlowHandlerOutlivesItAtMostOnce", check: func(e *env) { e.slowHandler(idem.AtMostOnce) }},
	{name: "Lease/SlowHandlerOutlivesItAtLeastOnce", check: func(e *env) { e.slowHandler(idem.AtLeastOnce) }},
	{name: "Lease/LateResultIsKept", check: func(e *env) {
		// The lease of the first is over, but nobody took the operation from it.
		h := newSlow(e)
		first, wire := e.machine(h.serve, server.WithGuard(idem.WithLease(2*e.unit)))
		second := e.serve(attempted)
		late := first.begin("k")
		await(e, "the handler", h.started)
		wire.refuse(always(errDown, extending))
		second.untilUnknown("k")
		close(h.goOn)
		first.expectAttempt(await(e, "the late response", late), 1)
		again := second.post("k")
		second.expectAttempt(again, 1)
		second.expectRuns(0)
	}},
	{name: "Lease/OvertakenResultIsFenced", check: overtaken},
	{name: "Lease/CutOffHandlerIsCancelled", check: func(e *env) {
		// Somebody may have taken over: the handler is told to stop, and why.
		cause := make(chan error, 1)
		s, wire := e.machine(func(_ http.ResponseWriter, r *http.Request) {
			e.hold(r.Context().Done())
			cause <- context.Cause(r.Context())
		}, server.WithGuard(idem.WithLease(2*e.unit), idem.WithGuarantee(idem.AtLeastOnce)))
		wire.refuse(always(errDown, extending))
		s.begin("k")
		if err := await(e, "the end of the handler's context", cause); !errors.Is(err, idem.ErrLost) {
			e.Errorf("cause %v, want ErrLost", err)
		}
	}},
}

// slow is a handler that runs until it may go on, whatever happens to its context.
type slow struct {
	*env
	started, goOn chan struct{}
	fence         atomic.Uint64
}

func newSlow(e *env) *slow {
	return &slow{env: e, started: make(chan struct{}), goOn: make(chan struct{})}
}

func (h *slow) serve(w http.ResponseWriter, r *http.Request) {
	a, _ := idem.FromContext(r.Context())
	h.fence.Store(a.Fence)
	close(h.started)
	h.hold(h.goOn)
	attempted(w, r)
}

// slowHandler runs for more than two leases, and its operation is its own all the time.
func (e *env) slowHandler(guarantee idem.Guarantee) {
	lease := 3 * e.unit
	opts := server.WithGuard(idem.WithLease(lease), idem.WithGuarantee(guarantee))
	h := newSlow(e)
	first, wire := e.machine(h.serve, opts)
	second := e.serve(attempted, opts)
	end := time.Now().Add(2 * lease)
	later := make(chan idem.State, 1)
	wire.lose(func(ctx context.Context, s step) error {
		if s.kind != extending || time.Now().Before(end) {
			return nil
		}
		// Another machine asks, while the lease is fresh on a busy machine too.
		r := idem.ClaimRequest{ID: s.claim.ID, Owner: idem.NewOwner(), Lease: lease, TTL: lease, TakeOver: guarantee == idem.AtLeastOnce}
		result, err := e.store.Claim(ctx, r)
		if err == nil {
			select {
			case later <- result.State:
			default:
			}
		}
		return nil
	})
	running := first.begin("k")
	await(e, "the handler", h.started)
	if got := await(e, "a late renewal", later); got != idem.Pending {
		e.Errorf("after a renewal the operation is %v, want pending", got)
	}
	close(h.goOn)
	first.expectAttempt(await(e, "the first response", running), 1)
	second.expectAttempt(second.post("k"), 1)
	second.expectRuns(0)
	first.expectRuns(1)
}

// The first machine comes back when another one has run its operation: its client gets its
// response, the record is that of the other, and the observer is told of the double run.
func overtaken(e *env) {
	atLeastOnce := idem.WithGuarantee(idem.AtLeastOnce)
	h := newSlow(e)
	first, wire := e.machine(h.serve, server.WithGuard(idem.WithLease(2*e.unit), atLeastOnce))
	var fence uint64
	second := e.serve(func(w http.ResponseWriter, r *http.Request) {
		a, _ := idem.FromContext(r.Context())
		fence = a.Fence
		attempted(w, r)
	}, server.WithGuard(atLeastOnce))
	late := first.begin("k")
	await(e, "the handler", h.started)
	wire.refuse(always(errDown, extending))
	second.expectAttempt(second.settled("k"), 2)
	if old := h.fence.Load(); fence <= old {
		e.Errorf("fence %d of the second after %d of the first, want more", fence, old)
	}
	close(h.goOn)
	first.expectAttempt(await(e, "the late response", late), 1)
	if a := first.lastAnswer(); !errors.Is(a.Err, idem.ErrFenced) {
		e.Errorf("the observer was told %v, want ErrFenced", a.Err)
	}
	second.expectAttempt(second.post("k"), 2)
	second.expectRuns(1)
}
