package servertest

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/idem"
)

// Target says how to test the middleware over a store.
type Target struct {
	// Open returns a store; clean it up with t.Cleanup. It is called once per rule, from
	// many goroutines, and may return the same store again: rules have key spaces of their
	// own and do not mind what else the store holds. Required.
	Open func(t *testing.T) idem.Store
	// OpenBounded returns an empty store that has room for at least 4 records of
	// idem.MinRecord bytes and for at most maxBytes in all. The rules that need it run one
	// after the other. nil means that the store has no byte bound of its own to test.
	OpenBounded func(t *testing.T, maxBytes int64) idem.Store
	// Unit is the granule of leases and lifetimes: tests wait for a few of them, and the
	// store must answer well within one. 0 means 200 ms, which suits a server on the same
	// machine.
	Unit time.Duration
}

// Run tests the middleware over the store against all rules, several at a time. All time
// is real.
func Run(t *testing.T, target Target) {
	if target.Unit <= 0 {
		target.Unit = 200 * time.Millisecond
	}
	target.runAll(t, slices.Concat(
		leaseRules, crashRules, expiryRules, // first what waits for time
		concurrencyRules, outageRules, guaranteeRules(), endingRules, unknownRules,
		clientRules, shutdownRules, timeoutRules, http2Rules, replayRules, responseRules,
		keyRules, identityRules, contentRules, uploadRules,
	))
	for _, r := range fullRules {
		t.Run(r.name, func(t *testing.T) { target.runBounded(t, r) })
	}
}

// rule is one thing that a client can count on.
type rule struct {
	name  string
	check func(*env)
}

// atOnce is how many rules run at once: enough to make a run short, and few enough to leave
// a busy machine's store its answer "well within a unit".
const atOnce = 12

// runAll runs rules that may share a store.
func (target Target) runAll(t *testing.T, rules []rule) {
	// Not t.Parallel, which runs as many at once as there are processors: rules mostly wait.
	var wg sync.WaitGroup
	defer wg.Wait()
	running := make(chan struct{}, atOnce)
	for _, r := range rules {
		running <- struct{}{}
		wg.Go(func() {
			defer func() { <-running }()
			t.Run(r.name, func(t *testing.T) { target.run(t, r, target.Open(t)) })
		})
	}
}

func (target Target) runBounded(t *testing.T, r rule) {
	if target.OpenBounded == nil {
		t.Skip("the store has no byte bound")
	}
	target.run(t, r, target.OpenBounded(t, maxBytes))
}

func (target Target) run(t *testing.T, r rule, store idem.Store) {
	r.check(&env{T: t, store: store, unit: target.Unit, namespace: fmt.Sprintf("%s/%d", t.Name(), runs)})
}

// maxBytes is the bound that bounded rules ask for.
const maxBytes = 64 << 10

// runs keeps the keys of two runs apart in a store that outlives them.
var runs = time.Now().UnixNano()

// env is what a rule works with.
type env struct {
	*testing.T
	store     idem.Store
	unit      time.Duration
	namespace string // of this rule's keys
}

// patience is how long a rule waits for what must come.
func (e *env) patience() time.Duration { return 15*time.Second + 20*e.unit }

// hold makes a handler wait until c is closed, or the rule has failed meanwhile.
func (e *env) hold(c <-chan struct{}) {
	select {
	case <-c:
	case <-e.Context().Done():
	}
}

// await makes a rule wait for what must come.
func await[T any](e *env, what string, c <-chan T) (got T) {
	e.Helper()
	select {
	case got = <-c:
	case <-time.After(e.patience()):
		e.Fatalf("waited in vain for %s", what)
	}
	return got
}

func (e *env) ok(what string, err error) {
	e.Helper()
	if err != nil {
		e.Fatalf("%s: %v", what, err)
	}
}
