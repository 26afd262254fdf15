package transport_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/transport"
)

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
		{"success at last", []httpmock.Responder{status(503), status(200)}, false, transport.Call{Target: "api", Attempts: 2, Status: 200, Latency: time.Second}, nil},
		{"exhausted", repeat(4, status(503)), false, transport.Call{Target: "api", Attempts: 4, Status: 503, Stop: slot.ErrAttempts, Latency: 3 * time.Second}, nil},
		{"error", repeat(4, failure(io.EOF)), false, transport.Call{Target: "api", Attempts: 4, Stop: slot.ErrAttempts, Latency: 3 * time.Second}, io.EOF},
		{"cancelled", []httpmock.Responder{status(503)}, true, transport.Call{Target: "api", Attempts: 1, Latency: 500 * time.Millisecond}, context.Canceled},
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
		{"budget", []transport.Option{transport.WithBudget(retries(0))}, nil, 0, transport.ErrBudget},
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

func TestSeveralObservers(t *testing.T) {
	t.Parallel()
	var told []string
	observer := func(name string) transport.Option {
		return transport.WithObserver(transport.Observer{
			Attempt: func(context.Context, transport.Attempt) { told = append(told, name+" attempt") },
			Call:    func(context.Context, transport.Call) { told = append(told, name+" call") },
		})
	}
	rt := transport.New(newScript(t, status(200)), observer("first"), transport.WithObserver(transport.Observer{}), observer("second"))
	if _, _, err := roundTrip(t, rt, newRequest(t, "GET", "")); err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(told, ", "), "first attempt, second attempt, first call, second call"; got != want {
		t.Errorf("told %s, want %s", got, want)
	}
}

// Observers can tell calls with an idempotency key from others.
func TestObserverKnowsWhetherACallIsKeyed(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		method, field string
		want          bool
	}{
		"POST gets a key":        {method: "POST", want: true},
		"GET does not":           {method: "GET"},
		"the caller's":           {method: "GET", field: idem.Header, want: true},
		"another library's":      {method: "POST", field: "X-Idempotency-Key", want: true},
		"one of another purpose": {method: "GET", field: "Api-Key"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var attempts, calls []bool
			rt := transport.New(newScript(t, status(503), status(200)), transport.WithBackoff(noWait),
				transport.WithObserver(transport.Observer{
					Attempt: func(_ context.Context, a transport.Attempt) { attempts = append(attempts, a.Keyed) },
					Call:    func(_ context.Context, c transport.Call) { calls = append(calls, c.Keyed) },
				}))
			req := newRequest(t, tt.method, "")
			if tt.field != "" {
				req.Header.Set(tt.field, "k")
			}
			if _, _, err := roundTrip(t, rt, req); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(attempts, []bool{tt.want, tt.want}) || !reflect.DeepEqual(calls, []bool{tt.want}) {
				t.Errorf("attempts %v, calls %v; want %v of each", attempts, calls, tt.want)
			}
		})
	}
}
