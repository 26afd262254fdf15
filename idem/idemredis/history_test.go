package idemredis_test

import (
	"context"
	"errors"
	"fmt"
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

// operation is what a worker asked of the store.
type operation struct {
	id       idem.ID
	step     string // claim, complete, release or abandon
	owner    idem.Owner
	takeOver bool
	record   string
}

// answer is what it was told. With lost it was told nothing: the step may have been taken
// at any time since, or not.
type answer struct {
	lost    bool
	state   idem.State // of a claim
	fence   uint64
	attempt uint32
	record  string
	err     string // of another step: "", "fenced" or "lost"
}

// record is the state of one ID in the model. It is what store.go says in words.
type record struct {
	state   idem.State
	owner   idem.Owner
	fence   uint64 // or a lower bound, after a lost claim
	exact   bool
	attempt uint32
	value   string
}

// outcomes are the records that a step may leave behind whose answer is as given.
func outcomes(r record, op operation, a answer) []any {
	next, want := apply(r, op)
	if a.lost {
		if next.fence != r.fence || next.owner != r.owner {
			next.exact, next.fence = false, r.fence
		}
		return []any{r, next}
	}
	if op.step == "claim" {
		return claimed(r, next, want, a)
	}
	if a.err != want.err {
		return nil
	}
	return []any{next}
}

func claimed(before, next record, want, a answer) []any {
	if a.state != want.state || a.record != want.record {
		return nil
	}
	if a.state != idem.Acquired {
		return []any{next}
	}
	if a.attempt != next.attempt {
		return nil
	}
	again := before.state == idem.Pending && before.owner == next.owner
	switch {
	case again && before.exact && a.fence != before.fence:
		return nil
	case again && a.fence < before.fence, !again && a.fence <= before.fence:
		return nil
	}
	next.fence, next.exact = a.fence, true
	return []any{next}
}

// apply is the store: the record after a step, and the answer, in which the fence is left
// open.
func apply(r record, op operation) (record, answer) {
	mine := r.state != idem.Absent && r.owner == op.owner
	switch op.step {
	case "claim":
		return applyClaim(r, op, mine)
	case "complete":
		if r.state != idem.Absent && !mine {
			return r, answer{err: "fenced"}
		}
		if r.state != idem.Done {
			r.state, r.owner, r.value = idem.Done, op.owner, op.record
		}
		return r, answer{}
	case "release":
		switch {
		case r.state == idem.Absent:
			return r, answer{}
		case !mine:
			return r, answer{err: "fenced"}
		case r.state != idem.Pending:
			return r, answer{err: "lost"}
		}
		return record{fence: r.fence}, answer{}
	default:
		switch {
		case r.state == idem.Absent, mine && r.state == idem.Done:
			return r, answer{err: "lost"}
		case !mine:
			return r, answer{err: "fenced"}
		}
		r.state = idem.Unknown
		return r, answer{}
	}
}

func applyClaim(r record, op operation, mine bool) (record, answer) {
	switch {
	case r.state == idem.Absent:
		return record{state: idem.Pending, owner: op.owner, fence: r.fence, attempt: 1}, answer{state: idem.Acquired}
	case r.state == idem.Pending && mine:
		return r, answer{state: idem.Acquired}
	case r.state == idem.Unknown && op.takeOver:
		return record{state: idem.Pending, owner: op.owner, fence: r.fence, attempt: r.attempt + 1}, answer{state: idem.Acquired}
	default:
		return r, answer{state: r.state, record: r.value}
	}
}

var model = porcupine.NondeterministicModel{
	Init: func() []any { return []any{record{}} },
	Step: func(state, input, output any) []any {
		return outcomes(state.(record), input.(operation), output.(answer))
	},
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		parts := map[idem.ID][]porcupine.Operation{}
		for _, o := range history {
			id := o.Input.(operation).id
			parts[id] = append(parts[id], o)
		}
		var all [][]porcupine.Operation
		for _, p := range parts {
			all = append(all, p)
		}
		return all
	},
	DescribeOperation: func(in, out any) string { return fmt.Sprintf("%+v -> %+v", in, out) },
}

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
