package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/goaroundhq/goaround/idem"
)

// New returns middleware that guards handlers with the store. It panics when
// neither [WithScope] nor [WithSharedScope] is given, when store is nil, and when
// options contradict each other or the store.
func New(store idem.Store, opts ...Option) func(http.Handler) http.Handler {
	c := newConfig(opts)
	if c.tx != nil {
		c.forTransactions(store)
	}
	guard := idem.NewGuard(store, c.claims...)
	if _, ok := store.(idem.Admin); !ok && c.recover != nil {
		panic(fmt.Sprintf("server: WithRecover needs a store that is an idem.Admin, not %T", store))
	}
	return func(next http.Handler) http.Handler {
		return &handler{config: c, guard: guard, next: next}
	}
}

type handler struct {
	config
	guard *idem.Guard
	next  http.Handler
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	values := r.Header[idem.Header]
	if !h.guards(r) || (len(values) == 0 && !h.required) {
		h.next.ServeHTTP(w, r)
		h.answered(r.Context(), Answer{Outcome: Ignored, Pattern: r.Pattern})
		return
	}
	key, id, p := h.identify(r, values)
	if p != nil {
		h.refuse(w, r, id, p)
		return
	}
	result, err := h.guard.Claim(r.Context(), id, nil)
	if err != nil {
		h.storeFailed(w, r, id, err)
		return
	}
	if result.State == idem.Unknown && h.recover != nil {
		result, err = h.recovered(r, key, id, result)
		if err != nil && !errors.Is(err, idem.ErrUnknown) {
			h.storeFailed(w, r, id, err)
			return
		}
	}
	echo := values[:1:1] // tells the client that its key was understood
	if result.State == idem.Acquired {
		if p := h.outOfTime(key); p != nil { // on its way to the store, which may have forgotten
			h.giveBack(r, result.Claim, key)
			h.refuse(w, r, id, p)
			return
		}
		h.execute(result.Claim, key, echo, w, r)
		return
	}
	w.Header()[idem.Header] = echo
	switch result.State {
	case idem.Done:
		h.repeat(w, r, id, result)
	case idem.Pending:
		h.refuse(w, r, id, inProgress(result))
	default:
		h.refuse(w, r, id, outcomeUnknown(err))
	}
}

// guards reports whether the request is one to protect: its method is, and no outer
// middleware of this kind has the claim already.
func (h *handler) guards(r *http.Request) bool {
	return slices.Contains(h.methods, r.Method) && runFrom(r.Context()) == nil
}

// identify finds out which operation the request asks for, or why it cannot.
func (h *handler) identify(r *http.Request, values []string) (string, idem.ID, *problem) {
	key, err := idem.ParseHeader(values)
	if err != nil {
		return "", idem.ID{}, badKey(err)
	}
	if p := h.outOfTime(key); p != nil {
		return "", idem.ID{}, p
	}
	scope, err := h.scope(r)
	if err == nil && scope == "" {
		err = errors.New("empty scope")
	}
	if err != nil {
		return "", idem.ID{}, scopeUnknown(err)
	}
	return key, idem.NewID(h.namespace, scope, r.Method, h.route(r), key), nil
}

// giveBack ends a claim under which nothing was done.
func (h *handler) giveBack(r *http.Request, c idem.Claim, key string) {
	var held idem.Held
	h.guard.Hold(r.Context(), c, key, &held)
	_ = held.Release() // or its lease ends
}

func (h *handler) storeFailed(w http.ResponseWriter, r *http.Request, id idem.ID, err error) {
	if r.Context().Err() != nil { // nobody was asked, and nobody waits for the answer
		h.refuseAs(Gone, w, r, id, storeUnavailable(err))
		return
	}
	if !h.failOpen {
		h.refuse(w, r, id, storeUnavailable(err))
		return
	}
	w.Header().Set(idem.StatusHeader, string(idem.Unprotected))
	h.next.ServeHTTP(w, r)
	h.answered(r.Context(), Answer{Outcome: Unprotected, Pattern: r.Pattern, ID: id, Err: err})
}

// refuse answers the request with a problem.
func (h *handler) refuse(w http.ResponseWriter, r *http.Request, id idem.ID, p *problem) {
	h.refuseAs(Outcome(p.status), w, r, id, p)
}

func (h *handler) refuseAs(o Outcome, w http.ResponseWriter, r *http.Request, id idem.ID, p *problem) {
	p.write(w)
	h.answered(r.Context(), Answer{Outcome: o, Status: p.code, Pattern: r.Pattern, ID: id, Err: p.err})
}

func (h *handler) answered(ctx context.Context, a Answer) {
	if h.observer.Answered != nil {
		h.observer.Answered(ctx, a)
	}
}
