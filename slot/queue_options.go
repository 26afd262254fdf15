package slot

import (
	"fmt"
	"math"
	"time"

	"github.com/goaroundhq/goaround/slot/book"
)

const (
	// DefaultStoreTimeout is how long a question to a queue's store may take.
	DefaultStoreTimeout = 250 * time.Millisecond
	// DefaultMaxTargets is how many targets a queue remembers at a time.
	DefaultMaxTargets = 1024
)

type queueConfig struct {
	store      Store
	rules      book.Rules
	fallback   Backoff
	timeout    time.Duration
	maxTargets int
	observer   QueueObserver
}

func defaultQueueConfig() queueConfig {
	return queueConfig{fallback: FullJitter{}, timeout: DefaultStoreTimeout, maxTargets: DefaultMaxTargets}
}

// QueueOption configures a [Queue].
type QueueOption func(*queueConfig)

// WithStore makes the queue take turns with all others that use the store; a fleet of more
// than a few processes needs one ([Queue] says why). All of them need the same initial rate. The
// default is a [Memory] of its own. It panics when s is nil.
func WithStore(s Store) QueueOption {
	if s == nil {
		panic("slot: WithStore(nil): must not be nil")
	}
	return func(c *queueConfig) { c.store = s }
}

// WithInitialRate says how many attempts per second a target is believed to serve, which
// spares the queue a part of its learning after the first outage. It is a starting point,
// not a limit; a queue paces by at least 1 and at most a million a second, whatever it is told
// or learns. The default is 0: not known. It panics when the rate is negative or not
// finite.
func WithInitialRate(perSecond float64) QueueOption {
	if !(perSecond >= 0) || math.IsInf(perSecond, 1) { // not a number is neither
		panic(fmt.Sprintf("slot: WithInitialRate(%v): must be a finite number and not negative", perSecond))
	}
	return func(c *queueConfig) { c.rules.Prior = perSecond }
}

// WithFallback decides when parked callers go when the store fails under them: when they
// would if they had waited by b from the beginning. The default is [FullJitter]. It panics
// when b is nil.
func WithFallback(b Backoff) QueueOption {
	if b == nil {
		panic("slot: WithFallback(nil): must not be nil")
	}
	return func(c *queueConfig) { c.fallback = b }
}

// WithStoreTimeout bounds a question to the store, and with it how long callers can be held
// up by a store that hangs. The default is [DefaultStoreTimeout]. It panics when d is not
// positive.
func WithStoreTimeout(d time.Duration) QueueOption {
	if d <= 0 {
		panic(fmt.Sprintf("slot: WithStoreTimeout(%v): must be positive", d))
	}
	return func(c *queueConfig) { c.timeout = d }
}

// WithMaxTargets bounds how many targets the queue remembers at a time. Beyond it the one
// that is idle is forgotten early, and where none is, a new target is not paced
// ([ErrUnavailable]). The default is [DefaultMaxTargets]. It panics when n is not positive.
func WithMaxTargets(n int) QueueOption {
	if n <= 0 {
		panic(fmt.Sprintf("slot: WithMaxTargets(%d): must be positive", n))
	}
	return func(c *queueConfig) { c.maxTargets = n }
}

// WithQueueObserver has o told what the queue does. Several observers are told in the order in
// which they were given. The default is nobody.
func WithQueueObserver(o QueueObserver) QueueOption {
	return func(c *queueConfig) { c.observer = c.observer.and(o) }
}
