package idem

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

// Held is a claim that is kept alive while its operation runs. [Guard.Hold] fills
// it in, once; one of Complete, Release, Abandon, CompleteIn and ReleaseIn ends it, and
// further ones return ErrLost. It must not be copied once it holds a claim.
type Held struct {
	guard   *Guard
	ctx     heldContext
	renewal renewal
	ending  atomic.Bool
}

// Claim returns the claim.
func (h *Held) Claim() Claim { return h.ctx.claim }

// Context is the context for the operation: that of Hold, from which
// [FromContext] and [DownstreamKey] read, and which is cancelled with the cause
// ErrFenced or ErrLost when the claim is gone.
func (h *Held) Context() context.Context { return &h.ctx }

// Complete records that the operation is done, with what to tell those who ask
// again. When the store has no room for record it keeps short instead, which with
// the fingerprint has at most MaxShort bytes, and Complete returns ErrFull. Other
// errors are those of [Store.Complete]; a store that could not be told within the finish
// timeout ([WithFinishTimeout]) leaves the claim to its lease, never released.
func (h *Held) Complete(fingerprint, record, short []byte) error {
	return h.end(Completed, func(ctx context.Context) error { return h.complete(ctx, fingerprint, record, short) })
}

func (h *Held) complete(ctx context.Context, fingerprint, record, short []byte) error {
	err := h.keep(ctx, fingerprint, record)
	if !errors.Is(err, ErrFull) {
		return err
	}
	if err := h.keep(ctx, fingerprint, short); err != nil {
		return err
	}
	return ErrFull
}

func (h *Held) keep(ctx context.Context, fingerprint, record []byte) error {
	began := h.guard.asks()
	err := h.guard.store.Complete(ctx, h.ctx.claim, fingerprint, record, h.guard.ttl)
	h.guard.asked(&h.ctx, StoreComplete, began, err)
	return err
}

// Release records that nothing happened.
func (h *Held) Release() error {
	return h.end(Released, h.release)
}

func (h *Held) release(ctx context.Context) error {
	began := h.guard.asks()
	err := h.guard.store.Release(ctx, h.ctx.claim)
	h.guard.asked(&h.ctx, StoreRelease, began, err)
	return err
}

// Abandon records that nobody knows how the operation ended.
func (h *Held) Abandon(reason string) error {
	return h.end(Abandoned, func(ctx context.Context) error {
		began := h.guard.asks()
		err := h.guard.store.Abandon(ctx, h.ctx.claim, reason)
		h.guard.asked(&h.ctx, StoreAbandon, began, err)
		return err
	})
}

// end tells the store, once. Whatever happens on the way, the claim is no longer kept
// alive after it.
func (h *Held) end(how Ending, step func(context.Context) error) error {
	return h.once(how, func() error { return h.guard.tell(&h.ctx, step) })
}

// once runs what ends the claim, if nothing has.
func (h *Held) once(how Ending, ends func() error) error {
	if !h.ending.CompareAndSwap(false, true) {
		return ErrLost
	}
	defer h.ctx.end()
	defer h.guard.keeper(h.ctx.claim.ID).end(h)
	err := ends()
	if h.guard.observer.Ended != nil {
		h.guard.observer.Ended(&h.ctx, EndedInfo{Claim: h.ctx.claim, Ending: how, Err: err})
	}
	return err
}

// extend renews the lease at the store.
func (h *Held) extend(ctx context.Context) error {
	g := h.guard
	ctx, cancel := context.WithTimeout(ctx, max(min(g.call, g.lease/3), time.Millisecond))
	defer cancel()
	began := g.asks()
	err := g.store.Extend(ctx, h.ctx.claim, g.lease)
	g.asked(&h.ctx, StoreExtend, began, err)
	return err
}

// judge decides what the store's answer to a renewal means: the operation is
// cancelled when its claim is gone, or may be. age is the time since the store last
// gave the lease.
func (h *Held) judge(err error, age time.Duration) {
	if h.ending.Load() && final(err) {
		return // the ending has landed: there is nothing left to lose
	}
	if h.guard.observer.Renewed != nil {
		h.guard.observer.Renewed(&h.ctx, RenewedInfo{Claim: h.ctx.claim, Err: err})
	}
	switch {
	case err == nil:
	case final(err):
		h.ctx.lose(err)
	case h.guard.guarantee == AtLeastOnce && age >= h.guard.lease:
		h.ctx.lose(ErrLost) // somebody may have taken over; nobody can with AtMostOnce
	}
}
