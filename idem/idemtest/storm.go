package idemtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/goaroundhq/goaround/idem"
)

var stormRules = []rule{
	{name: "Storm/AtMostOnceHasOneEffectPerKey", busy: true, check: func(e *env) {
		// Only a store that forgets a claim may let it run twice.
		s := newStorm(e, idem.AtMostOnce, forgotten)
		s.rage()
		s.settle()
	}},
	{name: "Storm/AtLeastOnceHasOneResultPerKey", busy: true, check: func(e *env) {
		// Many are overtaken, because the store's clock jumps over their leases.
		jump := Fault{Jump: (guardLease - 1) * e.unit}
		s := newStorm(e, idem.AtLeastOnce, jump, jump, jump, jump, jump, jump, jump, jump)
		s.rage()
		s.settle()
	}},
}

const (
	stormWorkers = 20
	stormRounds  = 5
	stormKeys    = 5 // that are new in each round
	stormAsks    = 2 // of each worker in each round
	stormChance  = 0.3
)

// storm is many processes that ask for the same operations over bad connections.
type storm struct {
	*env
	guarantee idem.Guarantee
	claims    []Fault // that only claims suffer
	faults    []Fault
	byID      map[idem.ID]*trace

	mu     sync.Mutex
	traces []*trace
}

// trace is what an operation left in the world.
type trace struct {
	number    int
	key       string
	runs      int
	fences    map[uint64]bool
	effects   map[string]bool // by the result that tells of them
	replayed  string          // to those who did not run it
	forgotten bool            // the store lost a claim of it, and its promise with that
}

func newStorm(e *env, guarantee idem.Guarantee, claims ...Fault) *storm {
	e.Cleanup(func() {
		if e.Failed() {
			e.Logf("the same faults come again with Target.Seed: %d", e.seed)
		}
	})
	s := &storm{env: e, guarantee: guarantee, byID: map[idem.ID]*trace{}, faults: []Fault{
		lostRequest, lostReply, twice, hanging,
		{LoseReply: true, DelayReply: Forever},
		{DelayRequest: e.unit}, {DelayRequest: (guardCall + 2) * e.unit},
		{DelayReply: e.unit}, {DelayReply: (guardCall + 2) * e.unit},
		{Jump: (guardLease - 2) * e.unit}, {Jump: -guardLease / 2 * e.unit},
	}}
	s.claims = slices.Concat(claims, s.faults)
	for i := range stormRounds * stormKeys {
		o := e.operation()
		s.traces = append(s.traces, &trace{number: i, key: o.key, fences: map[uint64]bool{}, effects: map[string]bool{}})
		s.byID[o.recordID()] = s.traces[i]
	}
	return s
}

// schedule disturbs one worker's connection, in the same way for the same seed.
func (s *storm) schedule(worker int) Schedule {
	seed := s.seed + uint64(worker)
	claims, others := Random(seed, stormChance, s.claims...), Random(seed, stormChance, slices.Concat(s.faults, []Fault{forgotten})...)
	return func(c Call) Fault {
		t := s.byID[c.ID]
		c.ID = idem.ID{byte(t.number)} // because the true one is another in each run
		if c.Op != OpClaim {
			return others(c)
		}
		f := claims(c)
		if f.Forget {
			s.mu.Lock()
			defer s.mu.Unlock()
			t.forgotten = true
		}
		return f
	}
}

func (s *storm) rage() {
	s.Helper()
	var workers sync.WaitGroup
	for i := range stormWorkers {
		random := rand.New(rand.NewPCG(s.seed, uint64(i)))
		g := idem.NewGuard(Disturb(s.T, s.store, s.schedule(i)),
			idem.WithGuarantee(s.guarantee),
			idem.WithLease(guardLease*s.unit), idem.WithTTL(s.lease()),
			idem.WithStoreTimeout(guardCall*s.unit), idem.WithFinishTimeout(guardFinish*s.unit+time.Second),
			idem.WithWait(min(4*s.unit, time.Second)*time.Duration(i%2)),
		)
		workers.Go(func() {
			for i := range stormRounds * stormAsks {
				round := max(i/stormAsks-random.IntN(2), 0) // now and then one of the last round
				s.ask(g, s.traces[round*stormKeys+random.IntN(stormKeys)], random)
			}
		})
	}
	workers.Wait()
}

// ask asks for an operation, and judges the answer.
func (s *storm) ask(g *idem.Guard, t *trace, random *rand.Rand) {
	start, ran := time.Now(), false
	got, err := s.do(g, t, func(ctx context.Context) (string, error) {
		ran = true
		return s.act(ctx, t, random.IntN(10), time.Duration(random.Int64N(int64(3*s.unit))))
	})
	if took := time.Since(start); took > 2*guardPatience*s.unit+2*time.Second {
		s.Errorf("%d: an answer took %v", t.number, took)
	}
	switch {
	case err == nil && !ran:
		s.replayed(t, got)
	case err == nil, errors.Is(err, errOperation), errors.Is(err, idem.ErrInProgress), errors.Is(err, idem.ErrUnknown):
	case errors.Is(err, ErrDisturbed), errors.Is(err, context.DeadlineExceeded):
		if ran {
			s.Errorf("%d: ran, and its caller got %v", t.number, err)
		}
	default:
		s.Errorf("%d: unexpected error %v", t.number, err)
	}
}

func (s *storm) do(g *idem.Guard, t *trace, act func(context.Context) (string, error)) (string, error) {
	return idem.Do(s.Context(), g, idem.Operation{Name: operationName, Scope: idem.SharedScope, Key: t.key}, act)
}

// act is the operation: it may fail before or after its effect, in a tenth of the cases each.
func (s *storm) act(ctx context.Context, t *trace, dice int, takes time.Duration) (string, error) {
	attempt, _ := idem.FromContext(ctx)
	s.pass(takes)
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.fences[attempt.Fence] && !t.forgotten {
		s.Errorf("%d: two runs have the fence %d", t.number, attempt.Fence)
	}
	t.fences[attempt.Fence] = true
	if dice == 0 {
		return undone(ctx)
	}
	t.runs++
	result := fmt.Sprintf("run %d", t.runs)
	t.effects[result] = true
	if s.guarantee == idem.AtMostOnce && len(t.effects) > 1 && !t.forgotten {
		s.Errorf("%d: %d effects", t.number, len(t.effects))
	}
	if dice == 1 {
		return "", errOperation
	}
	return result, nil
}

// replayed judges a result that somebody got who did not run the operation.
func (s *storm) replayed(t *trace, got string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !t.effects[got] {
		s.Errorf("%d: %q was replayed, which tells of no effect", t.number, got)
	}
	if t.replayed != "" && t.replayed != got {
		s.Errorf("%d: %q was replayed after %q", t.number, got, t.replayed)
	}
	t.replayed = got
}

// settle asks for each operation when all is quiet again. It must come to an answer, and one
// that does not contradict what happened.
func (s *storm) settle() {
	s.Helper()
	quiet := idem.NewGuard(s.store, idem.WithLease(s.lease()))
	effects := 0
	for _, t := range s.traces {
		effects += len(t.effects)
		ran, got, err := false, "", idem.ErrInProgress
		s.soon("an operation ends", func() bool {
			got, err = s.do(quiet, t, func(context.Context) (string, error) { ran = true; return "run now", nil })
			return !errors.Is(err, idem.ErrInProgress)
		})
		switch {
		case errors.Is(err, idem.ErrUnknown):
		case err != nil:
			s.Errorf("%d: %v", t.number, err)
		case !ran:
			s.replayed(t, got)
		case s.guarantee == idem.AtMostOnce && len(t.effects) > 0 && !t.forgotten:
			s.Errorf("%d: ran again, after %v", t.number, t.effects)
		}
	}
	if effects == 0 {
		s.Error("nothing happened in the storm")
	}
}
