package idemtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/goaroundhq/goaround/idem"
)

// The times of the guards that rules use, in units. The lease is long enough that a busy
// machine does not lose it between two renewals.
const (
	guardLease    = 12
	guardCall     = 3
	guardFinish   = 4 * guardCall
	guardPatience = 40 // no rule needs longer for any one thing
)

// operation is one that guards ask a store for, under one key. It notes its runs and how
// their claims ended.
type operation struct {
	*env
	key string

	mu    sync.Mutex
	runs  []idem.Attempt
	ended []ending
	calls map[Op]int
}

type ending struct {
	how idem.Ending
	err error
}

func (e *env) operation() *operation {
	return &operation{env: e, key: e.id().String(), calls: map[Op]int{}}
}

// guard makes a guard of another process, whose connection suffers what the schedules say.
func (o *operation) guard(opts []idem.GuardOption, schedules ...Schedule) *idem.Guard {
	counting := func(c Call) Fault {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.calls[c.Op]++
		return Fault{}
	}
	store := Disturb(o.T, o.store, append([]Schedule{counting}, schedules...)...)
	return idem.NewGuard(store, append([]idem.GuardOption{
		idem.WithLease(guardLease * o.unit),
		idem.WithTTL(o.lease()),
		idem.WithStoreTimeout(guardCall * o.unit),
		idem.WithFinishTimeout(guardFinish*o.unit + time.Second), // the guard's own pauses are of real time
		idem.WithGuardObserver(idem.Observer{Ended: o.note}),
	}, opts...)...)
}

func (o *operation) note(_ context.Context, info idem.EndedInfo) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ended = append(o.ended, ending{info.Ending, info.Err})
}

// repeatable is for guards of operations that do no harm when repeated.
var repeatable = []idem.GuardOption{idem.WithGuarantee(idem.AtLeastOnce)}

// do asks for the operation. When that runs it, it does what act does.
func (o *operation) do(g *idem.Guard, act func(context.Context) (string, error)) (string, error) {
	return o.doIn(o.Context(), g, act)
}

func (o *operation) doIn(ctx context.Context, g *idem.Guard, act func(context.Context) (string, error)) (string, error) {
	op := idem.Operation{Name: operationName, Scope: idem.SharedScope, Key: o.key}
	return idem.Do(ctx, g, op, func(ctx context.Context) (string, error) {
		attempt, _ := idem.FromContext(ctx)
		o.mu.Lock()
		o.runs = append(o.runs, attempt)
		o.mu.Unlock()
		return act(ctx)
	})
}

const operationName = "operation"

func (o *operation) recordID() idem.ID {
	return idem.NewID("", idem.SharedScope, "", operationName, o.key)
}

// claim claims the operation as a process does that dies before it says how it ended.
func (o *operation) claim(g *idem.Guard) idem.Claim {
	o.Helper()
	result, err := g.Claim(o.Context(), o.recordID(), nil)
	o.ok("Claim", err)
	if result.State != idem.Acquired {
		o.Fatalf("Claim = %v, want acquired", result.State)
	}
	return result.Claim
}

// gives is an operation that gives a result at once.
func gives(result string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return result, nil }
}

// run asks over a bad connection and must get the result of its own run.
func (o *operation) run(g *idem.Guard, act func(context.Context) (string, error), want string) {
	o.Helper()
	if got, err := o.do(g, act); got != want || err != nil {
		o.Fatalf("the one who ran it got %q, %v, want %q", got, err, want)
	}
}

// fails asks over a bad connection and must get the error.
func (o *operation) fails(g *idem.Guard, act func(context.Context) (string, error), want error) {
	o.Helper()
	if got, err := o.do(g, act); !errors.Is(err, want) {
		o.Fatalf("got %q, %v, want %v", got, err, want)
	}
}

// replays asks from elsewhere and must get the result without a run.
func (o *operation) replays(want string) {
	o.Helper()
	before := o.ran()
	if got, err := o.do(o.guard(nil), gives("another run")); got != want || err != nil {
		o.Fatalf("somebody who asks again got %q, %v, want %q", got, err, want)
	}
	o.expectRuns(before)
}

// refuses asks from elsewhere and must get the error without a run.
func (o *operation) refuses(want error, opts ...idem.GuardOption) {
	o.Helper()
	before := o.ran()
	if got, err := o.do(o.guard(opts), gives("another run")); !errors.Is(err, want) {
		o.Fatalf("somebody who asks again got %q, %v, want %v", got, err, want)
	}
	o.expectRuns(before)
}

// comesToRefuse asks from elsewhere until it gets the error, which must come soon and
// without a run.
func (o *operation) comesToRefuse(want error) {
	o.Helper()
	before := o.ran()
	o.soon(fmt.Sprintf("somebody who asks again gets %v", want), func() bool {
		_, err := o.do(o.guard(nil), gives("another run"))
		return errors.Is(err, want)
	})
	o.expectRuns(before)
}

// comesToRun asks from elsewhere until it may run the operation, which must come soon.
func (o *operation) comesToRun(result string, opts ...idem.GuardOption) {
	o.Helper()
	o.soon("somebody who asks again runs it", func() bool {
		got, err := o.do(o.guard(opts), gives(result))
		return err == nil && got == result
	})
}

// soon waits until ok says so.
func (e *env) soon(what string, ok func() bool) {
	e.Helper()
	for deadline := time.Now().Add(guardPatience * e.unit); !ok(); e.pass(e.unit) {
		if time.Now().After(deadline) {
			e.Fatalf("it did not come about that %s", what)
		}
	}
}

// cause waits until the operation is cancelled and returns why.
func (o *operation) cause(ctx context.Context) error {
	o.Helper()
	timeout := time.NewTimer(guardPatience * o.unit)
	defer timeout.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timeout.C:
		o.Fatal("the operation was not told that its claim is lost")
		return nil
	}
}

// bounded runs what must take much less time than would be patient.
func (o *operation) bounded(f func()) {
	o.Helper()
	start := time.Now()
	f()
	if took := time.Since(start); took > guardPatience/2*o.unit+time.Second {
		o.Errorf("the guard kept its caller for %v", took)
	}
}

func (o *operation) ran() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.runs)
}

func (o *operation) called(op Op) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.calls[op]
}

func (o *operation) expectRuns(want int) {
	o.Helper()
	if got := o.ran(); got != want {
		o.Fatalf("ran %d times, want %d", got, want)
	}
}

// expectAttempts checks how the runs were numbered, and that their fences grow.
func (o *operation) expectAttempts(want ...uint32) {
	o.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	var got []uint32
	for i, a := range o.runs {
		got = append(got, a.Number)
		if i > 0 && a.Fence <= o.runs[i-1].Fence {
			o.Errorf("fence %d after %d, want more", a.Fence, o.runs[i-1].Fence)
		}
	}
	if !slices.Equal(got, want) {
		o.Errorf("attempts %v, want %v", got, want)
	}
}

// expectEnding checks that a claim ended so; nil is for one whose end was told the store.
func (o *operation) expectEnding(how idem.Ending, err error) {
	o.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	if !slices.ContainsFunc(o.ended, func(e ending) bool { return e.how == how && errors.Is(e.err, err) }) {
		o.Errorf("claims ended %v, want one %v with %v", o.ended, how, err)
	}
}
