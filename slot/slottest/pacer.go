package slottest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/slot"
)

// PacerTarget says how to test a pacer.
type PacerTarget struct {
	// Open returns a pacer; clean it up with t.Cleanup. It is called for each rule.
	// Required.
	Open func(t *testing.T) slot.Pacer
	// Bubble runs each rule in a testing/synctest bubble, where time costs nothing. It
	// works for pacers that do no input or output.
	Bubble bool
}

// RunPacer tests what must hold for every pacer, however it decides: that it neither blocks
// nor breaks its callers.
func RunPacer(t *testing.T, target PacerTarget) {
	for _, r := range pacerRules {
		inBubble(t, r.name, target.Bubble, func(t *testing.T) {
			r.check(&pacerEnv{env: &env{T: t}, pacer: target.Open(t)})
		})
	}
}

type pacerEnv struct {
	*env
	pacer slot.Pacer
}

type pacerRule struct {
	name  string
	check func(*pacerEnv)
}

var pacerRules = []pacerRule{
	{"Pacer/ReserveReturns", func(e *pacerEnv) {
		for _, result := range []slot.Result{slot.Success, slot.Rejected, slot.Failed, 99} {
			for _, attempt := range []int{-1, 0, 1, 1000} {
				for _, hint := range []time.Duration{-1, 0, time.Hour} {
					e.reserve(e.Context(), slot.Feedback{Attempt: attempt, Result: result, Latency: -1, Hint: hint})
				}
			}
		}
	}},
	{"Pacer/DelayIsNotNegative", func(e *pacerEnv) {
		for range 50 {
			if r := e.reserve(e.Context(), failure); r != nil && r.Delay() < 0 {
				e.Errorf("Delay = %v", r.Delay())
			}
		}
	}},
	{"Pacer/CancelAgainDoesNothing", func(e *pacerEnv) {
		r := e.reserve(e.Context(), failure)
		if r == nil {
			return
		}
		for range 3 {
			_ = e.within("Cancel", func() error { r.Cancel(); return nil })
		}
	}},
	{"Pacer/ReportReturns", func(e *pacerEnv) {
		_ = e.within("Report", func() error {
			for _, result := range []slot.Result{slot.Success, slot.Rejected, slot.Failed, 99} {
				for range 100 {
					e.pacer.Report(e.target(), slot.Feedback{Attempt: 1, Result: result})
				}
			}
			return nil
		})
	}},
	{"Pacer/AnEndedContextDoesNotHang", func(e *pacerEnv) {
		ctx, cancel := context.WithCancel(e.Context())
		cancel()
		e.await(ctx, e.reserve(ctx, failure), context.Canceled)
	}},
	{"Pacer/ACancelledWaitReturns", func(e *pacerEnv) {
		cause := errors.New("caller left")
		ctx, cancel := context.WithCancelCause(e.Context())
		f := failure
		f.Hint = time.Hour
		r := e.reserve(ctx, f)
		time.AfterFunc(10*time.Millisecond, func() { cancel(cause) })
		e.await(ctx, r, cause)
	}},
	{"Pacer/ADeadlineIsKept", func(e *pacerEnv) {
		ctx, cancel := context.WithTimeout(e.Context(), 50*time.Millisecond)
		defer cancel()
		f := failure
		f.Hint = time.Hour
		e.await(ctx, e.reserve(ctx, f), context.DeadlineExceeded, slot.ErrDeadline)
	}},
	{"Pacer/AHerdWithOneHintIsSpread", spread},
	{"Pacer/ManyAtOnce", manyAtOnce},
}

var failure = slot.Feedback{Attempt: 1, Result: slot.Failed, Latency: time.Millisecond}

// herdTarget is whose slots are reserved.
const herdTarget = "https://api.example.com:443"

// reserve returns nil when the pacer gives an error, which it always may.
func (e *pacerEnv) reserve(ctx context.Context, f slot.Feedback) (r slot.Reservation) {
	e.Helper()
	err := e.within("Reserve", func() (err error) {
		r, err = e.pacer.Reserve(ctx, herdTarget, f)
		return err
	})
	if (err == nil) == (r == nil) {
		e.Errorf("Reserve = %v, %v: want either", r, err)
	}
	return r
}

// await waits for a reservation that does not come, if it can be waited for.
func (e *pacerEnv) await(ctx context.Context, r slot.Reservation, allowed ...error) {
	e.Helper()
	a, ok := r.(slot.Awaiter)
	if !ok {
		return
	}
	err := e.within("Wait", func() error { return a.Wait(ctx) })
	for _, want := range allowed {
		if errors.Is(err, want) {
			return
		}
	}
	if err != nil || ctx.Err() == nil {
		e.Errorf("Wait = %v, want one of %v", err, allowed)
	}
}

// spread has many callers told to come back after the same wait, as a server tells all whom it
// turns away. However long their slots are, nobody goes before that; so what spreads them must
// come on top.
func spread(e *pacerEnv) {
	const callers, hint = 40, 200 * time.Millisecond
	f := slot.Feedback{Attempt: 1, Result: slot.Rejected, Latency: time.Millisecond, Hint: hint}
	var all sync.WaitGroup
	var mu sync.Mutex
	come := map[time.Duration]int{} // how many, by the millisecond
	for range callers {
		r := e.reserve(e.Context(), f)
		if r == nil {
			continue // its caller waits by a backoff
		}
		all.Go(func() {
			after := max(comes(e.Context(), r), hint).Round(time.Millisecond)
			e.pacer.Report(herdTarget, slot.Feedback{Attempt: 2, Latency: time.Millisecond})
			mu.Lock()
			defer mu.Unlock()
			come[after]++
		})
	}
	_ = e.within("the slot after a server's wait", func() error { all.Wait(); return nil })
	for after, n := range come {
		if n > callers/2 {
			e.Errorf("%d of %d callers come %v after all were told to wait for %v", n, callers, after, hint)
		}
	}
}

// comes is how long from now a slot comes, which it waits for when that is not known before.
func comes(ctx context.Context, r slot.Reservation) time.Duration {
	a, ok := r.(slot.Awaiter)
	if !ok {
		return r.Delay()
	}
	start := time.Now()
	_ = a.Wait(ctx) // one that does not come is spread enough
	return time.Since(start)
}

// manyAtOnce does everything at once, for the race detector.
func manyAtOnce(e *pacerEnv) {
	ctx, cancel := context.WithTimeout(e.Context(), 200*time.Millisecond)
	defer cancel()
	var all sync.WaitGroup
	for n := range 50 {
		all.Go(func() {
			target := fmt.Sprint("target ", n%3)
			e.pacer.Report(target, slot.Feedback{Attempt: 1, Result: slot.Result(n % 3)})
			r, err := e.pacer.Reserve(ctx, target, failure)
			if err != nil {
				return
			}
			_ = r.Delay()
			if a, ok := r.(slot.Awaiter); ok && n%2 == 0 {
				_ = a.Wait(ctx)
			}
			r.Cancel()
		})
	}
	_ = e.within("using it from many goroutines", func() error { all.Wait(); return nil })
}
