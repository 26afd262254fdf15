package transport_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/transport"
)

// hang answers nothing until the client has given up.
func hang(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
	<-req.Context().Done()
	return nil, context.Cause(req.Context())
}

// within is a timer for things that must not hang; on a real network they end in no time.
const within = 30 * time.Second

// An attempt that is too slow is given up and made again; the caller has not left.
func TestAttemptTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var seen []transport.Attempt
		n := 0
		rt := transport.New(roundTripperFunc(func(req *http.Request) (*http.Response, error) {
			if n++; n < 3 {
				return hang(req)
			}
			return status(200)(req)
		}), transport.WithAttemptTimeout(time.Second), transport.WithBackoff(noWait),
			transport.WithObserver(transport.Observer{Attempt: func(_ context.Context, a transport.Attempt) { seen = append(seen, a) }}))
		start := time.Now()
		code, body, err := roundTrip(t, rt, newRequest(t, "POST", "content"))
		if code != 200 || body != "OK" || err != nil || time.Since(start) != 2*time.Second {
			t.Errorf("%d %q, %v after %v", code, body, err, time.Since(start))
		}
		for _, a := range seen[:2] {
			if !errors.Is(a.Err, transport.ErrAttemptTimeout) || a.Verdict != transport.Repeat || a.Latency != time.Second {
				t.Errorf("attempt %+v", a)
			}
		}
	})
}

// What timeouts look like to the caller, and to those between.
func TestTimeoutErrors(t *testing.T) {
	t.Parallel()
	errLeft := errors.New("shutting down")
	for _, tt := range []struct {
		name     string
		opts     []transport.Option
		parent   time.Duration // of the caller's own deadline
		leave    bool          // the caller leaves after a second
		want     error
		not      []error
		timeout  bool
		attempts int
		took     time.Duration
	}{
		{
			name: "attempts", opts: []transport.Option{transport.WithAttemptTimeout(time.Second)},
			want: transport.ErrAttemptTimeout, not: []error{transport.ErrTimeout, context.Canceled}, timeout: true, attempts: 4, took: 4 * time.Second,
		},
		{
			name: "call", opts: []transport.Option{transport.WithTimeout(time.Second)},
			want: transport.ErrTimeout, not: []error{transport.ErrAttemptTimeout, context.Canceled}, timeout: true, attempts: 1, took: time.Second,
		},
		{
			name: "call in the second attempt", opts: []transport.Option{transport.WithAttemptTimeout(time.Second), transport.WithTimeout(1500 * time.Millisecond)},
			want: transport.ErrTimeout, not: []error{transport.ErrAttemptTimeout}, timeout: true, attempts: 2, took: 1500 * time.Millisecond,
		},
		{
			name: "the caller's own deadline", opts: []transport.Option{transport.WithAttemptTimeout(time.Minute), transport.WithTimeout(time.Hour)}, parent: time.Second,
			want: context.DeadlineExceeded, not: []error{transport.ErrTimeout, transport.ErrAttemptTimeout}, timeout: true, attempts: 1, took: time.Second,
		},
		{
			name: "the caller leaves", opts: []transport.Option{transport.WithAttemptTimeout(time.Minute), transport.WithTimeout(time.Hour)}, leave: true,
			want: errLeft, not: []error{transport.ErrTimeout, transport.ErrAttemptTimeout, context.DeadlineExceeded}, attempts: 1, took: time.Second,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx := t.Context()
				if tt.parent > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, tt.parent)
					defer cancel()
				}
				if tt.leave {
					var cancel context.CancelCauseFunc
					ctx, cancel = context.WithCancelCause(ctx)
					time.AfterFunc(time.Second, func() { cancel(errLeft) })
				}
				n := 0
				rt := transport.New(roundTripperFunc(func(req *http.Request) (*http.Response, error) {
					n++
					return hang(req)
				}), append(tt.opts, transport.WithBackoff(noWait))...)
				start := time.Now()
				_, _, err := roundTrip(t, rt, newRequest(t, "GET", "").WithContext(ctx))
				if !errors.Is(err, tt.want) || (tt.timeout && !errors.Is(err, context.DeadlineExceeded)) {
					t.Errorf("error %v, want %v", err, tt.want)
				}
				for _, not := range tt.not {
					if errors.Is(err, not) {
						t.Errorf("error %v is %v, too", err, not)
					}
				}
				if timeout, ok := err.(interface{ Timeout() bool }); tt.timeout && (!ok || !timeout.Timeout()) {
					t.Errorf("%v is no timeout for url.Error", err)
				}
				if n != tt.attempts || time.Since(start) != tt.took {
					t.Errorf("%d attempts in %v, want %d in %v", n, time.Since(start), tt.attempts, tt.took)
				}
			})
		})
	}
}

// A RoundTripper below that reports an ended context in words of its own.
func TestTimeoutIsNamed(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		opt  transport.Option
		want error
	}{
		{transport.WithAttemptTimeout(time.Second), transport.ErrAttemptTimeout},
		{transport.WithTimeout(time.Second), transport.ErrTimeout},
	} {
		synctest.Test(t, func(t *testing.T) {
			errOwn := errors.New("stream closed")
			rt := transport.New(roundTripperFunc(func(req *http.Request) (*http.Response, error) {
				<-req.Context().Done()
				return nil, errOwn
			}), tt.opt, transport.WithMaxAttempts(1))
			_, _, err := roundTrip(t, rt, newRequest(t, "GET", ""))
			if !errors.Is(err, tt.want) || !errors.Is(err, errOwn) {
				t.Errorf("error %v", err)
			}
			// url.Error asks the first, users the second.
			if timeout, ok := err.(interface{ Timeout() bool }); !ok || !timeout.Timeout() {
				t.Errorf("%v is no timeout for url.Error", err)
			}
			var network net.Error
			if !errors.As(err, &network) || !network.Timeout() {
				t.Errorf("%v is no timeout for net.Error", err)
			}
		})
	}
}

// The total time bounds the waits, too: one that would outlast it is not begun.
func TestNoWaitBeyondTheTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rt := transport.New(newScript(t, status(503)), transport.WithTimeout(time.Minute),
			transport.WithBackoff(slot.BackoffFunc(func(int) time.Duration { return time.Hour })))
		start := time.Now()
		code, body, err := roundTrip(t, rt, newRequest(t, "GET", ""))
		if code != 503 || body != "Service Unavailable" || err != nil || time.Since(start) != 0 {
			t.Errorf("%d %q, %v after %v", code, body, err, time.Since(start))
		}
	})
}

// A response that comes in the moment in which the time is up is closed, not returned dead.
func TestResponseAtTheLastMoment(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		body := &trackedBody{Reader: strings.NewReader("late")}
		rt := transport.New(roundTripperFunc(func(req *http.Request) (*http.Response, error) {
			<-req.Context().Done()
			return &http.Response{StatusCode: 200, Body: body, Request: req}, nil
		}), transport.WithAttemptTimeout(time.Second), transport.WithMaxAttempts(1))
		if _, _, err := roundTrip(t, rt, newRequest(t, "GET", "")); !errors.Is(err, transport.ErrAttemptTimeout) || body.closed.Load() == 0 {
			t.Errorf("%v, closed %d times", err, body.closed.Load())
		}
	})
}

// The context of an attempt ends when the body has ended or was closed, and not before: a
// caller that lives long collects nothing, and a reader that is slow loses nothing.
func TestContextLivesAsLongAsTheBody(t *testing.T) {
	t.Parallel()
	for name, use := range map[string]func(io.ReadCloser) error{
		"closed":         func(b io.ReadCloser) error { return b.Close() },
		"read to an end": func(b io.ReadCloser) error { _, err := io.Copy(io.Discard, b); return err },
	} {
		for option, opt := range map[string]transport.Option{
			"attempt": transport.WithAttemptTimeout(time.Second), "call": transport.WithTimeout(time.Hour),
		} {
			t.Run(option+"/"+name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					var inner context.Context
					rt := transport.New(roundTripperFunc(func(req *http.Request) (*http.Response, error) {
						inner = req.Context()
						return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader("content")), Request: req}, nil
					}), opt)
					resp, err := rt.RoundTrip(newRequest(t, "GET", ""))
					if err != nil {
						t.Fatal(err)
					}
					time.Sleep(time.Minute) // longer than an attempt may take
					if err := inner.Err(); err != nil {
						t.Errorf("ended before the body was: %v", err)
					}
					if err := use(resp.Body); err != nil {
						t.Error(err)
					}
					if inner.Err() == nil {
						t.Error("still there after the body")
					}
				})
			})
		}
	}
}

// A response without a body has nothing that its context could wait for.
func TestContextEndsWithoutABody(t *testing.T) {
	t.Parallel()
	var inner context.Context
	rt := transport.New(roundTripperFunc(func(req *http.Request) (*http.Response, error) {
		inner = req.Context()
		return stub(req)
	}), transport.WithAttemptTimeout(time.Hour), transport.WithTimeout(time.Hour))
	if _, _, err := roundTrip(t, rt, newRequest(t, "GET", "")); err != nil || inner.Err() == nil {
		t.Errorf("%v; context %v", err, inner.Err())
	}
}

// A RoundTripper below that panics leaves no timer behind.
func TestTimeoutsSurviveAPanic(t *testing.T) {
	t.Parallel()
	var inner context.Context
	rt := transport.New(roundTripperFunc(func(req *http.Request) (*http.Response, error) {
		inner = req.Context()
		panic("below")
	}), transport.WithAttemptTimeout(time.Hour), transport.WithTimeout(time.Hour))
	func() {
		defer func() { _ = recover() }()
		_, _ = rt.RoundTrip(newRequest(t, "GET", ""))
	}()
	if inner.Err() == nil {
		t.Error("the context lives on")
	}
}
