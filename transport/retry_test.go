package transport_test

import (
	"context"
	"errors"
	"io"
	"math"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"

	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/transport"
)

func TestRetriesUntilItSucceeds(t *testing.T) {
	t.Parallel()
	s := newScript(t, status(503), failure(io.ErrUnexpectedEOF), status(200))
	code, body, err := roundTrip(t, transport.New(s, transport.WithBackoff(noWait)), newRequest(t, "PUT", "content"))
	if code != 200 || body != "OK" || err != nil {
		t.Errorf("%d %q, %v", code, body, err)
	}
	for i, r := range s.sent {
		if r.method != "PUT" || r.body != "content" {
			t.Errorf("attempt %d: %s %q", i+1, r.method, r.body)
		}
	}
}

func TestLastResponseComesBackReadable(t *testing.T) {
	t.Parallel()
	answers := append(repeat(transport.DefaultMaxAttempts-1, status(503)), httpmock.NewStringResponder(503, "the last one"))
	code, body, err := roundTrip(t, transport.New(newScript(t, answers...), transport.WithBackoff(noWait)), newRequest(t, "GET", ""))
	if code != 503 || body != "the last one" || err != nil {
		t.Errorf("%d %q, %v", code, body, err)
	}
}

func TestAttemptLimit(t *testing.T) {
	t.Parallel()
	for limit, want := range map[int]int{1: 1, 2: 2, 7: 7, 0: 20} {
		answers := append(repeat(want-1, status(503)), status(503))
		if limit == 0 {
			answers = append(repeat(19, status(503)), status(200))
		}
		s := newScript(t, answers...)
		_, _, _ = roundTrip(t, transport.New(s, transport.WithBackoff(noWait), transport.WithMaxAttempts(limit)), newRequest(t, "GET", ""))
		if len(s.sent) != want {
			t.Errorf("limit %d: %d attempts, want %d", limit, len(s.sent), want)
		}
	}
}

// The waits, on the clock of the attempts.
func TestWaits(t *testing.T) {
	t.Parallel()
	second := transport.WithBackoff(slot.BackoffFunc(func(attempt int) time.Duration { return time.Duration(attempt) * time.Second }))
	for _, tt := range []struct {
		name    string
		opts    []transport.Option
		answers []httpmock.Responder
		timeout time.Duration
		waits   []time.Duration
		code    int // of the response that comes back; 0 for an error
		err     error
	}{
		{
			name: "backoff", opts: []transport.Option{second}, code: 200,
			answers: []httpmock.Responder{status(503), status(500), failure(io.EOF), status(200)},
			waits:   []time.Duration{time.Second, 2 * time.Second, 3 * time.Second},
		},
		{
			name: "Retry-After is never undercut", opts: []transport.Option{second}, code: 200,
			answers: []httpmock.Responder{status(503, "Retry-After", "4"), status(200)},
			waits:   []time.Duration{5 * time.Second},
		},
		{
			name: "in progress", opts: []transport.Option{second}, code: 201,
			answers: []httpmock.Responder{status(409, "Idempotency-Status", "in-progress", "Retry-After", "2"), status(201)},
			waits:   []time.Duration{3 * time.Second},
		},
		{
			name: "Retry-After as a date", opts: []transport.Option{second}, code: 200,
			answers: []httpmock.Responder{
				status(429, "Retry-After", "Wed, 21 Oct 2026 07:27:04 GMT", "Date", "Wed, 21 Oct 2026 07:27:00 GMT"), status(200),
			},
			waits: []time.Duration{5 * time.Second},
		},
		{
			name: "Retry-After beyond the cap ends the call", opts: []transport.Option{second, transport.WithMaxRetryAfter(time.Minute)}, code: 503,
			answers: []httpmock.Responder{status(503, "Retry-After", "61")},
		},
		{
			name: "Retry-After that overflows ends the call", opts: []transport.Option{second}, code: 503,
			answers: []httpmock.Responder{status(503, "Retry-After", "99999999999999999999")},
		},
		{
			name: "no cap, and a hint without end", opts: []transport.Option{second, transport.WithMaxRetryAfter(math.MaxInt64)}, timeout: time.Hour, code: 503,
			answers: []httpmock.Responder{status(503, "Retry-After", "99999999999999999999")},
		},
		{
			name: "no useless sleep", opts: []transport.Option{second}, timeout: 2500 * time.Millisecond, code: 500,
			answers: []httpmock.Responder{status(503), status(500)},
			waits:   []time.Duration{time.Second},
		},
		{
			name: "no useless sleep, error", opts: []transport.Option{second}, timeout: 500 * time.Millisecond, err: io.EOF,
			answers: []httpmock.Responder{failure(io.EOF)},
		},
		{
			name: "no room for an attempt", opts: []transport.Option{second, transport.WithMinAttempt(time.Second)}, timeout: 1900 * time.Millisecond, code: 503,
			answers: []httpmock.Responder{status(503)},
		},
		{
			name: "Retry-After does not fit", opts: []transport.Option{second}, timeout: 20 * time.Second, code: 503,
			answers: []httpmock.Responder{status(503, "Retry-After", "30")},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newScript(t, tt.answers...)
				req := newRequest(t, "POST", "{}")
				if tt.timeout > 0 {
					ctx, cancel := context.WithTimeout(t.Context(), tt.timeout)
					defer cancel()
					req = req.WithContext(ctx)
				}
				start := time.Now()
				code, _, err := roundTrip(t, transport.New(s, tt.opts...), req)
				if code != tt.code || !errors.Is(err, tt.err) {
					t.Errorf("%d, %v; want %d, %v", code, err, tt.code, tt.err)
				}
				var waits []time.Duration
				last := start
				for _, r := range s.sent[1:] {
					waits = append(waits, r.at.Sub(last))
					last = r.at
				}
				if !reflect.DeepEqual(waits, tt.waits) {
					t.Errorf("waits %v, want %v", waits, tt.waits)
				}
				if rest := time.Since(last); rest != 0 {
					t.Errorf("slept %v for nothing", rest)
				}
			})
		})
	}
}

func TestDefaultBackoffIsFullJitter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var first time.Duration
		for range 100 {
			s := newScript(t, status(503), status(200))
			if _, _, err := roundTrip(t, transport.New(s), newRequest(t, "GET", "")); err != nil {
				t.Fatal(err)
			}
			wait := s.sent[1].at.Sub(s.sent[0].at)
			if wait > slot.DefaultBase {
				t.Fatalf("waited %v, want at most %v", wait, slot.DefaultBase)
			}
			first += wait
		}
		if mean := first / 100; mean < slot.DefaultBase/4 || mean > 3*slot.DefaultBase/4 {
			t.Errorf("mean wait %v, want about %v", mean, slot.DefaultBase/2)
		}
	})
}

func TestCancelledWhileWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cause := errors.New("shutting down")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(cause) })
		s := newScript(t, status(503))
		rt := transport.New(s, transport.WithBackoff(slot.BackoffFunc(func(int) time.Duration { return time.Hour })))
		start := time.Now()
		_, _, err := roundTrip(t, rt, newRequest(t, "POST", "{}").WithContext(ctx))
		if !errors.Is(err, cause) || time.Since(start) != time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		var e *transport.Error
		if !errors.As(err, &e) || e.Attempts != 1 || e.Status != 503 || e.Target != "http://api.example.com:80" {
			t.Errorf("error %#v", err)
		}
	})
}

// An attempt that fails because the caller left is not the server's failure.
func TestCancelledWhileSending(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	s := newScript(t, func(req *http.Request) (*http.Response, error) {
		cancel()
		return nil, req.Context().Err()
	})
	_, _, err := roundTrip(t, transport.New(s, transport.WithBackoff(noWait)), newRequest(t, "GET", "").WithContext(ctx))
	if !errors.Is(err, context.Canceled) || len(s.sent) != 1 {
		t.Errorf("%v after %d attempts", err, len(s.sent))
	}
	var e *transport.Error
	if errors.As(err, &e) {
		t.Errorf("a final first error came wrapped: %v", err)
	}
}

// The old way to cancel is still obeyed.
func TestRequestCancel(t *testing.T) {
	t.Parallel()
	left := make(chan struct{})
	s := newScript(t, func(*http.Request) (*http.Response, error) {
		close(left)
		return nil, errors.New("net/http: request canceled")
	})
	req := newRequest(t, "GET", "")
	//lint:ignore SA1019 the subject of the test
	req.Cancel = left //nolint:staticcheck // the same
	if _, _, err := roundTrip(t, transport.New(s, transport.WithBackoff(noWait)), req); err == nil || len(s.sent) != 1 {
		t.Errorf("%v after %d attempts", err, len(s.sent))
	}
}

func TestRequestWithoutURL(t *testing.T) {
	t.Parallel()
	n := 0
	rt := transport.New(&http.Transport{}, transport.WithBackoff(noWait), transport.WithObserver(transport.Observer{
		Attempt: func(context.Context, transport.Attempt) { n++ },
	}))
	if _, _, err := roundTrip(t, rt, &http.Request{Method: "GET", Header: http.Header{}}); err == nil || n != 1 {
		t.Errorf("%v after %d attempts", err, n)
	}
}

func TestErrorTellsWhatHappened(t *testing.T) {
	t.Parallel()
	errBoom := errors.New("boom")
	for _, tt := range []struct {
		name     string
		answers  []httpmock.Responder
		opts     []transport.Option
		attempts int
		stop     error
		text     string
	}{
		{"attempts", repeat(2, failure(errBoom)), []transport.Option{transport.WithMaxAttempts(2)}, 2, slot.ErrAttempts,
			"transport: gave up on http://api.example.com:80 after 2 attempts (slot: no attempts left): boom"},
		{"one attempt", repeat(1, failure(errBoom)), []transport.Option{transport.WithMaxAttempts(1)}, 1, slot.ErrAttempts,
			"transport: gave up on http://api.example.com:80 after 1 attempt (slot: no attempts left): boom"},
		{"final at the second", []httpmock.Responder{status(503), failure(errors.Join(errBoom, errors.New("unsupported protocol scheme")))}, nil, 2, nil,
			"transport: gave up on http://api.example.com:80 after 2 attempts: boom\nunsupported protocol scheme"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, _, err := roundTrip(t, transport.New(newScript(t, tt.answers...), append(tt.opts, transport.WithBackoff(noWait))...), newRequest(t, "GET", ""))
			var e *transport.Error
			if !errors.As(err, &e) || !errors.Is(err, errBoom) || (tt.stop != nil && !errors.Is(err, tt.stop)) {
				t.Fatalf("error %v", err)
			}
			if e.Attempts != tt.attempts || !errors.Is(e.Stop, tt.stop) || e.Timeout() {
				t.Errorf("error %+v", e)
			}
			if got := err.Error(); got != tt.text {
				t.Errorf("text %q, want %q", got, tt.text)
			}
		})
	}
}

func TestErrorKeepsBeingATimeout(t *testing.T) {
	t.Parallel()
	client := &http.Client{Transport: transport.New(newScript(t, repeat(2, failure(&timeoutError{}))...),
		transport.WithBackoff(noWait), transport.WithMaxAttempts(2))}
	resp, err := client.Do(newRequest(t, "GET", ""))
	if err == nil {
		_ = resp.Body.Close()
	}
	var timeout interface{ Timeout() bool }
	if !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("%v is no timeout", err)
	}
}

func TestObserver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		type key struct{}
		var seen []transport.Attempt
		s := newScript(t,
			func(req *http.Request) (*http.Response, error) {
				time.Sleep(10 * time.Millisecond)
				return status(503, "Retry-After", "1")(req)
			},
			failure(io.EOF), status(200))
		rt := transport.New(s,
			transport.WithBackoff(slot.BackoffFunc(func(int) time.Duration { return time.Minute })),
			transport.WithTarget(func(*http.Request) string { return "orders" }),
			transport.WithObserver(transport.Observer{Attempt: func(ctx context.Context, a transport.Attempt) {
				if ctx.Value(key{}) != "mine" {
					t.Error("not the call's context")
				}
				seen = append(seen, a)
			}}))
		req := newRequest(t, "GET", "")
		if _, _, err := roundTrip(t, rt, req.WithContext(context.WithValue(req.Context(), key{}, "mine"))); err != nil {
			t.Fatal(err)
		}
		if len(seen) != 3 || !errors.Is(seen[1].Err, io.EOF) {
			t.Fatalf("seen %+v", seen)
		}
		seen[1].Err = nil
		want := []transport.Attempt{
			{Target: "orders", Number: 1, Status: 503, Latency: 10 * time.Millisecond, Verdict: transport.Repeat, Delay: 2 * time.Second, Source: slot.FromHint},
			{Target: "orders", Number: 2, Verdict: transport.Repeat, Delay: time.Minute, Source: slot.FromBackoff},
			{Target: "orders", Number: 3, Status: 200, Verdict: transport.Final, Last: true},
		}
		if !reflect.DeepEqual(seen, want) {
			t.Errorf("seen %+v\nwant %+v", seen, want)
		}
	})
}

func TestObserverSeesEveryCallEnd(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		answers []httpmock.Responder
		cancel  bool // while it waits
		want    transport.Call
		err     error
	}{
		{"success", []httpmock.Responder{status(200)}, false, transport.Call{Target: "api", Attempts: 1, Status: 200}, nil},
		{"success at last", []httpmock.Responder{status(503), status(200)}, false, transport.Call{Target: "api", Attempts: 2, Status: 200}, nil},
		{"exhausted", repeat(4, status(503)), false, transport.Call{Target: "api", Attempts: 4, Status: 503}, nil},
		{"error", repeat(4, failure(io.EOF)), false, transport.Call{Target: "api", Attempts: 4}, io.EOF},
		{"cancelled", []httpmock.Responder{status(503)}, true, transport.Call{Target: "api", Attempts: 1}, context.Canceled},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if tt.cancel {
					time.AfterFunc(500*time.Millisecond, cancel)
				}
				var calls []transport.Call
				rt := transport.New(newScript(t, tt.answers...), transport.WithTarget(targetAPI),
					transport.WithBackoff(slot.BackoffFunc(func(int) time.Duration { return time.Second })),
					transport.WithObserver(transport.Observer{Call: func(_ context.Context, c transport.Call) { calls = append(calls, c) }}))
				_, _, err := roundTrip(t, rt, newRequest(t, "GET", "").WithContext(ctx))
				if len(calls) != 1 || !errors.Is(calls[0].Err, tt.err) || !errors.Is(err, tt.err) {
					t.Fatalf("%v; calls %+v", err, calls)
				}
				calls[0].Err = nil
				if calls[0] != tt.want {
					t.Errorf("call %+v, want %+v", calls[0], tt.want)
				}
			})
		})
	}
}

func TestObserverIsToldWhyItStops(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		opts    []transport.Option
		body    io.Reader
		timeout time.Duration
		want    error
	}{
		{"attempts", []transport.Option{transport.WithMaxAttempts(1)}, nil, 0, slot.ErrAttempts},
		{"deadline", []transport.Option{transport.WithMinAttempt(time.Hour)}, nil, time.Minute, slot.ErrDeadline},
		{"hint", []transport.Option{transport.WithMaxRetryAfter(time.Second)}, nil, 0, slot.ErrHint},
		{"body", []transport.Option{transport.WithBodyBuffer(2)}, onlyReader{strings.NewReader("long")}, 0, transport.ErrBody},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var last transport.Attempt
				opts := append([]transport.Option{transport.WithObserver(transport.Observer{
					Attempt: func(_ context.Context, a transport.Attempt) { last = a },
				})}, tt.opts...)
				req := newRequest(t, "PUT", "")
				if tt.body != nil {
					req.Body = io.NopCloser(tt.body)
				}
				if tt.timeout > 0 {
					ctx, cancel := context.WithTimeout(t.Context(), tt.timeout)
					defer cancel()
					req = req.WithContext(ctx)
				}
				code, _, err := roundTrip(t, transport.New(newScript(t, status(503, "Retry-After", "60")), opts...), req)
				if code != 503 || err != nil {
					t.Errorf("%d, %v", code, err)
				}
				if !last.Last || !errors.Is(last.Stop, tt.want) || last.Verdict != transport.Repeat {
					t.Errorf("told %+v, want %v", last, tt.want)
				}
			})
		})
	}
}

// A RoundTripper below that breaks its contract does not make ours break it.
func TestUnlawfulBase(t *testing.T) {
	t.Parallel()
	errBoom := errors.New("boom")
	t.Run("response and error", func(t *testing.T) {
		t.Parallel()
		var bodies []*trackedBody
		rt := transport.New(roundTripperFunc(func(*http.Request) (*http.Response, error) {
			b := &trackedBody{Reader: strings.NewReader("x")}
			bodies = append(bodies, b)
			return &http.Response{StatusCode: 200, Body: b}, errBoom
		}), transport.WithBackoff(noWait))
		if _, _, err := roundTrip(t, rt, newRequest(t, "GET", "")); !errors.Is(err, errBoom) {
			t.Errorf("error %v", err)
		}
		for i, b := range bodies {
			if b.closed.Load() == 0 {
				t.Errorf("response %d was not closed", i+1)
			}
		}
	})
	t.Run("neither", func(t *testing.T) {
		t.Parallel()
		n := 0
		rt := transport.New(roundTripperFunc(func(*http.Request) (*http.Response, error) {
			n++
			return nil, nil
		}), transport.WithBackoff(noWait))
		if _, _, err := roundTrip(t, rt, newRequest(t, "GET", "")); err == nil || n != transport.DefaultMaxAttempts {
			t.Errorf("%v after %d attempts", err, n)
		}
	})
}

func TestOptionsRefuseNonsense(t *testing.T) {
	t.Parallel()
	for want, f := range map[string]func(){
		"transport: WithMaxAttempts(-1): must not be negative": func() { transport.WithMaxAttempts(-1) },
		"transport: WithBodyBuffer(-1): must not be negative":  func() { transport.WithBodyBuffer(-1) },
		"transport: WithMinAttempt(-1s): must not be negative": func() { transport.WithMinAttempt(-time.Second) },
		"transport: WithMaxRetryAfter(0s): must be positive":   func() { transport.WithMaxRetryAfter(0) },
		"transport: WithTarget(nil)":                           func() { transport.WithTarget(nil) },
		"transport: WithClassifier(nil)":                       func() { transport.WithClassifier(nil) },
	} {
		func() {
			defer func() {
				if got := recover(); got != want {
					t.Errorf("recovered %v, want %q", got, want)
				}
			}()
			f()
		}()
	}
}

func TestTargetNamesThePort(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"http://api/x": "http://api:80", "https://api/x": "https://api:443", "http://api:8080/x": "http://api:8080",
		"https://[::1]/x": "https://[::1]:443", "unix://api/x": "unix://api", "http://user:pw@api/x": "http://api:80",
	} {
		var got string
		rt := transport.New(newScript(t, status(200)), transport.WithObserver(transport.Observer{
			Attempt: func(_ context.Context, a transport.Attempt) { got = a.Target },
		}))
		req, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := roundTrip(t, rt, req); err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("%s: target %q, want %q", url, got, want)
		}
	}
}
