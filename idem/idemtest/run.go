package idemtest

import (
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/idem"
)

// Target says how to test a store.
type Target struct {
	// Open returns an empty store, or one that holds nothing under the IDs of this
	// run; clean it up with t.Cleanup. It is called for each rule, and may return
	// the same store again: rules use IDs of their own and do not mind what else
	// the store holds. Required.
	Open func(t *testing.T) idem.Store
	// OpenBounded returns an empty store that has room for at least 4 records of
	// idem.MinRecord bytes and for at most maxBytes in all. nil means that the
	// store has no byte bound of its own to test.
	OpenBounded func(t *testing.T, maxBytes int64) idem.Store
	// Bubble runs each test in a testing/synctest bubble, where time costs nothing.
	// It works for stores that do no input or output.
	Bubble bool
	// Parallel runs many rules at once, however few processors there are, because
	// on a store with real time they mostly wait. The whole takes some 60 units then.
	// It changes nothing in a bubble.
	Parallel bool
	// Unit is the granule of leases and lifetimes: tests wait for a few of them,
	// and the store must answer well within one. 0 means one second, which only a
	// bubble makes fast; 150 to 200 ms suit a server on the same machine.
	Unit time.Duration
	// Seed decides what goes wrong in the rules where that is left to chance. 0 is
	// another one each time; a rule that fails tells it.
	Seed uint64

	weather *weather      // nil in a bubble, where it is always fine
	turns   *sync.RWMutex // locked for reading by rules that may run at once
}

// Run tests the store against all rules, and what an [idem.Guard] and [idem.Do] make of it
// over connections that [Disturb] makes bad.
func Run(t *testing.T, target Target) {
	if target.Unit <= 0 {
		target.Unit = time.Second
	}
	if target.Seed == 0 {
		target.Seed = rand.Uint64()
	}
	target.turns = new(sync.RWMutex)
	if !target.Bubble {
		target.weather = watch(t, target.Open(t), target.Unit)
	}
	rules := slices.Concat(
		claimRules, leaseRules, completeRules, endRules, contextRules, waiterRules, recallerRules, adminRules,
		claimScenes, endScenes, renewScenes, waitScenes, crashScenes, failoverScenes, clockScenes,
		stormRules, boundRules,
	)
	if target.Parallel && !target.Bubble {
		target.runAtOnce(t, slices.DeleteFunc(slices.Clone(rules), rule.alone))
		rules = slices.DeleteFunc(rules, func(r rule) bool { return !r.alone() })
	}
	for _, r := range rules {
		target.run(t, r)
	}
}

// rule is one thing that a store must do.
type rule struct {
	name    string
	bounded bool // needs OpenBounded, and a store that is empty and nobody else's
	busy    bool // keeps the store so busy that it may be slow to others
	check   func(*env)
}

func (r rule) alone() bool { return r.bounded || r.busy }

// atOnce is how many rules run at once with Parallel: enough to make a run short, and few
// enough to leave the store on a busy machine its answer "well within a unit".
const atOnce = 16

func (target Target) runAtOnce(t *testing.T, rules []rule) {
	// Not t.Parallel, which runs as many as there are processors.
	var wg sync.WaitGroup
	defer wg.Wait()
	running := make(chan struct{}, atOnce)
	for _, r := range rules {
		running <- struct{}{}
		wg.Go(func() {
			defer func() { <-running }()
			target.run(t, r)
		})
	}
}

// maxBytes is the bound that bounded rules ask for.
const maxBytes = 64 << 10

func (target Target) run(t *testing.T, r rule) {
	t.Run(r.name, func(t *testing.T) { target.check(t, r) })
}

func (target Target) check(t *testing.T, r rule) {
	check := func(t *testing.T) {
		open := target.Open
		if r.bounded {
			if target.OpenBounded == nil {
				t.Skip("the store has no byte bound")
			}
			open = func(t *testing.T) idem.Store { return target.OpenBounded(t, maxBytes) }
		}
		target.judge(t, r, open)
	}
	if target.Bubble {
		synctest.Test(t, check)
		return
	}
	check(t)
}

// env is what a rule works with. Its helpers fail the test on errors that the
// rule does not expect.
type env struct {
	*testing.T
	verdict *verdict
	store   idem.Store
	unit    time.Duration
	bubble  bool
	seed    uint64
	serial
}

type serial struct{ n atomic.Int64 }

// runs keeps the IDs of two runs apart in a store that outlives them.
var runs = time.Now().UnixNano()

// id returns a fresh ID.
func (e *env) id() idem.ID {
	return sha256.Sum256(fmt.Appendf(nil, "%s/%d/%d", e.Name(), runs, e.n.Add(1)))
}

// lease is long enough not to end by itself within a rule.
func (e *env) lease() time.Duration { return 1000 * e.unit }

// pass lets d go by for the store.
func (e *env) pass(d time.Duration) { time.Sleep(d) }

func (e *env) request(id idem.ID) idem.ClaimRequest {
	return idem.ClaimRequest{ID: id, Owner: idem.NewOwner(), Lease: e.lease(), TTL: 1000 * e.unit}
}

// claim asks and returns the answer.
func (e *env) claim(r idem.ClaimRequest) idem.ClaimResult {
	e.Helper()
	result, err := e.store.Claim(e.Context(), r)
	if err != nil {
		e.Fatalf("Claim: %v", err)
	}
	return result
}

// acquire claims and must get it.
func (e *env) acquire(r idem.ClaimRequest) idem.Claim {
	e.Helper()
	result := e.claim(r)
	if result.State != idem.Acquired {
		e.Fatalf("Claim = %v, want acquired", result.State)
	}
	if result.Claim.ID != r.ID || result.Claim.Owner != r.Owner {
		e.Fatalf("Claim gave %+v for %+v", result.Claim, r)
	}
	return result.Claim
}

// expect claims with a fresh owner and must find the state.
func (e *env) expect(id idem.ID, want idem.State) idem.ClaimResult {
	e.Helper()
	result := e.claim(e.request(id))
	if result.State != want {
		e.Fatalf("a fresh claim = %v, want %v", result.State, want)
	}
	return result
}

func (e *env) complete(c idem.Claim, record string) {
	e.Helper()
	e.ok("Complete", e.store.Complete(e.Context(), c, []byte("fp:"+record), []byte(record), 1000*e.unit))
}

// expectDone claims with a fresh owner and must find the record.
func (e *env) expectDone(id idem.ID, record string) {
	e.Helper()
	result := e.expect(id, idem.Done)
	if string(result.Record) != record || string(result.Fingerprint) != "fp:"+record {
		e.Fatalf("record %q with fingerprint %q, want %q and %q", result.Record, result.Fingerprint, record, "fp:"+record)
	}
}

func (e *env) ok(what string, err error) {
	e.Helper()
	if err != nil {
		e.Fatalf("%s: %v", what, err)
	}
}

func (e *env) cancelled() context.Context {
	ctx, cancel := context.WithCancel(e.Context())
	cancel()
	return ctx
}
