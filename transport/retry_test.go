package transport_test

import (
	"context"
	"errors"
	"io"
	"math"
	"reflect"
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

func TestOptionsRefuseNonsense(t *testing.T) {
	t.Parallel()
	for want, f := range map[string]func(){
		"transport: WithMaxAttempts(-1): must not be negative": func() { transport.WithMaxAttempts(-1) },
		"transport: WithBodyBuffer(-1): must not be negative":  func() { transport.WithBodyBuffer(-1) },
		"transport: WithMinAttempt(-1s): must not be negative": func() { transport.WithMinAttempt(-time.Second) },
		"transport: WithMaxRetryAfter(0s): must be positive":   func() { transport.WithMaxRetryAfter(0) },
		"transport: WithTimeout(0s): must be positive":         func() { transport.WithTimeout(0) },
		"transport: WithAttemptTimeout(-1s): must be positive": func() { transport.WithAttemptTimeout(-time.Second) },
		"transport: WithOutcomeBackoff(nil)":                   func() { transport.WithOutcomeBackoff(nil) },
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
