package transport_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/transport"
)

var errOpen = errors.New("the breaker's own error")

// recorder is a breaker that is open after so many requests, and remembers what it was told.
type recorder struct {
	allow int // 0 for all
	asked int
	told  []error
}

func (r *recorder) Allow() (func(error), error) {
	if r.asked++; r.allow > 0 && r.asked > r.allow {
		return nil, errOpen
	}
	return func(err error) { r.told = append(r.told, err) }, nil
}

func (r *recorder) always(*http.Request) transport.Breaker { return r }

// What a breaker is told of an outcome.
func TestBreakTellsOutcomes(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answer httpmock.Responder
		opts   []transport.Option
		want   string // part of the error; "" for a success
	}{
		"success":              {answer: status(200)},
		"not found":            {answer: status(404)},
		"too many requests":    {answer: status(429)},
		"not implemented":      {answer: status(501)},
		"a replay":             {answer: status(500, idem.ReplayedHeader, "true")},
		"unavailable":          {answer: status(503), want: "status 503"},
		"unavailable, to some": {answer: status(503), opts: []transport.Option{transport.WithClassifier(func(transport.Outcome) transport.Verdict { return transport.Final })}},
		"an error":             {answer: failure(errBroken), want: errBroken.Error()},
		"refused by net/http": {answer: func(req *http.Request) (*http.Response, error) {
			bad := req.Clone(req.Context())
			bad.Header.Set("X-User", "line\nbreak")
			return http.DefaultTransport.RoundTrip(bad)
		}, want: context.Canceled.Error()},
		"nothing at all": {answer: func(*http.Request) (*http.Response, error) { return nil, nil }, want: "neither"},
	} {
		r := new(recorder)
		resp, err := transport.Break(r.always, tt.opts...)(newScript(t, tt.answer)).RoundTrip(newRequest(t, "GET", ""))
		if (resp == nil) == (err == nil) {
			t.Errorf("%s: response %v and error %v", name, resp, err)
		}
		if len(r.told) != 1 || (r.told[0] != nil) != (tt.want != "") || (r.told[0] != nil && !strings.Contains(r.told[0].Error(), tt.want)) {
			t.Errorf("%s: told %v, want %q", name, r.told, tt.want)
		}
	}
}

// Time that runs out is the server's failure; a caller who leaves is nobody's.
func TestBreakTellsWhoEndedIt(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		bound func(context.Context) (context.Context, context.CancelFunc)
		opts  []transport.Option
		want  error
	}{
		"the caller leaves": {bound: func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancelCause(ctx)
			time.AfterFunc(time.Second, func() { cancel(errors.New("enough")) })
			return ctx, func() { cancel(nil) }
		}, want: context.Canceled},
		"a deadline": {bound: func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, time.Second)
		}, want: context.DeadlineExceeded},
		"the attempt's timeout": {bound: context.WithCancel, opts: []transport.Option{transport.WithAttemptTimeout(time.Second)}, want: transport.ErrAttemptTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := new(recorder)
				k := &track{lanes: []lane{{after: time.Hour}}}
				ctx, cancel := tt.bound(t.Context())
				defer cancel()
				opts := append([]transport.Option{transport.WithBreaker(r.always), transport.WithMaxAttempts(1)}, tt.opts...)
				if _, err := transport.New(k, opts...).RoundTrip(newRequest(t, "GET", "").WithContext(ctx)); err == nil {
					t.Error("no error")
				}
				if len(r.told) != 1 || !errors.Is(r.told[0], tt.want) {
					t.Errorf("told %v, want %v", r.told, tt.want)
				}
			})
		})
	}
}

// What is not allowed is not sent, and is not tried again unless a rule says so.
func TestBreakRefuses(t *testing.T) {
	t.Parallel()
	wait := transport.OnError(transport.Unprocessed, func(err error) bool { return errors.Is(err, transport.ErrBreakerOpen) })
	for name, tt := range map[string]struct {
		allow, asked int
		answers      []httpmock.Responder
		opts         []transport.Option
	}{
		"after a failure": {allow: 1, asked: 2, answers: []httpmock.Responder{status(503)}},
		"by a rule":       {allow: 1, asked: 4, answers: []httpmock.Responder{status(503)}, opts: []transport.Option{transport.WithClassifier(wait)}},
	} {
		r := &recorder{allow: tt.allow}
		body := &trackedBody{Reader: strings.NewReader("content")}
		req := newRequest(t, "POST", "")
		req.Body = body
		opts := append([]transport.Option{transport.WithBreaker(r.always), transport.WithBackoff(noWait)}, tt.opts...)
		resp, err := transport.New(newScript(t, tt.answers...), opts...).RoundTrip(req)
		if resp != nil || !errors.Is(err, transport.ErrBreakerOpen) || !errors.Is(err, errOpen) {
			t.Errorf("%s: response %v, error %v", name, resp, err)
		}
		if r.asked != tt.asked || len(r.told) != 1 {
			t.Errorf("%s: asked %d times, told %v", name, r.asked, r.told)
		}
		if got := closes(body); got != 1 {
			t.Errorf("%s: the body was closed %d times", name, got)
		}
	}
}

func TestBreakLeavesOthersAlone(t *testing.T) {
	t.Parallel()
	none := func(*http.Request) transport.Breaker { return nil }
	if code, _, err := roundTrip(t, transport.Break(none)(newScript(t, status(503))), newRequest(t, "GET", "")); code != 503 || err != nil {
		t.Error(code, err)
	}
}

func TestBreakOfAPanic(t *testing.T) {
	t.Parallel()
	r := new(recorder)
	rt := transport.Break(r.always)(roundTripperFunc(func(*http.Request) (*http.Response, error) { panic("boom") }))
	func() {
		defer func() {
			if recover() != "boom" {
				t.Error("the panic is lost")
			}
		}()
		_, _ = rt.RoundTrip(newRequest(t, "GET", ""))
	}()
	if len(r.told) != 1 || r.told[0] == nil {
		t.Errorf("told %v", r.told)
	}
}

// An attempt of two exchanges is one outcome.
func TestBreakOutsideOfHedge(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := new(recorder)
		k := &track{lanes: []lane{{after: time.Hour}, {after: time.Second, code: 200}}}
		rt := transport.New(k, transport.WithBreaker(r.always), transport.WithHedging(transport.HedgeAfter(hedgeDelay)))
		resp, err := rt.RoundTrip(newRequest(t, "GET", ""))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		if !slices.Equal(r.told, []error{nil}) {
			t.Errorf("told %v", r.told)
		}
	})
}

// A hedge that loses below a breaker of its own is no failure of the server.
func TestBreakInsideOfHedge(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		breakers := []*recorder{new(recorder), new(recorder)}
		var n atomic.Int32
		each := func(*http.Request) transport.Breaker { return breakers[n.Add(1)-1] }
		k := &track{lanes: []lane{{after: time.Second, code: 200}, {after: time.Hour}}}
		rt := transport.Chain(k, transport.Hedge(transport.WithHedging(transport.HedgeAfter(hedgeDelay))), transport.Break(each))
		if code, _, err := roundTrip(t, rt, newRequest(t, "GET", "")); code != 200 || err != nil {
			t.Fatal(code, err)
		}
		synctest.Wait()
		if !slices.Equal(breakers[0].told, []error{nil}) || len(breakers[1].told) != 1 || !errors.Is(breakers[1].told[0], context.Canceled) {
			t.Errorf("told %v and %v", breakers[0].told, breakers[1].told)
		}
	})
}
