package retryable_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/transport"
	"github.com/goaroundhq/goaround/transport/retryable"
)

// pacer gives every attempt the same wait and writes down what it is told.
type pacer struct {
	wait time.Duration
	err  error

	mu        sync.Mutex
	told      []string
	cancelled int
}

func (p *pacer) Reserve(ctx context.Context, target string, f slot.Feedback) (slot.Reservation, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.told = append(p.told, fmt.Sprintf("reserve %s after attempt %d: %v", target, f.Attempt, f.Result))
	if ctx.Err() != nil {
		p.told = append(p.told, "the context is over")
	}
	return reservation{p}, p.err
}

func (p *pacer) Report(target string, f slot.Feedback) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.told = append(p.told, fmt.Sprintf("report %s: %v", target, f.Result))
}

func (p *pacer) lines() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.told)
}

type reservation struct{ *pacer }

func (r reservation) Delay() time.Duration { return r.wait }
func (r reservation) Cancel() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cancelled++
}

func TestAsBackoffAlone(t *testing.T) {
	t.Parallel()
	b := retryable.AsBackoff(&slot.Plan{
		MaxAttempts: 1, // is RetryMax's business
		Backoff:     slot.BackoffFunc(func(attempt int) time.Duration { return time.Duration(attempt) * time.Millisecond }),
	})
	answer := func(status int, retryAfter string) *http.Response {
		return &http.Response{StatusCode: status, Header: http.Header{"Retry-After": {retryAfter}}}
	}
	for name, c := range map[string]struct {
		attempt   int
		resp      *http.Response
		low, high time.Duration
	}{
		"after an error":  {4, nil, 5 * time.Millisecond, 5 * time.Millisecond},
		"first":           {0, answer(500, ""), time.Millisecond, time.Millisecond},
		"a hint":          {0, answer(503, "60"), time.Minute, 75 * time.Second},
		"beyond MaxHint":  {0, answer(503, "3600"), time.Hour, 75 * time.Minute},
		"beyond all time": {0, answer(503, "9223372037"), 200 * 365 * 24 * time.Hour, math.MaxInt64},
	} {
		if got := b(time.Hour, time.Hour, c.attempt, c.resp); got < c.low || got > c.high {
			t.Errorf("%s: %v, want %v to %v", name, got, c.low, c.high)
		}
	}
}

func TestSlotsDecideTheWaitsOfAClient(t *testing.T) {
	t.Parallel()
	s := newServer(t, 503, 500, 200)
	p := &pacer{wait: time.Millisecond}
	c := tuned(t)
	c.HTTPClient.Timeout = time.Minute // ends the context of an attempt with its response
	c.Backoff = retryable.AsBackoff(&slot.Plan{Pacer: p})
	resp, err := retryable.Standard(retryable.Under(c, retryable.Reports(p))).Do(post(t, s.URL))
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	want := []string{
		"reserve " + s.URL + " after attempt 1: rejected",
		"reserve " + s.URL + " after attempt 2: failed",
		"report " + s.URL + ": success",
	}
	if got := p.lines(); !slices.Equal(got, want) {
		t.Errorf("the pacer was told %q,\nwant %q", got, want)
	}
}

// Without Standard, the context of an attempt is over when its response was read, and nobody
// knows whether the caller waits.
func TestSlotsNeedTheCallersContext(t *testing.T) {
	t.Parallel()
	for _, timeout := range []time.Duration{0, time.Minute} {
		s := newServer(t, 503, 200)
		p := &pacer{}
		c := tuned(t)
		c.HTTPClient.Timeout = timeout
		c.Backoff = retryable.AsBackoff(&slot.Plan{Pacer: p, Backoff: slot.BackoffFunc(func(int) time.Duration { return 0 })})
		resp, err := c.StandardClient().Do(post(t, s.URL))
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if asked := len(p.lines()) > 0; asked != (timeout == 0) {
			t.Errorf("timeout %v: the pacer was told %q", timeout, p.lines())
		}
	}
}

func TestSlotIsGivenBackWhenTheCallerLeaves(t *testing.T) {
	t.Parallel()
	s := newServer(t, 503)
	ctx, cancel := context.WithCancel(t.Context())
	p := &pacer{wait: time.Hour}
	c := tuned(t)
	c.Backoff = retryable.AsBackoff(&slot.Plan{Pacer: leaving{p, cancel}})
	_, err := retryable.Standard(c).Do(post(t, s.URL).WithContext(ctx))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if p.cancelled != 1 || len(s.requests()) != 1 {
		t.Errorf("%d slots given back, %d attempts", p.cancelled, len(s.requests()))
	}
}

// leaving is a pacer whose callers leave while they wait.
type leaving struct {
	*pacer
	leave func()
}

func (l leaving) Reserve(ctx context.Context, target string, f slot.Feedback) (slot.Reservation, error) {
	time.AfterFunc(10*time.Millisecond, l.leave)
	return l.pacer.Reserve(ctx, target, f)
}

func TestNoSlotBeforeTheDeadline(t *testing.T) {
	t.Parallel()
	s := newServer(t, 503)
	// The first attempt comes before, on a busy machine too.
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	c := tuned(t)
	c.Backoff = retryable.AsBackoff(&slot.Plan{Pacer: &pacer{err: slot.ErrDeadline}})
	_, err := retryable.Standard(c).Do(post(t, s.URL).WithContext(ctx))
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
	if n := len(s.requests()); n != 1 {
		t.Errorf("%d attempts", n)
	}
}

func TestReportsTellsOfErrorsButNotOfCallersWhoLeft(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		given given
		want  int
	}{
		"success": {given{method: "GET", status: 200}, 1},
		"error":   {given{method: "GET", err: io.EOF}, 1},
		"left":    {given{method: "GET", err: context.Canceled, left: true}, 0},
		"5xx":     {given{method: "GET", status: 503}, 0}, // the Backoff tells of it
	} {
		p := &pacer{}
		req := c.given.request(t.Context())
		resp, err := transport.Chain(roundTripper(func(req *http.Request) (*http.Response, error) {
			return c.given.response(req), c.given.err
		}), retryable.Reports(p)).RoundTrip(req)
		if err == nil {
			_ = resp.Body.Close()
		}
		if got := len(p.lines()); got != c.want {
			t.Errorf("%s: told %q", name, p.lines())
		}
	}
}

// A herd of callers whose client has to stay takes turns by a real queue.
func TestHerdOfAClientTakesTurns(t *testing.T) {
	t.Parallel()
	const callers = 40
	var down atomic.Int32 // how many requests are still refused
	down.Store(callers + 2)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if down.Add(-1) >= 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(s.Close)
	q := slot.NewQueue()
	t.Cleanup(func() { _ = q.Close() })
	c := tuned(t)
	c.RetryMax = 20
	c.Backoff = retryable.AsBackoff(&slot.Plan{Pacer: q})
	client := retryable.Standard(retryable.Under(c, retryable.Reports(q)))
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			resp, err := client.Do(post(t, s.URL))
			if err != nil {
				t.Error(err)
				return
			}
			_ = resp.Body.Close()
			if resp.StatusCode != http.StatusOK {
				t.Errorf("status %d", resp.StatusCode)
			}
		})
	}
	wg.Wait()
	if sent := callers + 2 - down.Load(); sent > 3*callers {
		t.Errorf("%d attempts for %d callers", sent, callers)
	}
}
