package idem

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"sync"
	"time"
)

// Attempt is what a running operation may know of its claim.
type Attempt struct {
	ID     ID
	Key    string // as the caller gave it
	Fence  uint64 // grows with every claim of the ID; see Claim
	Number uint32 // of runs under this ID, this one included
}

type attemptContext struct{}

// heldContext is the context of an operation: it carries the attempt, and can be
// cancelled when the claim is lost. Most operations never look at either, so the
// cancellable context is made when somebody first asks for it.
type heldContext struct {
	parent context.Context
	claim  Claim
	key    string

	mu     sync.Mutex
	inner  context.Context // nil until needed
	cancel context.CancelCauseFunc
	ended  bool
}

// current returns the context that stands behind this one now.
func (c *heldContext) current() context.Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.inner == nil && !c.ended {
		return c.parent
	}
	c.make()
	return c.inner
}

func (c *heldContext) cancellable() (context.Context, context.CancelCauseFunc) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.make()
	return c.inner, c.cancel
}

// make makes the cancellable context, if it is not there.
func (c *heldContext) make() {
	if c.inner != nil {
		return
	}
	c.inner, c.cancel = context.WithCancelCause(c.parent)
	if c.ended {
		c.cancel(context.Canceled)
	}
}

// lose cancels the operation because its claim is gone.
func (c *heldContext) lose(cause error) {
	_, cancel := c.cancellable()
	cancel(cause)
}

// end cancels what was derived from the context, and what will be.
func (c *heldContext) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	if c.cancel != nil {
		c.cancel(context.Canceled)
	}
}

func (c *heldContext) Done() <-chan struct{} {
	inner, _ := c.cancellable()
	return inner.Done()
}

func (c *heldContext) Deadline() (time.Time, bool) { return c.parent.Deadline() }

func (c *heldContext) Err() error { return c.current().Err() }

func (c *heldContext) Value(key any) any {
	if key == (attemptContext{}) {
		return c
	}
	return c.current().Value(key)
}

// FromContext returns the attempt that the context belongs to; ok is false outside
// of a guarded operation.
func FromContext(ctx context.Context) (a Attempt, ok bool) {
	c, ok := ctx.Value(attemptContext{}).(*heldContext)
	if !ok {
		return Attempt{}, false
	}
	return Attempt{ID: c.claim.ID, Key: c.key, Fence: c.claim.Fence, Number: c.claim.Attempt}, true
}

// DownstreamKey returns the key for a call that a guarded operation makes itself:
// 64 hexadecimal digits that depend on the operation's ID and the step's name
// only, so every attempt of the operation sends the same key downstream. ok is
// false outside of a guarded operation, where there is nothing stable to derive
// a key from.
func DownstreamKey(ctx context.Context, step string) (key string, ok bool) {
	a, ok := FromContext(ctx)
	if !ok {
		return "", false
	}
	h := sha256.New()
	h.Write(a.ID[:])
	h.Write([]byte(step))
	return hex.EncodeToString(h.Sum(nil)), true
}
