package transport_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/transport"
)

// gatekeeper is a pacer that also admits first attempts, as prepared.
type gatekeeper struct {
	pacer
	admission slot.Reservation
	refusal   error
}

func (g *gatekeeper) Admit(_ context.Context, target string) (slot.Reservation, error) {
	g.log = append(g.log, "admit "+target)
	return g.admission, g.refusal
}

// parked is a reservation whose slot comes when it is told.
type parked struct {
	reservation
	come chan error // nil: the slot is here
}

func (p parked) Wait(ctx context.Context) error {
	select {
	case err := <-p.come:
		return err
	case <-ctx.Done():
		p.Cancel()
		return context.Cause(ctx)
	}
}

// after is a slot, or the error in its place, that comes in a while.
func after(d time.Duration, g *gatekeeper, err error) parked {
	p := parked{reservation{&g.pacer}, make(chan error, 1)}
	time.AfterFunc(d, func() { p.come <- err })
	return p
}

func TestGatedFirst(t *testing.T) {
	t.Parallel()
	errDown := errors.New("pacer down")
	for _, tt := range []struct {
		name    string
		admit   func(*gatekeeper)
		opts    []transport.Option
		timeout time.Duration
		cancel  time.Duration
		took    time.Duration
		sent    int
		err     error
		stop    error
		log     string
	}{
		{
			name: "clear", admit: func(g *gatekeeper) { g.admission = reservation{&g.pacer} },
			sent: 1, log: "[admit api report api after 1 success]",
		},
		{name: "nothing to wait for", admit: func(*gatekeeper) {}, sent: 1, log: "[admit api report api after 1 success]"},
		{
			name: "a slot later", admit: func(g *gatekeeper) { g.delay = time.Second; g.admission = reservation{&g.pacer} },
			took: time.Second, sent: 1, log: "[admit api report api after 1 success]",
		},
		{
			name: "parked", admit: func(g *gatekeeper) { g.admission = after(3*time.Second, g, nil) },
			took: 3 * time.Second, sent: 1, log: "[admit api report api after 1 success]",
		},
		{
			name: "a gate that fails is open", admit: func(g *gatekeeper) { g.refusal = errDown },
			sent: 1, log: "[admit api report api after 1 success]",
		},
		{
			name: "no slot in time", admit: func(g *gatekeeper) { g.refusal = fmt.Errorf("queue: %w", slot.ErrDeadline) },
			err: slot.ErrDeadline, stop: slot.ErrDeadline, log: "[admit api]",
		},
		{
			name: "a slot that does not fit is given back", admit: func(g *gatekeeper) { g.delay = time.Minute; g.admission = reservation{&g.pacer} },
			timeout: time.Second, err: slot.ErrDeadline, stop: slot.ErrDeadline, log: "[admit api cancel]",
		},
		{
			name: "nor one that leaves too little time", admit: func(g *gatekeeper) { g.delay = time.Second; g.admission = reservation{&g.pacer} },
			opts: []transport.Option{transport.WithMinAttempt(time.Second)}, timeout: 2 * time.Second,
			err: slot.ErrDeadline, stop: slot.ErrDeadline, log: "[admit api cancel]",
		},
		{
			name: "parked, and then no slot in time", admit: func(g *gatekeeper) { g.admission = after(3*time.Second, g, slot.ErrDeadline) },
			timeout: 5 * time.Second, took: 3 * time.Second, err: slot.ErrDeadline, stop: slot.ErrDeadline, log: "[admit api]",
		},
		{
			name: "parked until too little time is left", admit: func(g *gatekeeper) { g.admission = after(3*time.Second, g, nil) },
			opts: []transport.Option{transport.WithMinAttempt(2 * time.Second)}, timeout: 5 * time.Second, took: 3 * time.Second,
			err: slot.ErrDeadline, stop: slot.ErrDeadline, log: "[admit api cancel]",
		},
		{
			name: "the caller leaves", admit: func(g *gatekeeper) { g.delay = time.Hour; g.admission = reservation{&g.pacer} },
			cancel: time.Second, took: time.Second, err: context.Canceled, log: "[admit api cancel]",
		},
		{
			name: "the caller leaves while parked", admit: func(g *gatekeeper) { g.admission = after(time.Hour, g, nil) },
			cancel: time.Second, took: time.Second, err: context.Canceled, log: "[admit api cancel]",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if tt.timeout > 0 {
					ctx, cancel = context.WithTimeout(ctx, tt.timeout)
					defer cancel()
				}
				if tt.cancel > 0 {
					time.AfterFunc(tt.cancel, cancel)
				}
				g := &gatekeeper{}
				tt.admit(g)
				var calls []transport.Call
				n := 0
				opts := append([]transport.Option{
					transport.WithSlots(g), transport.WithGatedFirst(), transport.WithTarget(targetAPI),
					transport.WithObserver(transport.Observer{Call: func(_ context.Context, c transport.Call) { calls = append(calls, c) }}),
				}, tt.opts...)
				rt := transport.New(roundTripperFunc(func(req *http.Request) (*http.Response, error) {
					n++
					return stub(req)
				}), opts...)
				body := &trackedBody{Reader: strings.NewReader("content")}
				req := newRequest(t, "PUT", "").WithContext(ctx)
				req.Body = body
				start := time.Now()
				_, _, err := roundTrip(t, rt, req)
				if !errors.Is(err, tt.err) || n != tt.sent || time.Since(start) != tt.took {
					t.Errorf("%v, %d sent, after %v", err, n, time.Since(start))
				}
				if got := fmt.Sprint(g.log); got != tt.log {
					t.Errorf("the pacer saw %s, want %s", got, tt.log)
				}
				var e *transport.Error
				if tt.err != nil && (!errors.As(err, &e) || e.Attempts != 0 || !errors.Is(e.Stop, tt.stop) || len(e.History) != 0 || e.Target != "api") {
					t.Errorf("error %+v", e)
				}
				if len(calls) != 1 || calls[0].Attempts != tt.sent || !errors.Is(calls[0].Err, tt.err) {
					t.Errorf("calls %+v", calls)
				}
				if body.closed.Load() == 0 {
					t.Error("the body was not closed")
				}
				time.Sleep(2 * time.Hour) // timers of the test
			})
		})
	}
}

// Without the option, or with a pacer that has no gate, first attempts go at once.
func TestFirstAttemptsGoAtOnce(t *testing.T) {
	t.Parallel()
	g := &gatekeeper{refusal: slot.ErrDeadline}
	for name, opts := range map[string][]transport.Option{
		"no option": {transport.WithSlots(g)},
		"no gate":   {transport.WithSlots(&pacer{}), transport.WithGatedFirst()},
		"no pacer":  {transport.WithGatedFirst()},
	} {
		if code, _, err := roundTrip(t, transport.New(newScript(t, status(200)), opts...), newRequest(t, "GET", "")); code != 200 || err != nil {
			t.Errorf("%s: %d, %v", name, code, err)
		}
	}
}

// The queue of this process, which WithSlots(nil) makes, lets the callers of a failing target
// take turns, and first attempts wait with them.
func TestOwnQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		down := time.Now().Add(3 * time.Second)
		rt := transport.New(roundTripperFunc(func(req *http.Request) (*http.Response, error) {
			resp, err := stub(req)
			if time.Now().Before(down) {
				resp.StatusCode = http.StatusServiceUnavailable
			}
			return resp, err
		}), transport.WithSlots(nil), transport.WithGatedFirst(), transport.WithMaxAttempts(0), transport.WithTimeout(time.Minute))
		done := make(chan error)
		const callers = 20
		for range callers {
			req := newRequest(t, "GET", "")
			go func() {
				resp, err := rt.RoundTrip(req)
				if err == nil && resp.StatusCode != http.StatusOK {
					err = errors.New(resp.Status)
				}
				done <- err
			}()
		}
		for range callers {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		time.Sleep(10 * time.Minute) // its goroutines end by themselves
	})
}

// A parked caller who is told that no slot comes in time gets the response that it had, as
// it would have without being parked; it was put aside meanwhile, not held open.
func TestParkedInVain(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		body string
		kept bool
	}{
		{"a short response", "no room", true},
		{"no body", "", true},
		{"a long response", strings.Repeat("x", 20<<10), false},
		{"a response too long to drain", strings.Repeat("x", 200<<10), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				body := &trackedBody{Reader: strings.NewReader(tt.body)}
				p := &parking{wait: 3 * time.Second, err: slot.ErrDeadline}
				var ended transport.Call
				rt := transport.New(roundTripperFunc(func(req *http.Request) (*http.Response, error) {
					return &http.Response{StatusCode: 503, Body: body, Request: req, ContentLength: -1}, nil
				}), transport.WithSlots(p), transport.WithObserver(transport.Observer{Call: func(_ context.Context, c transport.Call) {
					ended = c
					if body.closed.Load() == 0 {
						t.Error("the response was held open")
					}
				}}))
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				defer cancel()
				code, got, err := roundTrip(t, rt, newRequest(t, "GET", "").WithContext(ctx))
				if tt.kept {
					if code != 503 || got != tt.body || err != nil || ended.Status != 503 || ended.Err != nil {
						t.Errorf("%d %q, %v; call %+v", code, got, err, ended)
					}
					return
				}
				var e *transport.Error
				if !errors.As(err, &e) || e.Status != 503 || !errors.Is(e.Stop, slot.ErrDeadline) || e.Attempts != 1 {
					t.Errorf("error %+v", err)
				}
			})
		})
	}
}

// A parked caller who leaves gets its cause, and what it waited for.
func TestParkedAndLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cause := errors.New("shutting down")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(cause) })
		rt := transport.New(newScript(t, status(503)), transport.WithSlots(&parking{wait: time.Hour}))
		_, _, err := roundTrip(t, rt, newRequest(t, "GET", "").WithContext(ctx))
		var e *transport.Error
		if !errors.As(err, &e) || !errors.Is(err, cause) || e.Status != 503 || len(e.History) != 1 || e.History[0].Status != 503 {
			t.Errorf("error %+v", err)
		}
	})
}

// parking is a pacer that parks everybody for a while, and then lets them go or not.
type parking struct {
	wait time.Duration
	err  error
}

func (p *parking) Reserve(context.Context, string, slot.Feedback) (slot.Reservation, error) {
	return p, nil
}
func (p *parking) Report(string, slot.Feedback) {}
func (p *parking) Delay() time.Duration         { return 0 }
func (p *parking) Cancel()                      {}

func (p *parking) Wait(ctx context.Context) error {
	select {
	case <-time.After(p.wait):
		return p.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// clearGate is what a pacer costs whose gate is open.
type clearGate struct{ steady }

func (clearGate) Admit(context.Context, string) (slot.Reservation, error) { return clearGate{}, nil }
func (clearGate) Delay() time.Duration                                    { return 0 }
