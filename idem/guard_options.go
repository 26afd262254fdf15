package idem

import (
	"fmt"
	"time"
)

// Defaults of a [Guard].
const (
	DefaultLease         = 30 * time.Second
	DefaultTTL           = 24 * time.Hour
	DefaultStoreTimeout  = 2 * time.Second
	DefaultFinishTimeout = 5 * time.Second
)

// GuardOption configures a [Guard].
type GuardOption func(*Guard)

// WithGuarantee chooses between [AtMostOnce], the default, and [AtLeastOnce].
func WithGuarantee(g Guarantee) GuardOption { return func(c *Guard) { c.guarantee = g } }

// WithLease sets how long a claim lives without renewal, and so how long a crash
// goes unnoticed. It is renewed every third of it while the operation runs. The
// default is [DefaultLease]. It panics when d is not positive.
func WithLease(d time.Duration) GuardOption {
	return positive("WithLease", d, func(g *Guard) *time.Duration { return &g.lease })
}

// WithTTL sets the lifetime of records, counted from completion. Clients must not
// retry for longer than this. The default is [DefaultTTL]. It panics when d is
// not positive.
func WithTTL(d time.Duration) GuardOption {
	return positive("WithTTL", d, func(g *Guard) *time.Duration { return &g.ttl })
}

// WithWait makes a claim of an operation that another owner runs wait up to d for
// its end. The default is not to wait. It panics when d is negative.
func WithWait(d time.Duration) GuardOption {
	if d < 0 {
		panic(fmt.Sprintf("idem: WithWait(%v): must not be negative", d))
	}
	return func(g *Guard) { g.wait = d }
}

// WithStoreTimeout bounds one step of a store that is not [Local]. The default is
// [DefaultStoreTimeout]. It panics when d is not positive.
func WithStoreTimeout(d time.Duration) GuardOption {
	return positive("WithStoreTimeout", d, func(g *Guard) *time.Duration { return &g.call })
}

// WithFinishTimeout bounds all tries to tell the store how an operation ended: a store that fails
// is told again, after some 50 ms at first and then after up to 0.6 s. The caller's own
// cancellation does not shorten it, and the response waits for it. In a transaction its commit,
// its rollback and the release have it each. The default is [DefaultFinishTimeout]. It panics when
// d is not positive.
func WithFinishTimeout(d time.Duration) GuardOption {
	return positive("WithFinishTimeout", d, func(g *Guard) *time.Duration { return &g.finish })
}

// WithGuardObserver reports what happens to claims. Several observers are told in the order
// in which they were given. The default reports nothing.
func WithGuardObserver(o Observer) GuardOption {
	return func(g *Guard) { g.observer = g.observer.and(o) }
}

func positive(name string, d time.Duration, field func(*Guard) *time.Duration) GuardOption {
	if d <= 0 {
		panic(fmt.Sprintf("idem: %s(%v): must be positive", name, d))
	}
	return func(g *Guard) { *field(g) = d }
}
