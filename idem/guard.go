package idem

import (
	"context"
	"errors"
	"time"
)

// Guarantee says what a lapsed lease, a panic or a failed run mean.
type Guarantee uint8

const (
	// AtMostOnce never runs an operation again whose outcome is not known: the
	// record stays unknown until somebody resolves it or its lifetime ends.
	AtMostOnce Guarantee = iota
	// AtLeastOnce runs it again, for operations that do no harm when repeated.
	AtLeastOnce
)

// String returns the guarantee's usual name.
func (g Guarantee) String() string {
	switch g {
	case AtMostOnce:
		return "at-most-once"
	case AtLeastOnce:
		return "at-least-once"
	default:
		return "invalid"
	}
}

// Guard claims operations in a [Store] and keeps the claims alive while they run.
// It is safe for concurrent use, needs no closing, and has a timer only while
// operations run, and for a moment after the store failed. [Do] and the server package are
// built on it.
type Guard struct {
	store     Store
	waiter    Waiter   // nil when the store has none
	recaller  Recaller // likewise
	local     bool
	guarantee Guarantee
	lease     time.Duration
	ttl       time.Duration
	wait      time.Duration
	call      time.Duration
	finish    time.Duration
	observer  Observer
	keepers   [keepers]keeper
}

// NewGuard makes a guard over the store. It panics when store is nil.
func NewGuard(store Store, opts ...GuardOption) *Guard {
	if store == nil {
		panic("idem: NewGuard without a store")
	}
	g := &Guard{
		store: store, lease: DefaultLease, ttl: DefaultTTL,
		call: DefaultStoreTimeout, finish: DefaultFinishTimeout,
	}
	g.waiter, _ = store.(Waiter)
	g.recaller, _ = store.(Recaller)
	if l, ok := store.(Local); ok {
		g.local = l.Local()
	}
	for _, opt := range opts {
		opt(g)
	}
	for i := range g.keepers {
		g.keepers[i].init(g.lease)
	}
	return g
}

// Store returns what the guard was made over.
func (g *Guard) Store() Store { return g.store }

// Guarantee returns what the guard was made with.
func (g *Guard) Guarantee() Guarantee { return g.guarantee }

// TTL returns the lifetime of records.
func (g *Guard) TTL() time.Duration { return g.ttl }

// Claim claims the operation. When the result's state is Acquired the operation is
// the caller's to run, and [Guard.Hold] must follow, also when the caller went away
// while the store was asked: the store's step is not cut short.
func (g *Guard) Claim(ctx context.Context, id ID, fingerprint []byte) (ClaimResult, error) {
	if ctx.Err() != nil {
		return ClaimResult{}, context.Cause(ctx)
	}
	result, err := g.ask(ctx, id, fingerprint)
	if g.observer.Claimed != nil {
		g.observer.Claimed(ctx, ClaimedInfo{ID: id, Result: result, Err: reused(fingerprint, result, err)})
	}
	return result, err
}

// ask asks the store, if need be, and again while the caller is willing to wait.
func (g *Guard) ask(ctx context.Context, id ID, fingerprint []byte) (ClaimResult, error) {
	if g.recaller != nil {
		if result, ok := g.recaller.Recall(id); ok {
			return result, nil
		}
	}
	r := ClaimRequest{
		ID: id, Owner: NewOwner(), Fingerprint: fingerprint,
		Lease: g.lease, TTL: g.ttl, TakeOver: g.guarantee == AtLeastOnce,
	}
	result, err := g.claim(ctx, r)
	if err == nil && result.State == Pending && g.wait > 0 {
		began := clock(g.observer.Waited != nil)
		result = g.claimLater(ctx, r, result)
		if g.observer.Waited != nil {
			g.observer.Waited(ctx, WaitedInfo{ID: id, Waited: clock(true) - began, Result: result})
		}
	}
	return result, err
}

// Hold keeps an acquired claim alive in h until one of h's ending methods is called,
// which must happen. key is what [FromContext] tells the operation. It panics when h has
// held a claim before.
func (g *Guard) Hold(ctx context.Context, c Claim, key string, h *Held) {
	if h.guard != nil {
		panic("idem: Hold with a Held that was used before")
	}
	h.guard, h.ctx.parent, h.ctx.claim, h.ctx.key = g, ctx, c, key
	g.keeper(c.ID).start(h)
}

func (g *Guard) keeper(id ID) *keeper { return &g.keepers[id[1]%keepers] }

func (g *Guard) claim(ctx context.Context, r ClaimRequest) (ClaimResult, error) {
	began := g.asks()
	if g.local {
		result, err := g.store.Claim(ctx, r)
		g.asked(ctx, StoreClaim, began, err)
		return result, err
	}
	detached := context.WithoutCancel(ctx)
	bounded, cancel := context.WithTimeout(detached, g.call)
	defer cancel()
	result, err := g.store.Claim(bounded, r)
	g.asked(ctx, StoreClaim, began, err)
	if err != nil && !errors.Is(err, ErrFull) {
		g.handBack(detached, Claim{ID: r.ID, Owner: r.Owner})
	}
	return result, err
}

// handBack releases a claim whose answer was lost: nothing ran under it. It does so once
// for a claim that has landed, and once more for one that was still under way; what lands
// later than that reads as unknown when its lease is over. Nobody waits for it.
func (g *Guard) handBack(ctx context.Context, c Claim) {
	release := func() {
		began := g.asks()
		err := g.bounded(ctx, func(ctx context.Context) error { return g.store.Release(ctx, c) })
		g.asked(ctx, StoreRelease, began, err)
	}
	go release()
	time.AfterFunc(g.call, release)
}

// tell runs the last step of a claim, detached from the caller, and tries again as long as
// the store fails and the time lasts: what the store is not told, nobody knows later.
func (g *Guard) tell(ctx context.Context, step func(context.Context) error) error {
	if g.local {
		return step(context.Background()) // never waits, so it needs nothing of ctx
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), g.finish)
	defer cancel()
	const slowest = 3 // polls of 0.2 to 0.6 s: a response waits
	for try := 0; ; try++ {
		err := g.bounded(ctx, step)
		if err == nil || final(err) || sleep(ctx, pollAfter(min(try, slowest))) != nil {
			return err
		}
	}
}

func (g *Guard) bounded(ctx context.Context, step func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, g.call)
	defer cancel()
	return step(ctx)
}

// final reports whether the store has given its answer, so that asking again
// changes nothing.
func final(err error) bool {
	return errors.Is(err, ErrFenced) || errors.Is(err, ErrLost) || errors.Is(err, ErrFull)
}
