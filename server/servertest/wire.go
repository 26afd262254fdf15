package servertest

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server"
)

var errDown = errors.New("the store cannot be reached")

// kind is a method of a store.
type kind string

const (
	claiming   kind = "Claim"
	extending  kind = "Extend"
	completing kind = "Complete"
	releasing  kind = "Release"
	abandoning kind = "Abandon"
)

// step is one call of a store.
type step struct {
	kind  kind
	claim idem.Claim // with a Claim, only its ID and Owner are known
	size  int        // with a Complete, bytes of fingerprint and record
}

// fault decides what becomes of a step; nil lets it pass.
type fault func(context.Context, step) error

// always fails all steps of some kinds.
func always(err error, kinds ...kind) fault {
	return func(_ context.Context, s step) error {
		if slices.Contains(kinds, s.kind) {
			return err
		}
		return nil
	}
}

// times fails the first n steps of some kinds.
func times(n int32, err error, kinds ...kind) fault {
	var seen atomic.Int32
	return func(_ context.Context, s step) error {
		if slices.Contains(kinds, s.kind) && seen.Add(1) <= n {
			return err
		}
		return nil
	}
}

// down fails everything, as for a process that is cut off, or dead.
func down(context.Context, step) error { return errDown }

// up fails nothing.
func up(context.Context, step) error { return nil }

// wire is the way from one machine to the store. Steps can be lost on it, and answers.
type wire struct {
	store   idem.Store // not embedded: a store on a wire is not a local one
	mu      sync.Mutex
	there   fault // a step that it fails does not reach the store
	andBack fault // a step that it fails was taken, and the answer is lost
}

var _ idem.Store = (*wire)(nil)

// machine starts a service with a wire of its own to the rule's store.
func (e *env) machine(h http.HandlerFunc, opts ...server.Option) (*service, *wire) {
	e.Helper()
	w := &wire{store: e.store, there: up, andBack: up}
	return e.serveOn(w, h, opts...), w
}

// refuse decides from now on which steps do not reach the store.
func (w *wire) refuse(f fault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.there = f
}

// lose decides from now on which answers are lost.
func (w *wire) lose(f fault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.andBack = f
}

func (w *wire) faults() (there, andBack fault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.there, w.andBack
}

// pass takes a step to the store and brings its answer back.
func (w *wire) pass(ctx context.Context, s step, take func() error) error {
	there, andBack := w.faults()
	if err := there(ctx, s); err != nil {
		return err
	}
	if err := take(); err != nil {
		return err
	}
	return andBack(ctx, s)
}

func (w *wire) Claim(ctx context.Context, r idem.ClaimRequest) (result idem.ClaimResult, err error) {
	err = w.pass(ctx, step{kind: claiming, claim: idem.Claim{ID: r.ID, Owner: r.Owner}}, func() error {
		result, err = w.store.Claim(ctx, r)
		return err
	})
	if err != nil {
		return idem.ClaimResult{}, err
	}
	return result, nil
}

func (w *wire) Extend(ctx context.Context, c idem.Claim, lease time.Duration) error {
	return w.pass(ctx, step{kind: extending, claim: c}, func() error { return w.store.Extend(ctx, c, lease) })
}

func (w *wire) Complete(ctx context.Context, c idem.Claim, fingerprint, record []byte, ttl time.Duration) error {
	return w.pass(ctx, step{kind: completing, claim: c, size: len(fingerprint) + len(record)}, func() error {
		return w.store.Complete(ctx, c, fingerprint, record, ttl)
	})
}

func (w *wire) Release(ctx context.Context, c idem.Claim) error {
	return w.pass(ctx, step{kind: releasing, claim: c}, func() error { return w.store.Release(ctx, c) })
}

func (w *wire) Abandon(ctx context.Context, c idem.Claim, reason string) error {
	return w.pass(ctx, step{kind: abandoning, claim: c}, func() error { return w.store.Abandon(ctx, c, reason) })
}

// resending is a store whose client library sends each command again, as such libraries do
// when they lose an answer. The second answer is the one that is heard.
type resending struct{ idem.Store }

func (s resending) Claim(ctx context.Context, r idem.ClaimRequest) (idem.ClaimResult, error) {
	if _, err := s.Store.Claim(ctx, r); err != nil {
		return idem.ClaimResult{}, err
	}
	return s.Store.Claim(ctx, r)
}

func (s resending) Complete(ctx context.Context, c idem.Claim, fingerprint, record []byte, ttl time.Duration) error {
	if err := s.Store.Complete(ctx, c, fingerprint, record, ttl); err != nil {
		return err
	}
	return s.Store.Complete(ctx, c, fingerprint, record, ttl)
}

func (s resending) Release(ctx context.Context, c idem.Claim) error {
	if err := s.Store.Release(ctx, c); err != nil {
		return err
	}
	return s.Store.Release(ctx, c)
}

func (s resending) Abandon(ctx context.Context, c idem.Claim, reason string) error {
	if err := s.Store.Abandon(ctx, c, reason); err != nil {
		return err
	}
	return s.Store.Abandon(ctx, c, reason)
}
