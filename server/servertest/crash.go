package servertest

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server"
)

var crashRules = []rule{
	{name: "Crash/ReadsAsUnknown", check: func(e *env) {
		first := e.die("k")
		second := e.serve(created)
		second.untilUnknown("k")
		second.untilUnknown("k")
		second.expectRuns(0)
		// And it stays so when the dead one turns out to have been cut off only.
		close(first.goOn)
		await(e, "the end of the first", first.ended)
		second.untilUnknown("k")
		second.expectRuns(0)
	}},
	{name: "Crash/RunsAgainAtLeastOnce", check: func(e *env) {
		first := e.die("k")
		var fence uint64
		var downstream string
		second := e.serve(func(w http.ResponseWriter, r *http.Request) {
			a, _ := idem.FromContext(r.Context())
			fence = a.Fence
			downstream, _ = idem.DownstreamKey(r.Context(), "charge")
			attempted(w, r)
		}, server.WithGuard(idem.WithGuarantee(idem.AtLeastOnce)))
		second.expectAttempt(second.settled("k"), 2)
		second.expectRuns(1)
		if fence <= first.fence {
			e.Errorf("fence %d after %d, want more", fence, first.fence)
		}
		if downstream != first.downstream || downstream == "" {
			e.Errorf("key for another service %q, of the first attempt %q, want the same", downstream, first.downstream)
		}
		if r := second.post("k"); !r.replayed() {
			e.Errorf("%v is not a replay", r)
		}
	}},
	{name: "Crash/WaiterLearnsThatNobodyKnows", check: func(e *env) {
		e.die("k")
		s := e.serve(created, server.WithGuard(idem.WithWait(e.patience()/2)))
		s.expectProblem(s.post("k"), http.StatusConflict, idem.OutcomeUnknown)
		s.expectRuns(0)
	}},
	{name: "Failover/ResultOfAForgottenClaimIsKept", check: func(e *env) {
		s := e.forgetful(func() {}, created)
		s.expectCreated(s.post("k"))
		s.expectReplay(s.post("k"))
		s.expectRuns(1)
	}},
	{name: "Failover/DoubleRunIsToldToTheObserver", check: func(e *env) {
		other := e.serve(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("by the other")) })
		s := e.forgetful(func() { other.expect(other.post("k"), http.StatusOK, "by the other") }, created)
		s.expectCreated(s.post("k"))
		if a := s.lastAnswer(); !errors.Is(a.Err, idem.ErrFenced) {
			e.Errorf("the observer was told %v, want ErrFenced", a.Err)
		}
		s.expect(s.post("k"), http.StatusOK, "by the other")
	}},
	{name: "Failover/HandlerOfAForgottenClaimIsCancelled", check: func(e *env) {
		e.cancelledFor(idem.ErrLost, func() {})
	}},
	{name: "Failover/HandlerWhoseClaimIsAnothersIsCancelled", check: func(e *env) {
		other := e.serve(created)
		e.cancelledFor(idem.ErrFenced, func() { other.expectCreated(other.post("k")) })
	}},
}

// dead is a machine that died while it ran an operation.
type dead struct {
	goOn       chan struct{}
	ended      <-chan reply
	fence      uint64
	downstream string
}

// die begins an operation on a machine that the store never hears of again.
func (e *env) die(key string) *dead {
	e.Helper()
	d := &dead{goOn: make(chan struct{})}
	started := make(chan struct{})
	s, wire := e.machine(func(w http.ResponseWriter, r *http.Request) {
		a, _ := idem.FromContext(r.Context())
		d.fence = a.Fence
		d.downstream, _ = idem.DownstreamKey(r.Context(), "charge")
		close(started)
		e.hold(d.goOn)
		created(w, r)
	}, server.WithGuard(idem.WithLease(2*e.unit)))
	d.ended = s.begin(key)
	await(e, "the handler", started)
	wire.refuse(down)
	return d
}

// forgetful starts a service whose store loses the claim before h begins, as a server does
// that fails over to a copy which never heard of it, and is there again after meanwhile.
func (e *env) forgetful(meanwhile func(), h http.HandlerFunc, opts ...server.Option) *service {
	e.Helper()
	var claim atomic.Pointer[idem.Claim]
	var line *wire
	s, line := e.machine(func(w http.ResponseWriter, r *http.Request) {
		if err := e.store.Release(r.Context(), *claim.Load()); err != nil {
			e.Errorf("Release: %v", err)
		}
		meanwhile()
		line.refuse(up)
		h(w, r)
	}, opts...)
	line.refuse(func(_ context.Context, made step) error {
		if made.kind == claiming {
			claim.Store(&made.claim)
			return nil
		}
		return errDown
	})
	return s
}

// cancelledFor loses the claim of a running handler, which must be told to stop, and why.
func (e *env) cancelledFor(want error, meanwhile func()) {
	cause := make(chan error, 1)
	s := e.forgetful(meanwhile, func(_ http.ResponseWriter, r *http.Request) {
		e.hold(r.Context().Done())
		cause <- context.Cause(r.Context())
	}, server.WithGuard(idem.WithLease(2*e.unit)))
	first := s.begin("k")
	if err := await(e, "the end of the handler's context", cause); !errors.Is(err, want) {
		e.Errorf("cause %v, want %v", err, want)
	}
	await(e, "the first response", first)
}
