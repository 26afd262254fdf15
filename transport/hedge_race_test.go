package transport_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/transport"
)

// A panic of a hedge is the caller's to meet, and no longer one when the race is over.
func TestHedgeThatPanics(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		first, hedge time.Duration
		want         any
	}{
		"under way": {first: time.Hour, hedge: time.Second, want: "boom"},
		"lost":      {first: time.Second, hedge: time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				k := &track{lanes: []lane{{after: tt.first, code: 200}}}
				var sent atomic.Int32
				rt := transport.Hedge(transport.WithHedging(transport.HedgeAfter(hedgeDelay)))(roundTripperFunc(func(req *http.Request) (*http.Response, error) {
					if sent.Add(1) == 1 {
						return k.RoundTrip(req)
					}
					time.Sleep(tt.hedge)
					panic("boom")
				}))
				func() {
					defer func() {
						if r := recover(); r != tt.want {
							t.Errorf("recovered %v, want %v", r, tt.want)
						}
					}()
					resp, err := rt.RoundTrip(newRequest(t, "GET", ""))
					k.checkWinner(t, resp, err, 200, "")
				}()
				time.Sleep(2 * time.Hour)
				k.checkLosers(t, 1)
				if sent.Load() != 2 || k.runs[0].ctx.Err() == nil {
					t.Errorf("%d exchanges; the context of the first: %v", sent.Load(), k.runs[0].ctx.Err())
				}
			})
		})
	}
}

// together is a base whose exchanges end at the same moment, two by two.
func together(code int) http.RoundTripper {
	var sent atomic.Int32
	both := make(chan struct{})
	return roundTripperFunc(func(req *http.Request) (*http.Response, error) {
		if sent.Add(1) == 2 {
			close(both)
		}
		<-both
		return &http.Response{StatusCode: code, Header: http.Header{}, Body: http.NoBody, Request: req}, nil
	})
}

// A rule is asked about one exchange after the other, and about none that has lost.
func TestHedgeAsksRulesInTurn(t *testing.T) {
	t.Parallel()
	for code, want := range map[int]int32{200: 1, 503: 2} {
		for range 20 {
			var asked, busy atomic.Int32
			rule := func(o transport.Outcome) transport.Verdict {
				asked.Add(1)
				if busy.Add(1) > 1 || o.Request.Context().Err() != nil {
					t.Errorf("%d at once, context %v", busy.Load(), o.Request.Context().Err())
				}
				time.Sleep(time.Millisecond) // the other one has time to come
				busy.Add(-1)
				return transport.Unsure
			}
			rt := transport.Hedge(transport.WithHedging(transport.HedgeAfter(time.Microsecond)), transport.WithClassifier(rule))(together(code))
			if got, _, err := roundTrip(t, rt, newRequest(t, "GET", "")); got != code || err != nil {
				t.Error(got, err)
			}
			if asked.Load() != want {
				t.Errorf("%d: asked %d times, want %d", code, asked.Load(), want)
			}
		}
	}
}

// An answer does not wait for GetBody; what that opens too late is closed and not paid for.
func TestHedgeDoesNotWaitForGetBody(t *testing.T) {
	t.Parallel()
	opening, release := make(chan struct{}), make(chan struct{})
	budget := transport.NewBudget()
	late := &trackedBody{Reader: strings.NewReader("content")}
	var sent atomic.Int32
	rt := transport.Hedge(transport.WithHedging(transport.HedgeAfter(time.Millisecond)), transport.WithBudget(budget), transport.WithTarget(targetAPI))(roundTripperFunc(func(req *http.Request) (*http.Response, error) {
		sent.Add(1)
		<-opening
		return stub(req)
	}))
	req := newRequest(t, "PUT", "content")
	req.GetBody = func() (io.ReadCloser, error) {
		close(opening)
		<-release
		return late, nil
	}
	hung := time.AfterFunc(20*time.Second, func() {
		t.Error("the answer waits for GetBody")
		close(release)
	})
	if code, _, err := roundTrip(t, rt, req); code != 200 || err != nil {
		t.Error(code, err)
	}
	if hung.Stop() {
		close(release)
	}
	eventually(t, "closing the body", func() bool { return closes(late) == 1 })
	if got := budget.State("api"); got.Retries != 0 || sent.Load() != 1 {
		t.Errorf("budget %+v, %d exchanges", got, sent.Load())
	}
}

// A body that does not open ends hedging, and costs nothing.
func TestHedgeThatCannotBeSent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := &track{lanes: []lane{{after: time.Second, code: 200}}}
		budget := transport.NewBudget()
		var hedged []transport.Hedged
		rt := transport.Hedge(transport.WithHedging(transport.HedgeAfter(hedgeDelay)), transport.WithBudget(budget), transport.WithTarget(targetAPI),
			transport.WithStepObserver(transport.StepObserver{Hedge: func(_ context.Context, h transport.Hedged) { hedged = append(hedged, h) }}))(k)
		req := newRequest(t, "PUT", "content")
		req.GetBody = func() (io.ReadCloser, error) { return nil, errBroken }
		resp, err := rt.RoundTrip(req)
		k.checkWinner(t, resp, err, 200, "")
		k.checkLosers(t, 1)
		if got := budget.State("api"); got.Retries != 0 {
			t.Errorf("budget %+v", got)
		}
		if len(hedged) != 1 || !errors.Is(hedged[0].Refused, transport.ErrBody) || !errors.Is(hedged[0].Refused, errBroken) {
			t.Errorf("observed %+v", hedged)
		}
	})
}

// The end of the caller's context is what an attempt ends with that has something else at
// hand, which was held back.
func TestHedgeTellsThatTheCallerHasLeft(t *testing.T) {
	t.Parallel()
	left := errors.New("the caller has left")
	for name, tt := range map[string]struct {
		meth  string
		first lane
	}{
		"an error":  {"GET", lane{after: 150 * time.Millisecond, err: errBroken}},
		"a refusal": {"GET", lane{after: 150 * time.Millisecond, code: 503}},
		"a doubt":   {"DELETE", lane{after: 150 * time.Millisecond, code: 404}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				k := &track{lanes: []lane{tt.first, {after: time.Hour}}}
				ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, left)
				defer cancel()
				resp, err := transport.Hedge(transport.WithHedging(transport.HedgeAfter(hedgeDelay)))(k).RoundTrip(newRequest(t, tt.meth, "").WithContext(ctx))
				if resp != nil || !errors.Is(err, left) || (tt.first.err != nil && !errors.Is(err, tt.first.err)) {
					t.Errorf("%v, %v", resp, err)
				}
				if tt.first.err == nil && err != left { //nolint:errorlint // it is all there is to tell
					t.Errorf("error %v, want %v", err, left)
				}
				k.checkLosers(t, 2)
			})
		})
	}
}

// An answer that comes as the context ends is still one.
func TestHedgeAnsweredAsTheCallerLeaves(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	rt := transport.Hedge(transport.WithHedging(transport.HedgeAfter(time.Hour)))(roundTripperFunc(func(req *http.Request) (*http.Response, error) {
		cancel()
		return stub(req)
	}))
	if code, _, err := roundTrip(t, rt, newRequest(t, "PUT", "content").WithContext(ctx)); code != 200 || err != nil {
		t.Error(code, err)
	}
}

// A hedge that outlives its call does not see what the caller does with the header then.
func TestHedgeHasAHeaderOfItsOwn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := &track{lanes: []lane{{after: time.Second, code: 200}}}
		var hedge *http.Request
		var sent atomic.Int32
		rt := transport.Hedge(transport.WithHedging(transport.HedgeAfter(hedgeDelay)))(roundTripperFunc(func(req *http.Request) (*http.Response, error) {
			if sent.Add(1) == 1 {
				return k.RoundTrip(req)
			}
			hedge = req
			<-req.Context().Done()
			return nil, context.Cause(req.Context())
		}))
		req := newRequest(t, "GET", "")
		req.Header.Set("X-Caller", "this call")
		resp, err := rt.RoundTrip(req)
		req.Header.Set("X-Caller", "the next call")
		k.checkWinner(t, resp, err, 200, "")
		if got := hedge.Header.Get("X-Caller"); got != "this call" {
			t.Errorf("the hedge sends %q", got)
		}
	})
}

// An exchange that breaks the contract of a RoundTripper does not win, and if all do, it is
// mended.
func TestHedgeOfUnlawfulExchanges(t *testing.T) {
	t.Parallel()
	both := func(resp *http.Response) (*http.Response, error) { return resp, errBroken }
	neither := func(resp *http.Response) (*http.Response, error) { return nil, resp.Body.Close() }
	for name, tt := range map[string]struct {
		answer func(*http.Response) (*http.Response, error)
		from   int32  // number of the first that is unlawful
		want   string // part of the error; "" when the first exchange wins
	}{
		"both":        {both, 1, ""},
		"neither":     {neither, 1, ""},
		"all both":    {both, 0, errBroken.Error()},
		"all neither": {neither, 0, "neither response nor error"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				k := &track{lanes: []lane{{after: time.Second, code: 200}, {after: time.Millisecond, code: 200}}}
				var sent atomic.Int32
				rt := transport.Hedge(transport.WithHedging(transport.HedgeAfter(hedgeDelay)))(roundTripperFunc(func(req *http.Request) (*http.Response, error) {
					n := sent.Add(1) - 1
					resp, err := k.RoundTrip(req)
					if n >= tt.from {
						return tt.answer(resp)
					}
					return resp, err
				}))
				start := time.Now()
				resp, err := rt.RoundTrip(newRequest(t, "GET", ""))
				if took := time.Since(start); took != time.Second {
					t.Errorf("took %v", took)
				}
				if tt.want == "" {
					k.checkWinner(t, resp, err, 200, "")
				} else if resp != nil || err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("%v, %v, want %s", resp, err, tt.want)
				}
				k.checkLosers(t, 2)
			})
		})
	}
}

// Whoever watches a race may panic, and the response is not left open.
func TestHedgeWithAnObserverThatPanics(t *testing.T) {
	t.Parallel()
	for name, opt := range map[string]transport.Option{
		"observer": transport.WithStepObserver(transport.StepObserver{Hedge: func(context.Context, transport.Hedged) { panic("boom") }}),
		"delay":    transport.WithHedging(&learner{delay: hedgeDelay, observe: func(time.Duration) { panic("boom") }}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				k := &track{lanes: []lane{{after: time.Hour}, {after: time.Millisecond, code: 200}}}
				func() {
					defer func() {
						if r := recover(); r != "boom" {
							t.Errorf("recovered %v", r)
						}
					}()
					_, _ = transport.Hedge(transport.WithHedging(transport.HedgeAfter(hedgeDelay)), opt)(k).RoundTrip(newRequest(t, "GET", ""))
				}()
				k.checkLosers(t, 2)
			})
		})
	}
}
