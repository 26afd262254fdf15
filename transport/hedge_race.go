package transport

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"
)

// errHedgeLost is the cause with which the context of an exchange ends that another one
// has made needless.
var errHedgeLost = errors.New("transport: another exchange of the attempt was faster")

// race is an attempt whose exchanges run side by side. The first one runs on the caller's
// goroutine, so that an attempt that is not hedged costs none.
type race struct {
	step    *hedgeStep
	req     *http.Request
	target  string
	delay   time.Duration
	started time.Time
	decided chan struct{} // closed when there is a winner, or all have failed
	given   *exchange     // what the caller has got, and looks after

	mu        sync.Mutex
	timer     *time.Timer
	exchanges []*exchange
	pending   int           // exchanges under way
	winner    *exchange     // the first answer, or the best of what there is
	latency   time.Duration // how long the first exchange took, or that it takes longer
	known     bool          // latency is
	refused   error         // why there was no further hedge
	panicked  any           // of a hedge
	over      bool          // there is a winner, or will be none
	left      bool          // the caller has what it gets
}

// exchange is one request of a race and its outcome.
type exchange struct {
	number int // 0 is the first
	ctx    context.Context
	cancel context.CancelCauseFunc
	done   bool
	worth  worth
	resp   *http.Response
	err    error
}

func (r *race) run() (*http.Response, error) {
	defer r.leave() // also when the next RoundTripper panics
	r.mu.Lock()
	first := r.add()
	r.timer = time.AfterFunc(r.delay, r.hedge)
	r.mu.Unlock()
	r.exchange(first, r.req.WithContext(first.ctx))
	<-r.decided
	if r.panicked != nil {
		panic(r.panicked)
	}
	return r.result()
}

// add begins an exchange. It is called with the lock held.
func (r *race) add() *exchange {
	x := &exchange{number: len(r.exchanges)}
	x.ctx, x.cancel = context.WithCancelCause(r.req.Context())
	r.exchanges = append(r.exchanges, x)
	r.pending++
	return x
}

// hedge sends another request beside those that are under way.
func (r *race) hedge() {
	defer func() {
		if v := recover(); v != nil {
			r.fall(v)
		}
	}()
	if x, req := r.open(); x != nil {
		r.exchange(x, req)
	}
}

// fall ends the race with the panic of a hedge, which is the caller's, as that of a
// RoundTripper is that calls none from other goroutines. One that has lost is of no account.
func (r *race) fall(v any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.over {
		r.panicked = v
		r.decide()
	}
}

// open prepares another exchange, if there may be one, and sets the timer for the next.
func (r *race) open() (*exchange, *http.Request) {
	paid, ok := r.pay()
	if !ok {
		return nil, nil
	}
	body, err := r.body() // without the lock, since nobody knows how long it takes
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil || r.over {
		r.refused = err
		paid.refund(r.step.budget)
		if body != nil {
			_ = body.Close()
		}
		return nil, nil
	}
	x := r.add()
	req := r.req.Clone(x.ctx) // it may outlive the call, whose header is the caller's
	req.Body = body
	if len(r.exchanges) <= r.step.steps.hedges() {
		r.timer.Reset(r.delay)
	}
	return x, req
}

// pay takes a hedge from the budget, if there may be one.
func (r *race) pay() (receipt, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over || r.req.Context().Err() != nil {
		return receipt{}, false
	}
	paid, ok := r.step.budget.spend(r.target, FailureCost)
	if !ok {
		r.refused = ErrBudget
	}
	return paid, ok
}

// body opens the body of a hedge, if the first exchange has one.
func (r *race) body() (io.ReadCloser, error) {
	if r.req.Body == nil || r.req.Body == http.NoBody {
		return r.req.Body, nil
	}
	body, err := r.req.GetBody()
	if err != nil {
		return nil, errors.Join(ErrBody, err)
	}
	return body, nil
}

// exchange sends a request and takes the outcome.
func (r *race) exchange(x *exchange, req *http.Request) {
	resp, err := r.step.next.RoundTrip(req) //nolint:bodyclose // the winner's reader closes it, or discard
	resp, err = lawful(x.ctx, resp, err)    //nolint:bodyclose // the same

	r.mu.Lock()
	defer r.mu.Unlock()
	x.done, x.resp, x.err = true, resp, err
	r.pending--
	switch {
	case r.left:
		x.discard()
	case !r.over: // otherwise leave looks after it
		x.worth = r.step.worth(req, resp, err) // with the lock: rules are asked one after the other, and not about losers
		r.time(x)
		r.judge(x)
	}
}

// time notes what an outcome tells of how long the first exchange takes: of one that is
// overtaken it is known that it takes longer. It is called with the lock held.
func (r *race) time(x *exchange) {
	first := r.exchanges[0]
	if (x == first && x.worth >= doubt) || (!first.done && x.worth == answer) {
		r.latency, r.known = time.Since(r.started), true
	}
}

// judge ends the race if an outcome does. It is called with the lock held.
func (r *race) judge(x *exchange) {
	switch {
	case x.worth == answer:
		r.winner = x
		r.decide()
	case r.pending == 0:
		r.winner = slices.MaxFunc(r.exchanges, r.step.compare)
		r.decide()
	}
}

// decide ends the race. It is called with the lock held.
func (r *race) decide() {
	r.over = true
	r.timer.Stop()
	for _, x := range r.exchanges {
		if !x.done {
			x.cancel(errHedgeLost)
		}
	}
	close(r.decided)
}

// result returns the winner's outcome, and tells those who want to know.
func (r *race) result() (*http.Response, error) {
	r.mu.Lock()
	x, latency, known := r.winner, r.latency, r.known
	hedged := Hedged{
		Target: r.target, Delay: r.delay, Latency: time.Since(r.started),
		Hedges: len(r.exchanges) - 1, Winner: x.number, Refused: r.refused,
	}
	r.mu.Unlock()
	if known {
		r.step.steps.hedging.Observe(r.target, latency)
	}
	if f := r.step.steps.observer.Hedge; f != nil && (hedged.Hedges > 0 || hedged.Refused != nil) {
		f(r.req.Context(), hedged)
	}
	if err := r.failure(x); err != nil {
		return nil, err
	}
	r.given = x
	return lease(x.ctx, x.resp, errHedgeLost, func() { x.cancel(nil) }), nil
}

// failure is the error that the attempt ends with, nil for a response. When the caller has
// left while the race went on, it tells that: what was held back can no longer be read.
func (r *race) failure(x *exchange) error {
	cause := context.Cause(r.req.Context())
	switch {
	case cause == nil || x.worth == answer || errors.Is(x.err, cause):
		return x.err
	case x.err == nil:
		return cause
	default:
		return errors.Join(cause, x.err)
	}
}

// leave gives up all exchanges but what the caller has got. Those that are under way end by
// themselves.
func (r *race) leave() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.over, r.left = true, true
	r.timer.Stop()
	for _, x := range r.exchanges {
		if x != r.given {
			x.discard()
		}
	}
}

// discard gives up an exchange: its connection can be used again, if all of the response is
// there already.
func (x *exchange) discard() {
	if x.resp == nil {
		x.cancel(errHedgeLost)
		return
	}
	go func() {
		drain(x.ctx, x.resp, 0)
		x.cancel(errHedgeLost)
	}()
}

// compare orders exchanges of which none has an answer. Of two refusals, the one is worth more
// that asks for the longer wait, so that no server hears from us too early.
func (s *hedgeStep) compare(a, b *exchange) int {
	if a.worth != b.worth || a.resp == nil {
		return cmp.Compare(a.worth, b.worth)
	}
	return cmp.Compare(retryAfter(a.resp, s.clock), retryAfter(b.resp, s.clock))
}
