package transport_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/transport"
)

// In the chain, an attempt may be two exchanges; retries wait as ever, and the key is one.
func TestHedgeInsideOfRetry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := &track{lanes: []lane{
			{after: time.Second, code: 503}, {after: time.Second, code: 503}, // attempt 1
			{after: time.Hour}, {after: time.Millisecond, code: 201}, // attempt 2
		}}
		var attempts []int
		var hedged []transport.Hedged
		rt := transport.New(k, transport.WithBackoff(noWait), transport.WithTarget(targetAPI),
			transport.WithHedging(transport.HedgeAfter(hedgeDelay)),
			transport.WithObserver(transport.Observer{Attempt: func(_ context.Context, a transport.Attempt) { attempts = append(attempts, a.Status) }}),
			transport.WithStepObserver(transport.StepObserver{Hedge: func(_ context.Context, h transport.Hedged) { hedged = append(hedged, h) }}),
		)
		if code, body, err := roundTrip(t, rt, newRequest(t, "POST", "content")); code != 201 || body != "lane" || err != nil {
			t.Fatal(code, body, err)
		}
		synctest.Wait()
		for i, r := range k.runs {
			if r.key == "" || r.key != k.runs[0].key || r.body != "content" {
				t.Errorf("exchange %d: key %q, body %q", i, r.key, r.body)
			}
		}
		if len(k.runs) != 4 || len(attempts) != 2 || attempts[0] != 503 || attempts[1] != 201 {
			t.Errorf("%d exchanges, attempts %v", len(k.runs), attempts)
		}
		want := []transport.Hedged{
			{Target: "api", Delay: hedgeDelay, Latency: hedgeDelay + time.Second, Hedges: 1},
			{Target: "api", Delay: hedgeDelay, Latency: hedgeDelay + time.Millisecond, Hedges: 1, Winner: 1},
		}
		if len(hedged) != 2 || hedged[0] != want[0] || hedged[1] != want[1] {
			t.Errorf("observed %+v", hedged)
		}
	})
}

// The timeout of an attempt is that of all its exchanges, and not that of the body.
func TestHedgeWithinTheAttemptTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := &track{lanes: []lane{
			{after: time.Hour}, {after: time.Hour}, // attempt 1
			{after: time.Hour}, {after: 800 * time.Millisecond, code: 200}, // attempt 2
		}}
		rt := transport.New(k, transport.WithBackoff(noWait), transport.WithAttemptTimeout(time.Second), transport.WithHedging(transport.HedgeAfter(hedgeDelay)))
		start := time.Now()
		resp, err := rt.RoundTrip(newRequest(t, "GET", ""))
		if took := time.Since(start); err != nil || took != time.Second+hedgeDelay+800*time.Millisecond {
			t.Fatalf("%v after %v", err, took)
		}
		time.Sleep(time.Minute)
		if b, err := io.ReadAll(resp.Body); err != nil || string(b) != "lane" {
			t.Errorf("body %q, %v", b, err)
		}
		_ = resp.Body.Close()
		synctest.Wait()
		for i, r := range k.runs {
			if r.ctx.Err() == nil {
				t.Errorf("the context of exchange %d still lives", i)
			}
		}
	})
}

// Without budget, the exchange that is under way goes on, and the observer knows.
func TestHedgeRefusedByTheBudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := &track{lanes: []lane{{after: time.Second, code: 200}, {after: time.Second, code: 200}, {after: time.Second, code: 200}}}
		budget := transport.NewBudget(transport.WithBudgetFloor(0.1)) // one in ten seconds
		var hedged []transport.Hedged
		rt := transport.Hedge(transport.WithHedging(transport.HedgeAfter(hedgeDelay)), transport.WithBudget(budget), transport.WithTarget(targetAPI),
			transport.WithStepObserver(transport.StepObserver{Hedge: func(_ context.Context, h transport.Hedged) { hedged = append(hedged, h) }}))(k)
		for range 2 {
			if code, _, err := roundTrip(t, rt, newRequest(t, "GET", "")); code != 200 || err != nil {
				t.Fatal(code, err)
			}
		}
		if len(hedged) != 2 || hedged[0].Refused != nil || hedged[0].Hedges != 1 || !errors.Is(hedged[1].Refused, transport.ErrBudget) || hedged[1].Hedges != 0 {
			t.Errorf("observed %+v", hedged)
		}
		if got := budget.State("api"); got.Retries != 1 || got.Refused != 1 {
			t.Errorf("budget %+v", got)
		}
	})
}

// A caller who leaves ends all exchanges, with the cause.
func TestHedgeEndsWithTheCaller(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := &track{lanes: []lane{{after: time.Hour}, {after: time.Hour}}}
		ctx, cancel := context.WithCancelCause(t.Context())
		left := errors.New("the caller has left")
		time.AfterFunc(time.Second, func() { cancel(left) })
		resp, err := transport.Hedge(transport.WithHedging(transport.HedgeAfter(hedgeDelay)))(k).RoundTrip(newRequest(t, "GET", "").WithContext(ctx))
		if resp != nil || !errors.Is(err, left) {
			t.Errorf("%v, %v", resp, err)
		}
		k.checkLosers(t, 2)
	})
}

// A RoundTripper that panics does so on the caller's goroutine, and leaves nothing behind.
func TestHedgeOfAPanic(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := &track{lanes: []lane{{after: time.Hour}, {after: time.Hour}}}
		var sent atomic.Int32
		rt := transport.Hedge(transport.WithHedging(transport.HedgeAfter(hedgeDelay)))(roundTripperFunc(func(req *http.Request) (*http.Response, error) {
			if sent.Add(1) == 1 {
				time.Sleep(time.Second)
				panic("boom")
			}
			return k.RoundTrip(req)
		}))
		func() {
			defer func() {
				if r := recover(); r != "boom" {
					t.Errorf("recovered %v", r)
				}
			}()
			_, _ = rt.RoundTrip(newRequest(t, "GET", ""))
		}()
		synctest.Wait()
		if len(k.runs) != 1 || !k.runs[0].lost {
			t.Errorf("the hedge goes on: %d exchanges", len(k.runs))
		}
	})
}

// The delay is learned from the exchanges that were answered, and from those that would have
// taken longer.
func TestHedgeQuantileInTheStep(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var sent, lost atomic.Int32
		rt := transport.Hedge(transport.WithBudget(nil))(roundTripperFunc(func(req *http.Request) (*http.Response, error) {
			if sent.Add(1)%20 == 0 { // one of twenty is slow
				select {
				case <-time.After(time.Second):
				case <-req.Context().Done():
					lost.Add(1)
					return nil, context.Cause(req.Context())
				}
			}
			time.Sleep(10 * time.Millisecond)
			return stub(req)
		}))
		for range 400 {
			if code, _, err := roundTrip(t, rt, newRequest(t, "GET", "")); code != 200 || err != nil {
				t.Fatal(code, err)
			}
		}
		if lost.Load() < 10 || sent.Load() > 400*108/100 {
			t.Errorf("%d hedges won, %d exchanges for 400 calls", lost.Load(), sent.Load())
		}
	})
}
