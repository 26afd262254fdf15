package transport

import (
	"errors"
	"fmt"
	"iter"
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// Defaults of a [Budget].
const (
	DefaultBudgetShare  = 0.2
	DefaultBudgetFloor  = 10
	DefaultBudgetWindow = 10 * time.Second
)

// What a second exchange costs, in units of one call.
const (
	// FailureCost is for an attempt after one that failed, and for a hedge.
	FailureCost = 1.0
	// RejectionCost is for an attempt after one that was turned away (429, 503) or told to
	// come again (408, 409, 425): that is cheap for a server, and one that still refuses
	// protects itself.
	RejectionCost = 0.5
)

// ErrBudget is why a call ended that its target's [Budget] had no retry for.
var ErrBudget = errors.New("transport: retry budget spent")

// Budget bounds retries to a share of the calls, for each target: when everything fails, the
// target gets a fifth more than its usual load, or two fifths while it refuses, which is cheap for
// it, and not a multiple. It is safe for concurrent use and may be shared by several chains. A nil
// budget allows everything.
//
// Within a sliding window, retries may cost the share of the calls, and in addition the
// floor for each second of the window, so that clients with little traffic can retry, too
// (as Finagle's RetryBudget does, and GEP-3388 of the Kubernetes Gateway API).
//
// Attempts in a slot of a pacer, or for a seat that the server keeps ([SlotHeader], up to 32 in
// a call), cost nothing: slots bound the load already, and a herd whose calls all fail at once
// could not take its turns on a fifth of them.
//
// Make one with [NewBudget]. It keeps an account for each of 1024 targets that are in
// use; those beyond that share one more.
type Budget struct {
	share   float64
	reserve float64 // the floor, over the window
	tick    time.Duration
	started time.Time

	ledger
}

// BudgetOption configures [NewBudget].
type BudgetOption func(*budgetConfig)

type budgetConfig struct {
	share, floor float64
	window       time.Duration
}

// NewBudget returns a budget of [DefaultBudgetShare], [DefaultBudgetFloor] and
// [DefaultBudgetWindow], which options change.
func NewBudget(opts ...BudgetOption) *Budget {
	c := budgetConfig{DefaultBudgetShare, DefaultBudgetFloor, DefaultBudgetWindow}
	for _, opt := range opts {
		opt(&c)
	}
	b := &Budget{
		share:   c.share,
		reserve: c.floor * c.window.Seconds(),
		tick:    max(c.window/ticks, 1),
		started: time.Now(),
	}
	b.others.closed.Store(true) // nobody has it for good
	return b
}

// WithBudgetShare sets what retries may cost as a share of the calls; 0.2 is one retry for five
// calls, or two after refusals, which cost half ([RejectionCost]). The default is
// [DefaultBudgetShare]. It panics when share is negative or infinite.
func WithBudgetShare(share float64) BudgetOption {
	finite("WithBudgetShare", share)
	return func(c *budgetConfig) { c.share = share }
}

// WithBudgetFloor sets what retries may cost in a second in any case, in calls: as many
// retries, or twice as many after refusals, which cost half ([RejectionCost]). The default is
// [DefaultBudgetFloor]. It panics when perSecond is negative or infinite.
func WithBudgetFloor(perSecond float64) BudgetOption {
	finite("WithBudgetFloor", perSecond)
	return func(c *budgetConfig) { c.floor = perSecond }
}

func finite(name string, v float64) {
	notNegative(name, v)
	if math.IsInf(v, 1) {
		panic(fmt.Sprintf("transport: %s(%v): must be finite; WithBudget(nil) is no bound", name, v))
	}
}

// WithBudgetWindow sets how long calls and retries count. What the floor allows in that time
// may be used at once. The default is [DefaultBudgetWindow]. It panics when window is not
// positive.
func WithBudgetWindow(window time.Duration) BudgetOption {
	positive("WithBudgetWindow", window)
	return func(c *budgetConfig) { c.window = window }
}

// Call counts a call to the target. It takes a few nanoseconds and allocates nothing.
func (b *Budget) Call(target string) {
	if b != nil {
		b.account(target).call(b)
	}
}

// Spend takes the cost of one more exchange for a call that was counted, such as
// [FailureCost]. It is false when there is not so much left: then the exchange must not be
// made. It panics when cost is negative.
func (b *Budget) Spend(target string, cost float64) bool {
	notNegative("Budget.Spend", cost)
	_, ok := b.spend(target, cost)
	return ok
}

func (b *Budget) spend(target string, cost float64) (receipt, bool) {
	if b == nil {
		return receipt{}, true
	}
	return b.account(target).spend(b, cost)
}

// receipt is for what was spent on an exchange. The zero receipt is for nothing.
type receipt struct {
	account *account
	tick    int64
	cost    float64
}

// refund gives back what was spent on an exchange that was not made, as long as it counts.
func (r receipt) refund(b *Budget) {
	if r.account != nil {
		r.account.refund(b, r)
	}
}

// BudgetState is what a budget knows about a target, within its window.
type BudgetState struct {
	Calls   int     // counted
	Retries int     // allowed: retries and hedges
	Refused int     // not allowed
	Left    float64 // what may still be spent now
}

// State returns what is known about a target. One that was never called has all of the
// floor left. That of a nil budget is zero.
func (b *Budget) State(target string) BudgetState {
	if b == nil {
		return BudgetState{}
	}
	return b.account(target).state(b)
}

// All yields what is known about each target that has an account, in no order, and then, as
// of the target "", about those that share one, while anything is known of them. A nil budget
// has none.
func (b *Budget) All() iter.Seq2[string, BudgetState] {
	return func(yield func(string, BudgetState) bool) {
		if b == nil {
			return
		}
		if accounts := b.accounts.Load(); accounts != nil {
			for target, a := range *accounts {
				if !yield(target, a.state(b)) {
					return
				}
			}
		}
		if !b.others.idle(b) {
			yield("", b.others.state(b))
		}
	}
}

// now is the number of the current tick. A clock may stand before the start: that of a
// testing/synctest bubble does.
func (b *Budget) now() int64 { return int64(max(time.Since(b.started), 0) / b.tick) }

// ticks is how many steps a window slides in.
const ticks = 10

// batch is how many calls are counted without a look at the clock. They pass for calls of
// the moment at which it is read, which may favour a target by a fifth of them.
const batch = 64

// account is what a budget knows about one target.
type account struct {
	fresh  atomic.Int64 // calls not yet in the window
	closed atomic.Bool  // the target has another account, or should ask for one

	mu     sync.Mutex
	tick   int64 // the last one in the window
	window [ticks]tally
}

// tally is what happened in one tick.
type tally struct {
	calls, retries, refused int
	cost                    float64
}

// call counts a call. A nil account, which a nil budget has, counts nothing.
func (a *account) call(b *Budget) {
	if a != nil && a.fresh.Add(1) >= batch && a.mu.TryLock() {
		a.slide(b.now())
		a.mu.Unlock()
	}
}

func (a *account) spend(b *Budget, cost float64) (receipt, bool) {
	if a == nil {
		return receipt{}, true
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.slide(b.now())
	if a.left(b) < cost {
		now.refused++
		return receipt{}, false
	}
	now.retries++
	now.cost += cost
	return receipt{a, a.tick, cost}, true
}

func (a *account) refund(b *Budget, r receipt) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.slide(b.now())
	if a.tick-r.tick < ticks { // later it is no longer owed
		then := &a.window[r.tick%ticks]
		then.retries--
		then.cost -= r.cost
	}
}

func (a *account) state(b *Budget) BudgetState {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.slide(b.now())
	sum := a.sum()
	return BudgetState{sum.calls, sum.retries, sum.refused, max(a.left(b), 0)}
}

func (a *account) isClosed() bool { return a != nil && a.closed.Load() }

// idle reports whether the account knows nothing that a new one would not.
func (a *account) idle(b *Budget) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.slide(b.now())
	return a.sum() == tally{}
}

// slide moves the window to a tick, puts the fresh calls there and returns its tally.
func (a *account) slide(tick int64) *tally {
	for range min(tick-a.tick, ticks) {
		a.tick++
		a.window[a.tick%ticks] = tally{}
	}
	a.tick = max(a.tick, tick)
	now := &a.window[a.tick%ticks]
	now.calls += int(a.fresh.Swap(0))
	return now
}

func (a *account) left(b *Budget) float64 {
	sum := a.sum()
	return b.reserve + b.share*float64(sum.calls) - sum.cost
}

func (a *account) sum() (sum tally) {
	for _, t := range &a.window {
		sum.calls += t.calls
		sum.retries += t.retries
		sum.refused += t.refused
		sum.cost += t.cost
	}
	return sum
}
