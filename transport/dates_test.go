package transport_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/skew"
	"github.com/goaroundhq/goaround/skew/skewtest"
	"github.com/goaroundhq/goaround/transport"
)

// A machine that is ten minutes wrong learns the time from the responses that come anyway,
// the refused ones included, and then knows what a Retry-After without a Date means.
func TestDatesOfResponsesSetTheClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const fast = 10 * time.Minute // the server's clock, which is the right one
		dates := skew.NewDateSource("dates")
		clock := skew.New(skew.WithSources(dates))
		attempts := 0
		server := roundTripperFunc(func(req *http.Request) (*http.Response, error) {
			resp := &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: http.NoBody, Request: req}
			now := time.Now().Add(fast).UTC()
			switch attempts++; attempts {
			case 1: // a refusal with a Date
				resp.StatusCode = http.StatusServiceUnavailable
				resp.Header.Set("Date", now.Format(http.TimeFormat))
			case 3: // one without
				resp.StatusCode = http.StatusServiceUnavailable
				resp.Header.Set("Retry-After", now.Add(30*time.Second).Format(http.TimeFormat))
			}
			return resp, nil
		})
		rt := transport.New(server, transport.WithDateSource(dates), transport.WithClock(clock))
		call := func() time.Duration {
			start := time.Now()
			resp, err := rt.RoundTrip(request(t, http.MethodGet, nil))
			if err != nil || resp.StatusCode != http.StatusOK {
				t.Fatal(resp, err)
			}
			return time.Since(start)
		}
		call()
		if _, err := clock.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		if r := clock.Read(); r.SurelyAfter(time.Now().Add(fast)) || r.SurelyBefore(time.Now().Add(fast)) {
			t.Errorf("the server's time is outside of %+v", r)
		}
		// 30 s, 2 s for what the clock does not know, and the spread of a quarter.
		if took := call(); took < 29*time.Second || took > 42*time.Second {
			t.Errorf("waited %v for a date 30s ahead", took)
		}
	})
}

// A clock whose sources hang costs a call nothing.
func TestSourcesThatHangCostNoCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hangs := &skewtest.Source{Label: "ntp", Answer: func(ctx context.Context, _ int) (time.Duration, error) {
			<-ctx.Done()
			return 0, ctx.Err()
		}}
		clock := skew.New(skew.WithSources(hangs), skew.WithTimeout(time.Hour))
		ctx, cancel := context.WithCancel(t.Context())
		ran := make(chan error, 1)
		go func() { ran <- clock.Run(ctx) }()
		synctest.Wait()
		refused := false
		server := roundTripperFunc(func(req *http.Request) (*http.Response, error) {
			resp := &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: http.NoBody, Request: req}
			if !refused {
				refused = true
				resp.StatusCode = http.StatusServiceUnavailable
				resp.Header.Set("Retry-After", time.Now().Add(4*time.Second).UTC().Format(http.TimeFormat))
			}
			return resp, nil
		})
		start := time.Now()
		resp, err := transport.New(server, transport.WithClock(clock)).RoundTrip(request(t, http.MethodGet, nil))
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatal(resp, err)
		}
		if took := time.Since(start); took > 5*time.Second { // 4 s and the spread
			t.Errorf("the call took %v", took)
		}
		cancel()
		if err := <-ran; !errors.Is(err, context.Canceled) {
			t.Errorf("Run: %v", err)
		}
	})
}

// The client's own clock has no part in a wait that is measured from the response's Date.
func TestSkewOfTheClientChangesNoWait(t *testing.T) {
	t.Parallel()
	date := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, offset := range []time.Duration{-10 * time.Minute, 0, 10 * time.Minute} {
		resp := &http.Response{Header: http.Header{
			"Date":        {date.Format(http.TimeFormat)},
			"Retry-After": {date.Add(time.Minute).Format(http.TimeFormat)},
		}}
		if got := transport.RetryAfter(resp, skew.New(skew.WithOffset(offset))); got != time.Minute {
			t.Errorf("offset %v: %v, want 1m", offset, got)
		}
	}
}

// A clock that may be fast makes the wait longer, but not without end.
func TestUncertaintyMakesTheWaitLonger(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for bound, want := range map[time.Duration]time.Duration{
			0:                      time.Minute,
			300 * time.Millisecond: time.Minute + 300*time.Millisecond,
			time.Hour:              time.Minute + time.Second,
		} {
			resp := &http.Response{Header: http.Header{"Retry-After": {time.Now().Add(time.Minute).UTC().Format(http.TimeFormat)}}}
			if got := transport.RetryAfter(resp, skew.New(skew.WithUncertainty(bound))); got != want {
				t.Errorf("bound %v: %v, want %v", bound, got, want)
			}
		}
	})
}
