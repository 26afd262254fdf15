package otel_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	goaroundotel "github.com/goaroundhq/goaround/otel"
	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/transport"
)

const (
	url    = "http://api.test/orders"
	target = "http://api.test:80"
)

func second() transport.Option {
	return transport.WithBackoff(slot.BackoffFunc(func(int) time.Duration { return time.Second }))
}

func TestTransportCounts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		statuses []int
		opts     []transport.Option
		timeout  time.Duration
		want     map[string][]string
	}{
		{
			name: "success at once", statuses: []int{200},
			want: map[string][]string{
				"retry.call.duration": {"success_first," + target + " 1 0"},
				"retry.call.attempts": {target + " 1 1"},
				"retry.retries":       nil, "retry.suppressed": nil, "retry.wait.duration": nil,
			},
		},
		{
			name: "success at last", statuses: []int{503, 429, 201},
			want: map[string][]string{
				"retry.call.duration": {"success_retried," + target + " 1 2"},
				"retry.call.attempts": {target + " 1 3"},
				"retry.retries":       {"status_429," + target + " 1", "status_503," + target + " 1"},
				"retry.wait.duration": {target + ",backoff 2 2"},
				"retry.suppressed":    nil,
			},
		},
		{
			name: "exhausted", statuses: []int{500}, opts: []transport.Option{transport.WithMaxAttempts(2)},
			want: map[string][]string{
				"retry.call.duration": {"exhausted," + target + " 1 1"},
				"retry.retries":       {"status_500," + target + " 1"},
				"retry.suppressed":    {"attempts," + target + " 1"},
			},
		},
		{
			name: "no budget", statuses: []int{502}, opts: []transport.Option{transport.WithBudget(transport.NewBudget(transport.WithBudgetFloor(0), transport.WithBudgetShare(0)))},
			want: map[string][]string{
				"retry.call.duration": {"budget," + target + " 1 0"},
				"retry.suppressed":    {"budget," + target + " 1"},
				"retry.retries":       nil,
			},
		},
		{
			name: "no time", statuses: []int{504}, timeout: time.Millisecond,
			want: map[string][]string{
				"retry.call.duration": {"deadline," + target + " 1 0"},
				"retry.suppressed":    {"deadline," + target + " 1"},
			},
		},
		{
			name: "final", statuses: []int{404},
			want: map[string][]string{
				"retry.call.duration": {"not_retryable," + target + " 1 0"},
				"retry.suppressed":    nil, "retry.retries": nil,
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := newMeters(t)
				opts := append([]transport.Option{goaroundotel.Transport(m.shop()...), second()}, tt.opts...)
				ctx := t.Context()
				if tt.timeout > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, tt.timeout)
					defer cancel()
				}
				if _, err := send(ctx, transport.New(&stub{statuses: tt.statuses}, opts...), "GET", url); err != nil {
					t.Fatal(err)
				}
				m.want(t, tt.want)
			})
		})
	}
}

func TestTransportNamesErrors(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err  error
		want string
	}{
		{&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, "connect"},
		{&net.OpError{Op: "read", Err: syscall.ECONNRESET}, "reset"},
		{io.ErrUnexpectedEOF, "reset"},
		{&net.DNSError{IsTemporary: true}, "dns"},
		{transport.ErrAttemptTimeout, "timeout"},
		{errors.New("no idea"), "_OTHER"},
	} {
		synctest.Test(t, func(t *testing.T) {
			m := newMeters(t)
			failing := roundTripper(func(*http.Request) (*http.Response, error) { return nil, tt.err })
			rt := transport.New(failing, goaroundotel.Transport(m.shop()...), second(), transport.WithMaxAttempts(2))
			if _, err := send(t.Context(), rt, "GET", url); !errors.Is(err, tt.err) {
				t.Fatal(err)
			}
			m.want(t, map[string][]string{
				"retry.retries":       {tt.want + "," + target + " 1"},
				"retry.call.duration": {"exhausted," + target + " 1 1"},
			})
		})
	}
}

func TestTransportCountsACallerWhoLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMeters(t)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(500*time.Millisecond, cancel)
		rt := transport.New(&stub{statuses: []int{503}}, goaroundotel.Transport(m.shop()...), second())
		if _, err := send(ctx, rt, "GET", url); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		m.want(t, map[string][]string{"retry.call.duration": {"canceled," + target + " 1 0.5"}})
	})
}

// brokenPacer has no slots to give.
type brokenPacer struct{}

func (brokenPacer) Reserve(context.Context, string, slot.Feedback) (slot.Reservation, error) {
	return nil, errors.New("pacer down")
}
func (brokenPacer) Report(string, slot.Feedback) {}

func TestTransportCountsUnpacedRetries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMeters(t)
		rt := transport.New(&stub{statuses: []int{503, 200}}, goaroundotel.Transport(m.shop()...), second(), transport.WithSlots(brokenPacer{}))
		if _, err := send(t.Context(), rt, "GET", url); err != nil {
			t.Fatal(err)
		}
		m.want(t, map[string][]string{"retry.unpaced": {target + " 1"}, "retry.wait.duration": {target + ",backoff 1 1"}})
	})
}

func TestTransportCountsHedges(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMeters(t)
		var sent atomic.Int64
		slow := roundTripper(func(req *http.Request) (*http.Response, error) {
			if sent.Add(1) == 1 {
				<-req.Context().Done()
				return nil, req.Context().Err()
			}
			return &http.Response{StatusCode: 200, Body: http.NoBody}, nil
		})
		rt := transport.New(slow, goaroundotel.Transport(m.shop()...), transport.WithHedging(transport.HedgeAfter(time.Second)))
		if _, err := send(t.Context(), rt, "GET", url); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		m.want(t, map[string][]string{"retry.hedges": {"won," + target + " 1"}})
	})
}

// breaking is a body that ends too early.
type breaking struct{ io.Reader }

func (b breaking) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}
func (breaking) Close() error { return nil }

func TestTransportCountsBrokenDownloads(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMeters(t)
		download := roundTripper(func(req *http.Request) (*http.Response, error) {
			resp := &http.Response{StatusCode: 200, ContentLength: 4, Header: http.Header{"Etag": {`"a"`}}, Body: breaking{strings.NewReader("ab")}}
			if req.Header.Get("Range") != "" {
				resp.StatusCode, resp.ContentLength = 206, 2
				resp.Header.Set("Content-Range", "bytes 2-3/4")
				resp.Body = io.NopCloser(strings.NewReader("cd"))
			}
			return resp, nil
		})
		rt := transport.New(download, goaroundotel.Transport(m.shop()...), second(), transport.WithResume())
		req, err := http.NewRequestWithContext(t.Context(), "GET", url, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := rt.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if body, err := io.ReadAll(resp.Body); err != nil || string(body) != "abcd" {
			t.Fatalf("%q, %v", body, err)
		}
		m.want(t, map[string][]string{"retry.resumes": {"resumed," + target + " 1"}})
	})
}

// Most calls are answered within a second, and take one attempt.
func TestTransportBuckets(t *testing.T) {
	t.Parallel()
	m := newMeters(t)
	if _, err := send(t.Context(), transport.New(&stub{statuses: []int{200}}, goaroundotel.Transport(m.shop()...)), "GET", url); err != nil {
		t.Fatal(err)
	}
	durations, _ := m.collect(t)["retry.call.duration"].Data.(metricdata.Histogram[float64])
	if want := []float64{.005, .01, .025, .05, .075, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10, 30, 60, 120}; !slices.Equal(durations.DataPoints[0].Bounds, want) {
		t.Errorf("buckets of durations %v, want %v", durations.DataPoints[0].Bounds, want)
	}
	attempts, _ := m.collect(t)["retry.call.attempts"].Data.(metricdata.Histogram[int64])
	if want := []float64{1, 2, 3, 4, 5, 8}; !slices.Equal(attempts.DataPoints[0].Bounds, want) {
		t.Errorf("buckets of attempts %v, want %v", attempts.DataPoints[0].Bounds, want)
	}
}

// However many targets there are, the attributes are few.
func TestTargetsAreBounded(t *testing.T) {
	t.Parallel()
	m := newMeters(t)
	rt := transport.New(&stub{statuses: []int{200}}, goaroundotel.Transport(m.shop(goaroundotel.WithMaxValues(2))...))
	for i := range 10 {
		if _, err := send(t.Context(), rt, "GET", fmt.Sprintf("http://api%d.test/", i)); err != nil {
			t.Fatal(err)
		}
	}
	m.want(t, map[string][]string{"retry.call.attempts": {
		"_OTHER 8 8", "http://api0.test:80 1 1", "http://api1.test:80 1 1",
	}})
}

// nearly waits next to nothing, for tests with a server.
func nearly() transport.Option {
	return transport.WithBackoff(slot.BackoffFunc(func(int) time.Duration { return time.Millisecond }))
}

// openBreaker lets nothing through.
type openBreaker struct{}

func (openBreaker) Allow() (func(error), error) { return nil, errors.New("too many failures") }

func TestTransportCountsWhatABreakerStops(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMeters(t)
		rt := transport.New(&stub{statuses: []int{200}}, goaroundotel.Transport(m.shop()...),
			transport.WithBreaker(func(*http.Request) transport.Breaker { return openBreaker{} }))
		if _, err := send(t.Context(), rt, "GET", url); !errors.Is(err, transport.ErrBreakerOpen) {
			t.Fatal(err)
		}
		m.want(t, map[string][]string{"retry.call.duration": {"breaker_open," + target + " 1 0"}, "retry.retries": nil})
	})
}
