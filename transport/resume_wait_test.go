package transport_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/transport"
)

// The wait is the backoff's, which begins anew after progress, and the budget is asked.
func TestResumeWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cut := io.ErrUnexpectedEOF
		l := &library{parts: []part{begin(4, cut), rest(4, 4, cut), rest(4, 6, cut), rest(6, 8, cut), rest(8, 10, nil)}}
		seconds := slot.BackoffFunc(func(n int) time.Duration { return time.Duration(n) * time.Second })
		budget := transport.NewBudget(transport.WithBudgetFloor(0.3)) // three in ten seconds
		resp, err := transport.Resume(transport.WithBackoff(seconds), transport.WithBudget(budget), transport.WithTarget(targetAPI))(l).RoundTrip(newRequest(t, "GET", ""))
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(resp.Body)
		if string(got) != whole[:8] || !errors.Is(err, cut) {
			t.Errorf("read %q, %v, want what the budget is for", got, err)
		}
		var waits []time.Duration
		for i := range l.at[1:] {
			waits = append(waits, l.at[i+1].Sub(l.at[i]))
		}
		if fmt.Sprint(waits) != "[1s 2s 1s]" {
			t.Errorf("waits %v", waits)
		}
		if got := budget.State("api"); got.Retries != 3 || got.Refused != 1 {
			t.Errorf("budget %+v", got)
		}
		_ = resp.Body.Close()
	})
}

// While the rest is waited for, the end of the context ends reading, and so does Close.
func TestResumeGivesUpWaiting(t *testing.T) {
	t.Parallel()
	hour := slot.BackoffFunc(func(int) time.Duration { return time.Hour })
	left := errors.New("the caller has left")
	for name, tt := range map[string]struct {
		leave func(cancel context.CancelCauseFunc, body io.Closer)
		err   error
	}{
		"context": {func(cancel context.CancelCauseFunc, _ io.Closer) { cancel(left) }, left},
		"Close":   {func(_ context.CancelCauseFunc, body io.Closer) { _ = body.Close() }, errBroken},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				l := &library{parts: []part{begin(4, errBroken)}}
				budget := transport.NewBudget()
				resp, err := transport.Resume(transport.WithBackoff(hour), transport.WithBudget(budget), transport.WithTarget(targetAPI))(l).RoundTrip(newRequest(t, "GET", "").WithContext(ctx))
				if err != nil {
					t.Fatal(err)
				}
				start := time.Now()
				time.AfterFunc(time.Second, func() { tt.leave(cancel, resp.Body) })
				_, err = io.Copy(io.Discard, resp.Body)
				if !errors.Is(err, tt.err) || !errors.Is(err, errBroken) || time.Since(start) != time.Second {
					t.Errorf("%v after %v", err, time.Since(start))
				}
				if got := budget.State("api"); got.Retries != 0 {
					t.Errorf("budget %+v, for a request that was not made", got)
				}
				_ = resp.Body.Close()
			})
		})
	}
}

// A wait that does not fit before the deadline is not begun.
func TestResumeMindsTheDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var stop error
		l := &library{parts: []part{begin(4, errBroken)}}
		budget := transport.NewBudget()
		resp, err := transport.Resume(transport.WithBackoff(slot.BackoffFunc(func(int) time.Duration { return time.Hour })),
			transport.WithBudget(budget), transport.WithTarget(targetAPI),
			transport.WithStepObserver(transport.StepObserver{Resume: func(_ context.Context, r transport.Resumed) { stop = r.Stop }}),
		)(l).RoundTrip(newRequest(t, "GET", "").WithContext(ctx))
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		_, err = io.Copy(io.Discard, resp.Body)
		if !errors.Is(err, errBroken) || !errors.Is(stop, slot.ErrDeadline) || time.Since(start) != 0 {
			t.Errorf("%v, stopped by %v, after %v", err, stop, time.Since(start))
		}
		if got := budget.State("api"); got.Retries != 0 {
			t.Errorf("budget %+v, for a request that was not made", got)
		}
		_ = resp.Body.Close()
	})
}

// Bytes that come with an error are the caller's.
func TestResumeOfBytesWithAnError(t *testing.T) {
	t.Parallel()
	n := 0
	rt := transport.Resume(transport.WithBackoff(noWait))(roundTripperFunc(func(req *http.Request) (*http.Response, error) {
		resp := &http.Response{StatusCode: 200, Header: http.Header{"Etag": {etag}}, ContentLength: 10, Request: req}
		if n++; n == 1 {
			resp.Body = io.NopCloser(io.MultiReader(both{whole[:4], errBroken}))
			return resp, nil
		}
		resp.StatusCode, resp.ContentLength = 206, 6
		resp.Header.Set("Content-Range", "bytes 4-9/10")
		resp.Body = io.NopCloser(bytes.NewReader([]byte(whole[4:])))
		return resp, nil
	}))
	if code, body, err := roundTrip(t, rt, newRequest(t, "GET", "")); code != 200 || body != whole || err != nil {
		t.Error(code, body, err)
	}
}

// both gives bytes and an error at once.
type both struct {
	s   string
	err error
}

func (b both) Read(p []byte) (int, error) { return copy(p, b.s), b.err }
