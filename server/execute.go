package server

import (
	"context"
	"net/http"
	"sync/atomic"

	"github.com/goaroundhq/goaround/idem"
)

// run is one execution of a handler under a claim. Everything it needs is in it, so
// that a request costs one allocation for all of it. It is not reused: a handler's
// goroutines may outlive the request.
type run struct {
	held    idem.Held
	ctx     runContext
	body    hashedBody
	capture capture
	tx      *transaction  // nil when the route is not transactional
	inner   *http.Request // as the handler sees it
	verdict atomic.Int32
}

// What a handler said about its own outcome.
const (
	verdictNone int32 = iota
	verdictNothing
	verdictUnknown
)

type runKey struct{}

// runContext carries the run to the functions that a handler may call.
type runContext struct {
	context.Context
	run *run
}

func (c *runContext) Value(key any) any {
	if key == (runKey{}) {
		return c.run
	}
	return c.Context.Value(key)
}

func runFrom(ctx context.Context) *run {
	r, _ := ctx.Value(runKey{}).(*run)
	return r
}

// NothingHappened says of the request that ctx belongs to that it had no effect: the
// key is free again when the handler returns. It reports whether ctx belongs to a
// guarded request.
func NothingHappened(ctx context.Context) bool { return pronounce(ctx, verdictNothing) }

// OutcomeUnknown says of the request that ctx belongs to that nobody can know
// whether it had its effect, for example because another service did not answer:
// repetitions get 409 outcome-unknown, or run with [idem.AtLeastOnce]. It reports
// whether ctx belongs to a guarded request.
func OutcomeUnknown(ctx context.Context) bool { return pronounce(ctx, verdictUnknown) }

func pronounce(ctx context.Context, v int32) bool {
	r := runFrom(ctx)
	if r == nil {
		return false
	}
	r.verdict.Store(v)
	return true
}

// execute runs the handler and ends the claim by how it went.
func (h *handler) execute(c idem.Claim, key string, echo []string, w http.ResponseWriter, r *http.Request) {
	x := new(run)
	h.guard.Hold(r.Context(), c, key, &x.held)
	ended := false
	defer func() {
		if x.inner != nil { // what middleware outside, and net/http itself, look at afterwards
			r.Pattern, r.MultipartForm = x.inner.Pattern, x.inner.MultipartForm
		}
		if !ended { // a panic or runtime.Goexit, which go their way
			a := x.abort()
			a.Pattern = r.Pattern
			h.answered(r.Context(), a)
		}
	}()
	x.ctx = runContext{Context: x.held.Context(), run: x}
	x.capture.init(w, r, h, echo)
	x.inner = r.WithContext(&x.ctx)
	x.body.init(r)
	if h.tx != nil {
		x.tx = h.tx.transaction(x.held.Context())
	}
	if r.Body != nil && r.Body != http.NoBody {
		x.inner.Body = &x.body
	}
	h.next.ServeHTTP(&x.capture, x.inner)
	a := h.finish(x)
	a.Pattern = x.inner.Pattern
	ended = true
	h.answered(r.Context(), a)
}
