package idemredis_test

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemredis/redistest"
)

// recorder runs workers against a store and writes down what they see.
type recorder struct {
	store idem.Store
	start time.Time
	asked atomic.Int64

	mu      sync.Mutex
	history []porcupine.Operation
	lost    int
}

const (
	workers      = 50
	stepsEach    = 120
	stepsPerID   = 15 // about so many steps before the workers move on to another ID
	idsAtOnce    = 20
	steptime     = 300 * time.Millisecond
	historyLease = 10 * time.Minute // nothing lapses: the model knows no time
)

// work asks for IDs that others ask for as well, and ends what it claimed in all ways, also
// too late and twice.
func (rec *recorder) work(worker int, random *rand.Rand) {
	type held struct {
		id    idem.ID
		claim idem.Claim
	}
	var old []held
	for range stepsEach {
		n := rec.asked.Add(1)
		op := operation{id: historyID(n/stepsPerID + random.Int64N(idsAtOnce)), step: "claim", owner: idem.NewOwner(), takeOver: random.IntN(2) == 0}
		var claim idem.Claim
		if len(old) > 0 && random.IntN(5) < 3 {
			i := random.IntN(len(old))
			op.id, claim, op.owner = old[i].id, old[i].claim, old[i].claim.Owner
			op.step = []string{"complete", "release", "abandon", "abandon", "claim"}[random.IntN(5)]
			op.record = strconv.FormatInt(n, 10)
			if random.IntN(3) > 0 {
				old = append(old[:i], old[i+1:]...)
			}
		} else {
			claim = idem.Claim{ID: op.id, Owner: op.owner}
		}
		if got := rec.take(worker, op, claim); got.State == idem.Acquired {
			old = append(old, held{op.id, got.Claim})
		}
	}
}

// take takes one step and writes it down.
func (rec *recorder) take(worker int, op operation, claim idem.Claim) idem.ClaimResult {
	ctx, cancel := context.WithTimeout(context.Background(), steptime)
	defer cancel()
	call := time.Since(rec.start)
	var got idem.ClaimResult
	var err error
	switch op.step {
	case "claim":
		got, err = rec.store.Claim(ctx, idem.ClaimRequest{ID: op.id, Owner: op.owner, TakeOver: op.takeOver, Lease: historyLease, TTL: historyLease})
	case "complete":
		err = rec.store.Complete(ctx, claim, nil, []byte(op.record), historyLease)
	case "release":
		err = rec.store.Release(ctx, claim)
	case "abandon":
		err = rec.store.Abandon(ctx, claim, "test")
	}
	end := time.Since(rec.start)
	a := answer{state: got.State, fence: got.Claim.Fence, attempt: got.Claim.Attempt, record: string(got.Record)}
	returned := int64(end)
	switch {
	case errors.Is(err, idem.ErrFenced):
		a.err = "fenced"
	case errors.Is(err, idem.ErrLost):
		a.err = "lost"
	case err != nil:
		a, returned = answer{lost: true}, math.MaxInt64
		time.Sleep(10 * time.Millisecond) // the server is away
	}
	rec.mu.Lock()
	defer rec.mu.Unlock()
	if a.lost {
		rec.lost++
	}
	rec.history = append(rec.history, porcupine.Operation{ClientId: worker, Input: op, Call: int64(call), Output: a, Return: returned})
	return got
}

func historyID(n int64) idem.ID {
	return idem.NewID("history", idem.SharedScope, "", "test", strconv.FormatInt(n, 10))
}

// run has all workers at it, and something else beside them.
func (rec *recorder) run(beside func()) {
	rec.start = time.Now()
	var wg sync.WaitGroup
	for i := range workers {
		wg.Go(func() { rec.work(i, rand.New(rand.NewPCG(uint64(i), 1))) })
	}
	beside()
	wg.Wait()
}

// check tells whether there is an order of the steps that explains every answer.
func (rec *recorder) check() porcupine.CheckResult {
	return porcupine.CheckOperationsTimeout(model.ToModel(), rec.history, 30*time.Second)
}

// Fifty workers, while the server is killed and started again, and stopped and continued.
// The append-only file makes it keep what it has acknowledged.
func TestHistoryIsLinearizable(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, redistest.WithAOF())
	options := server.Options()
	options.MaxRetries = -1 // a step that go-redis takes twice is two steps
	options.ContextTimeoutEnabled = true
	rec := &recorder{store: open(t, connect(t, options))}
	rec.run(func() {
		third := int64(workers * stepsEach / 4)
		reach := func(n int64) {
			for rec.asked.Load() < n {
				time.Sleep(time.Millisecond)
			}
		}
		reach(third)
		server.Kill()
		server.Restart()
		reach(2 * third)
		server.Pause()
		time.Sleep(2 * steptime) // longer than anybody waits
		server.Continue()
		reach(3 * third)
		server.Kill()
		server.Restart()
	})
	t.Logf("%d steps, %d without an answer", len(rec.history), rec.lost)
	if rec.lost == 0 || rec.lost > len(rec.history)/2 {
		t.Errorf("%d of %d steps got no answer: the test does not test what it should", rec.lost, len(rec.history))
	}
	if got := rec.check(); got != porcupine.Ok {
		t.Errorf("the history is not linearizable: %v", got)
	}
}

// forgetful is a store that forgets now and then who has a claim.
type forgetful struct {
	*idem.Memory
	n atomic.Int64
}

func (f *forgetful) Claim(ctx context.Context, r idem.ClaimRequest) (idem.ClaimResult, error) {
	if f.n.Add(1)%500 == 0 {
		if err := f.Purge(ctx, r.ID); err != nil {
			return idem.ClaimResult{}, err
		}
	}
	return f.Memory.Claim(ctx, r)
}

func TestHistoryOfAForgetfulStoreIsNot(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		store idem.Store
		want  porcupine.CheckResult
	}{
		"forgetful": {&forgetful{Memory: idem.NewMemory()}, porcupine.Illegal},
		"good":      {idem.NewMemory(), porcupine.Ok},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rec := &recorder{store: tt.store}
			rec.run(func() {})
			if got := rec.check(); got != tt.want {
				t.Errorf("check = %v, want %v", got, tt.want)
			}
		})
	}
}
