package transport

import (
	"cmp"
	"context"
	"errors"
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

	mu        sync.Mutex
	timer     *time.Timer
	exchanges []*exchange
	pending   int       // exchanges under way
	winner    *exchange // the first answer, or the best of what there is
	latency   bool      // how long the first exchange took is known, or that it takes longer
	refused   error     // why there was no further hedge
	over      bool      // there is a winner, or will be none
	left      bool      // the caller has what it gets
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
	if x, req := r.open(); x != nil {
		r.exchange(x, req)
	}
}

// open prepares another exchange, if there may be one, and sets the timer for the next.
func (r *race) open() (*exchange, *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over || r.req.Context().Err() != nil {
		return nil, nil
	}
	budget := r.step.budget
	if !budget.Spend(r.target, FailureCost) {
		r.refused = ErrBudget
		return nil, nil
	}
	body := r.req.Body
	if r.req.GetBody != nil {
		var err error
		if body, err = r.req.GetBody(); err != nil {
			budget.refund(r.target, FailureCost)
			r.refused = errors.Join(ErrBody, err)
			return nil, nil
		}
	}
	x := r.add()
	req := r.req.Clone(x.ctx) // it may outlive the call, whose header is the caller's
	req.Body = body
	if len(r.exchanges) <= r.step.steps.hedges() {
		r.timer.Reset(r.delay)
	}
	return x, req
}

// exchange sends a request and takes the outcome.
func (r *race) exchange(x *exchange, req *http.Request) {
	resp, err := r.step.next.RoundTrip(req) //nolint:bodyclose // the winner's reader closes it, or discard
	resp, err = lawful(x.ctx, resp, err)    //nolint:bodyclose // the same
	worth := r.step.worth(req, resp, err)

	r.mu.Lock()
	defer r.mu.Unlock()
	x.done, x.worth, x.resp, x.err = true, worth, resp, err
	r.pending--
	switch {
	case r.left:
		go r.discard(x)
	case r.over: // leave looks after it
	case worth == answer:
		r.winner = x
		r.latency = x.number == 0 || !r.exchanges[0].done
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
	x, known := r.winner, r.latency
	hedged := Hedged{
		Target: r.target, Delay: r.delay, Latency: time.Since(r.started),
		Hedges: len(r.exchanges) - 1, Winner: x.number, Refused: r.refused,
	}
	r.mu.Unlock()
	if known { // of one that was overtaken it is known that it takes longer
		r.step.steps.hedging.Observe(r.target, hedged.Latency)
	}
	if f := r.step.steps.observer.Hedge; f != nil && (hedged.Hedges > 0 || hedged.Refused != nil) {
		f(r.req.Context(), hedged)
	}
	if x.resp == nil {
		x.cancel(nil)
		return nil, x.err
	}
	return lease(x.ctx, x.resp, errHedgeLost, func() { x.cancel(nil) }), nil
}

// leave gives up all exchanges but the winner. Those that are under way end by themselves.
func (r *race) leave() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.over, r.left = true, true
	r.timer.Stop()
	for _, x := range r.exchanges {
		switch {
		case x == r.winner:
		case x.done:
			go r.discard(x)
		default:
			x.cancel(errHedgeLost)
		}
	}
}

// discard gives up a loser: its connection can be used again, if all of the response is there
// already.
func (r *race) discard(x *exchange) {
	drain(x.ctx, x.resp, 0)
	x.cancel(errHedgeLost)
}

// compare orders exchanges of which none has an answer. Of two refusals, the one is worth more
// that asks for the longer wait, so that no server hears from us too early.
func (s *hedgeStep) compare(a, b *exchange) int {
	if a.worth != b.worth || a.resp == nil {
		return cmp.Compare(a.worth, b.worth)
	}
	return cmp.Compare(retryAfter(a.resp, s.clock), retryAfter(b.resp, s.clock))
}
