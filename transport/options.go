package transport

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/goaroundhq/goaround/skew"
	"github.com/goaroundhq/goaround/slot"
)

const (
	// DefaultMaxAttempts is how often a call is tried, the first attempt included.
	DefaultMaxAttempts = 4
	// DefaultBodyBuffer is how much of a body is remembered that cannot be opened
	// again, in bytes.
	DefaultBodyBuffer = 64 << 10
)

type config struct {
	plan       slot.Plan
	classifier []Classifier
	bodyBuffer int
	target     func(*http.Request) string
	clock      *skew.Clock
	dateSource *skew.DateSource
	observer   Observer
	budget     *Budget
	ownTarget  bool // target is the user's
	gatedFirst bool

	timeout, attemptTimeout time.Duration
	attemptHeader           bool
	outcomeBackoff          func(Outcome) time.Duration

	keyMethods []string
	bareKeys   bool
	steps      stepsConfig

	callSteps, attemptSteps []Step
}

// Option configures [New], [Keys] and [Retry]. Options that a step has no use for do
// nothing to it.
type Option func(*config)

func newConfig(opts []Option) *config {
	c := &config{
		plan:       slot.Plan{MaxAttempts: DefaultMaxAttempts},
		bodyBuffer: DefaultBodyBuffer,
		target:     Origin,
		budget:     NewBudget(),
		keyMethods: []string{http.MethodPost, http.MethodPatch},
	}
	for _, opt := range opts {
		opt(c)
	}
	return c
}

// WithMaxAttempts sets how often a call is tried, the first attempt included; 0 means
// no bound but the context's deadline and the budget. The default is
// [DefaultMaxAttempts]. It panics
// when n is negative.
//
// An attempt that a server answers with a seat it keeps for the caller (a [SlotHeader] with a
// ticket) was sent to the end of a line and has not failed, so up to 32 such attempts of a
// call are not counted; [WithMaxRetryAfter] and the deadline bound them all the same. With 1
// there is no second attempt even then.
func WithMaxAttempts(n int) Option {
	notNegative("WithMaxAttempts", n)
	return func(c *config) { c.plan.MaxAttempts = n }
}

// WithBackoff sets the wait between attempts where no pacer decides. The default, and nil, is
// slot.FullJitter{}.
func WithBackoff(b slot.Backoff) Option { return func(c *config) { c.plan.Backoff = b } }

// WithOutcomeBackoff is [WithBackoff] for a wait that depends on how the attempt ended. The
// wait is that of f or the server's, whichever is longer, and is not spread: f has a spread of
// its own. Where f is negative the backoff decides; where a pacer decides, f does not. The
// rules for f are those of a [Classifier]. It panics when f is nil.
func WithOutcomeBackoff(f func(Outcome) time.Duration) Option {
	if f == nil {
		panic("transport: WithOutcomeBackoff(nil)")
	}
	return func(c *config) { c.outcomeBackoff = f }
}

// WithSlots lets a pacer decide when an attempt may be sent. It is told how attempts
// end. When it fails, the backoff decides. WithSlots(nil) makes a slot.NewQueue for the chain,
// in which the callers of this process take turns. The default is no pacer.
func WithSlots(p slot.Pacer) Option {
	return func(c *config) {
		c.plan.Pacer = p
		if p == nil {
			c.plan.Pacer = slot.NewQueue()
		}
	}
}

// WithBudget bounds retries by b, which several chains may share: a call whose next attempt is
// not in the budget ends with what it has, as if it had no attempts left ([ErrBudget]). The
// default is a [NewBudget] for each New; nil allows every retry. It is to be made by NewBudget.
func WithBudget(b *Budget) Option { return func(c *config) { c.budget = b } }

// WithMaxRetryAfter sets the longest wait that is accepted from a server: beyond it
// the call ends with the response that asked for it. The default is
// slot.DefaultMaxHint. It panics when d is not positive.
func WithMaxRetryAfter(d time.Duration) Option {
	positive("WithMaxRetryAfter", d)
	return func(c *config) { c.plan.MaxHint = d }
}

// WithMinAttempt sets the time that an attempt needs: one that would have less before
// the context's deadline is not waited for. The default is 0. It panics when d is
// negative.
func WithMinAttempt(d time.Duration) Option {
	notNegative("WithMinAttempt", d)
	return func(c *config) { c.plan.MinAttempt = d }
}

// WithClassifier puts rules in front of the default ones, asked in order until one is
// not [Unsure]. It panics when one is nil.
func WithClassifier(rules ...Classifier) Option {
	if slices.ContainsFunc(rules, func(c Classifier) bool { return c == nil }) {
		panic("transport: WithClassifier(nil)")
	}
	return func(c *config) { c.classifier = append(c.classifier, rules...) }
}

// WithBodyBuffer sets how many bytes are remembered of a body that can neither be
// opened again nor rewound, so that it can be sent again; 0 remembers none. The
// default is [DefaultBodyBuffer]. It panics when n is negative.
func WithBodyBuffer(n int) Option {
	notNegative("WithBodyBuffer", n)
	return func(c *config) { c.bodyBuffer = n }
}

// WithTarget names what a request shares capacity with, for budget, pacer, observer and
// errors. There should be few such names: a [Budget] keeps 1024 accounts, and pacers and
// metrics have something for each name, too. The default is [Origin]. It panics when f is nil.
func WithTarget(f func(*http.Request) string) Option {
	if f == nil {
		panic("transport: WithTarget(nil)")
	}
	return func(c *config) { c.target, c.ownTarget = f, true }
}

// WithClock reads the time for HTTP-dates, and for the resets of rate limits, in responses
// that have no Date of their own. The default is the operating system's clock.
func WithClock(clock *skew.Clock) Option { return func(c *config) { c.clock = clock } }

// WithDateSource lets d learn the time from the Date of every response, also of those that
// are tried again. It is for [New]; in a chain made by hand, d.Step is the innermost step.
// The default, nil, costs nothing.
func WithDateSource(d *skew.DateSource) Option { return func(c *config) { c.dateSource = d } }

// WithObserver reports attempts and calls. Several observers are told in the order in which
// they were given. The default reports nothing.
func WithObserver(o Observer) Option { return func(c *config) { c.observer = c.observer.and(o) } }

// WithKeyMethods sets the methods of requests that are given a key of their own. The default
// is POST and PATCH; none gives keys only to requests whose context carries one
// (idem.WithKey). GET, HEAD, OPTIONS and TRACE, which ask for no effect, never get one.
func WithKeyMethods(methods ...string) Option {
	return func(c *config) { c.keyMethods = slices.Clone(methods) }
}

// WithBareKeys sends keys without the quotes that the IETF draft asks for, for servers
// that do not know it. A key that needs quotes fails the call.
func WithBareKeys() Option { return func(c *config) { c.bareKeys = true } }

func notNegative[T int | float64 | time.Duration](name string, v T) {
	if !(v >= 0) { //nolint:staticcheck // nor NaN
		panic(fmt.Sprintf("transport: %s(%v): must not be negative", name, v))
	}
}

func positive(name string, d time.Duration) {
	if d <= 0 {
		panic(fmt.Sprintf("transport: %s(%v): must be positive", name, d))
	}
}
