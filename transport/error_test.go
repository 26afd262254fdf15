package transport_test

import (
	"context"
	"errors"
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

// The error tells what each attempt came to, and who made the call wait.
func TestErrorTellsTheHistory(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		errBoom, errLast := errors.New("boom"), errors.New("the last one")
		s := newScript(t, status(503, "Retry-After", "1"), failure(errBoom), failure(errLast))
		rt := transport.New(s, transport.WithMaxAttempts(3), transport.WithBackoff(slot.BackoffFunc(func(int) time.Duration { return 2 * time.Second })))
		_, _, err := roundTrip(t, rt, newRequest(t, "GET", ""))
		var e *transport.Error
		if !errors.As(err, &e) || !errors.Is(err, errLast) || errors.Is(err, errBoom) || !errors.Is(err, slot.ErrAttempts) {
			t.Fatalf("error %v", err)
		}
		for i := range e.History {
			if (i == 1 && !errors.Is(e.History[i].Err, errBoom)) || (i == 2 && !errors.Is(e.History[i].Err, errLast)) {
				t.Errorf("attempt %d: %v", i+1, e.History[i].Err)
			}
			e.History[i].Err, e.History[i].Stop = nil, nil
		}
		const target = "http://api.example.com:80"
		want := []transport.Attempt{
			{Target: target, Number: 1, Status: 503, Verdict: transport.Repeat, Delay: 2 * time.Second, Source: slot.FromHint},
			{Target: target, Number: 2, Verdict: transport.Repeat, Delay: 2 * time.Second, Source: slot.FromBackoff},
			{Target: target, Number: 3, Verdict: transport.Repeat, Last: true},
		}
		if !reflect.DeepEqual(e.History, want) {
			t.Errorf("history %+v\nwant %+v", e.History, want)
		}
	})
}

// A call of many attempts remembers the last of them.
func TestHistoryIsBounded(t *testing.T) {
	t.Parallel()
	const many = 100
	rt := transport.New(newScript(t, repeat(many, failure(errors.New("boom")))...), transport.WithBackoff(noWait), transport.WithMaxAttempts(many))
	_, _, err := roundTrip(t, rt, newRequest(t, "GET", ""))
	var e *transport.Error
	if !errors.As(err, &e) || e.Attempts != many || len(e.History) != transport.MaxHistory {
		t.Fatalf("error %+v", err)
	}
	for i, a := range e.History {
		if a.Number != many-transport.MaxHistory+i+1 {
			t.Errorf("attempt %d is number %d", i, a.Number)
		}
	}
}
