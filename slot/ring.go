package slot

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// Defaults of [Ring].
const (
	DefaultRingCount = 10
	DefaultRingWidth = 100 * time.Millisecond
)

// ringTimeout is how long a ring's counter may take.
const ringTimeout = DefaultStoreTimeout

// Counter counts for a [Ring]; package slotredis has one for a fleet.
type Counter interface {
	// Next adds one to the counter of that name and returns what it is then; a counter
	// that is not there begins at 0.
	Next(ctx context.Context, name string) (int64, error)
}

// Ring is a [Pacer] that deals retries out over Count slots of Width, one after the other:
// a caller waits for (n mod Count) x Width, where n is the next number of a shared counter,
// and a random part of Width; all of that after what a server asked to wait. It is simple, and
// enough for small herds: it knows nothing of the target, deals all targets out from one
// counter, and spreads any number of callers over the same Count x Width. A [Queue] does better.
//
// The zero value is ready to use, with a counter of its own. A Ring must not be copied after
// its first use.
type Ring struct {
	Count int           // slots; 0 or less means DefaultRingCount
	Width time.Duration // of a slot; 0 or less means DefaultRingWidth
	// Counter is shared by all rings that deal from the same slots. nil means that this
	// one counts alone.
	Counter Counter
	// ServiceID names the service, and with it the counter when CoordinationKey is "".
	ServiceID string
	// CoordinationKey names the counter. Rings that shall be dealt from the same slots
	// need the same one. The default is ServiceID.
	CoordinationKey string

	dealt   atomic.Int64
	mu      sync.Mutex
	circuit circuit
}

var _ Pacer = (*Ring)(nil)

// Reserve implements [Pacer]. It asks the counter, for at most 250 ms; a counter that
// failed is left alone for up to 5 s, in which Reserve returns ErrUnavailable at once.
func (r *Ring) Reserve(ctx context.Context, _ string, f Feedback) (Reservation, error) {
	n, err := r.next(ctx)
	if err != nil {
		return nil, err
	}
	count := int64(r.Count)
	if count <= 0 {
		count = DefaultRingCount
	}
	width := r.Width
	if width <= 0 {
		width = DefaultRingWidth
	}
	// A counter may have wrapped around, and the remainder of a negative number is one too.
	slot := (n%count + count) % count
	wait := time.Duration(slot)*width + rand.N(width)
	// A herd that was told the same is to be spread after that: before it nobody may go.
	return waitUntil(time.Now().Add(max(f.Hint, 0)).Add(wait)), nil
}

// Report implements [Pacer]. A ring learns nothing.
func (r *Ring) Report(string, Feedback) {}

func (r *Ring) next(ctx context.Context) (int64, error) {
	if r.Counter == nil {
		return r.dealt.Add(1), nil
	}
	if err := r.ready(); err != nil {
		return 0, err
	}
	limited, cancel := context.WithTimeout(ctx, ringTimeout)
	defer cancel()
	n, err := r.Counter.Next(limited, cmp.Or(r.CoordinationKey, r.ServiceID))
	switch {
	case err == nil:
		r.mu.Lock()
		defer r.mu.Unlock()
		r.circuit.worked()
		return n, nil
	case ctx.Err() != nil: // the caller left, which says nothing about the counter
		return 0, context.Cause(ctx)
	default:
		r.mu.Lock()
		defer r.mu.Unlock()
		r.circuit.failed(time.Now(), err)
		return 0, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
}

// ready returns an error while the counter is left alone.
func (r *Ring) ready() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	if !r.circuit.allows(now) {
		return fmt.Errorf("%w: %w", ErrUnavailable, r.circuit.err)
	}
	if r.circuit.open() {
		r.circuit.trial = now.Add(ringTimeout) // one try at a time
	}
	return nil
}

// waitUntil is a reservation of an instant that cannot be given to anybody else.
type waitUntil time.Time

func (w waitUntil) Delay() time.Duration { return max(time.Until(time.Time(w)), 0) }
func (w waitUntil) Cancel()              {}
