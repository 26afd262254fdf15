package retryable_test

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/transport"
	"github.com/goaroundhq/goaround/transport/retryable"
)

func fixed(d time.Duration) retryablehttp.Backoff {
	return func(_, _ time.Duration, _ int, _ *http.Response) time.Duration { return d }
}

// Without a word of the server, the wait is that of DefaultBackoff for every attempt.
func TestBackoffIsDefaultBackoff(t *testing.T) {
	t.Parallel()
	for _, bounds := range [][2]time.Duration{
		{time.Second, 30 * time.Second}, {0, 0}, {time.Millisecond, time.Hour}, {time.Minute, time.Second},
	} {
		b := retryable.Backoff(retryablehttp.DefaultBackoff, bounds[0], bounds[1])
		for attempt := 1; attempt <= 80; attempt++ {
			want := retryablehttp.DefaultBackoff(bounds[0], bounds[1], attempt-1, nil)
			if got := b.Delay(attempt); got != want {
				t.Errorf("%v, attempt %d: %v, want %v", bounds, attempt, got, want)
			}
		}
	}
}

func TestBackoffIsBounded(t *testing.T) {
	t.Parallel()
	const shortest, longest = time.Second, 10 * time.Second
	for name, c := range map[string]struct {
		b         retryablehttp.Backoff
		longest   time.Duration
		low, high time.Duration
	}{
		"as it is":             {fixed(5 * time.Second), longest, 5 * time.Second, 5 * time.Second},
		"beyond longest":       {fixed(time.Minute), longest, time.Minute, time.Minute},
		"beyond all bounds":    {fixed(time.Hour), longest, slot.DefaultMaxHint, slot.DefaultMaxHint},
		"longest is longer":    {fixed(time.Hour), 30 * time.Minute, 30 * time.Minute, 30 * time.Minute},
		"overflow":             {fixed(math.MinInt64), longest, 0, longest},
		"linear, far too long": {retryablehttp.LinearJitterBackoff, math.MaxInt64, 0, math.MaxInt64},
	} {
		b := retryable.Backoff(c.b, shortest, c.longest)
		for attempt := 1; attempt < 100; attempt++ {
			if got := b.Delay(attempt); got < c.low || got > c.high {
				t.Errorf("%s: attempt %d: %v, want %v to %v", name, attempt, got, c.low, c.high)
			}
		}
	}
}

// waits makes a call that is answered with resp first, and returns how long it waited for
// the second attempt; -1 when there was none.
func waits(t *testing.T, status int, retryAfter string, opt transport.Option) time.Duration {
	t.Helper()
	var first time.Time
	wait := time.Duration(-1)
	chain := transport.New(roundTripper(func(*http.Request) (*http.Response, error) {
		if first.IsZero() {
			first = time.Now()
			h := http.Header{}
			if retryAfter != "" {
				h.Set("Retry-After", retryAfter)
			}
			return &http.Response{StatusCode: status, Header: h, Body: http.NoBody}, nil
		}
		wait = time.Since(first)
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: http.NoBody}, nil
	}), opt)
	resp, err := chain.RoundTrip(given{method: "GET"}.request(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	return wait
}

// What DefaultBackoff makes of Retry-After, and what becomes of it here: the same, with some
// spread behind it, but for the differences that have a name.
func TestRetryAfterDiffersOnlyWhereMeant(t *testing.T) {
	t.Parallel()
	const ended = -1
	in := func(d time.Duration, layout string) func() string {
		return func() string { return time.Now().Add(d).UTC().Format(layout) }
	}
	text := func(s string) func() string { return func() string { return s } }
	for _, c := range []struct {
		value      func() string
		status     int
		want       time.Duration // without spread
		difference string
	}{
		{text(""), 503, time.Second, ""},
		{text(""), 500, time.Second, ""},
		{text("5"), 503, 5 * time.Second, ""},
		{text("5"), 429, 5 * time.Second, ""},
		{text("-5"), 503, time.Second, ""},
		{text("soon"), 503, time.Second, ""},
		{text("90"), 503, 90 * time.Second, ""},
		{in(20*time.Second, http.TimeFormat), 503, 20 * time.Second, ""},
		{text("5"), 500, 5 * time.Second, "with every status"},
		{text("0"), 503, time.Second, "nothing asked: a herd that is let in at once backs off"},
		{in(-time.Hour, http.TimeFormat), 503, time.Second, "the same, for a date that is past"},
		{in(20*time.Second, time.RFC850), 503, 20 * time.Second, "all three forms of a date"},
		{in(20*time.Second, time.ANSIC), 503, 20 * time.Second, "all three forms of a date"},
		{text("3600"), 503, ended, "bounded"},
		{text("9223372037"), 503, ended, "no overflow to an instant retry"},
		{func() string { return fmt.Sprint(time.Now().Add(20 * time.Second).Unix()) }, 503, 20 * time.Second, "a point in time"},
	} {
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(time.Until(time.Unix(1.8e9, 0))) // bubbles begin in 2000, too early for a point in time
			value := c.value()
			resp := &http.Response{StatusCode: c.status, Header: http.Header{"Retry-After": {value}}}
			theirs := retryablehttp.DefaultBackoff(time.Second, 30*time.Second, 0, resp)
			if same := theirs == c.want; same != (c.difference == "") {
				t.Errorf("Retry-After %q with %d: go-retryablehttp waits %v, we %v; difference: %q",
					value, c.status, theirs, c.want, c.difference)
			}
			for name, opt := range map[string]transport.Option{
				"Backoff":        transport.WithBackoff(retryable.Backoff(retryablehttp.DefaultBackoff, time.Second, 30*time.Second)),
				"OutcomeBackoff": transport.WithOutcomeBackoff(retryable.OutcomeBackoff(retryablehttp.DefaultBackoff, time.Second, 30*time.Second)),
			} {
				time.Sleep(time.Until(time.Now().Truncate(time.Second).Add(time.Second))) // dates have no fractions
				value := c.value()
				got := waits(t, c.status, value, opt)
				if spread := max(c.want/4, time.Second) + time.Second; got < c.want || got > c.want+spread {
					t.Errorf("%s: Retry-After %q with %d: waited %v, want %v", name, value, c.status, got, c.want)
				}
			}
		})
	}
}

func TestBackoffCountsFromZero(t *testing.T) {
	t.Parallel()
	var numbers []int
	b := retryable.Backoff(func(_, _ time.Duration, n int, resp *http.Response) time.Duration {
		numbers = append(numbers, n)
		if resp != nil {
			t.Error("a response out of nowhere")
		}
		return 0
	}, 0, 0)
	chain := transport.New(roundTripper(func(*http.Request) (*http.Response, error) {
		return nil, context.DeadlineExceeded
	}), transport.WithBackoff(b))
	if _, err := chain.RoundTrip(given{method: "GET"}.request(t.Context())); err == nil {
		t.Error("no error")
	}
	if fmt.Sprint(numbers) != "[0 1 2]" {
		t.Errorf("numbers %v", numbers)
	}
}

func TestOutcomeBackoff(t *testing.T) {
	t.Parallel()
	// This callback knows a field of its own, and Retry-After as DefaultBackoff does.
	callback := func(shortest, longest time.Duration, n int, resp *http.Response) time.Duration {
		if resp != nil && resp.Header.Get("X-Calm") != "" {
			return 40 * time.Second
		}
		return retryablehttp.DefaultBackoff(shortest, longest, n, resp)
	}
	wait := retryable.OutcomeBackoff(callback, time.Second, 30*time.Second)
	answer := func(fields ...string) *http.Response {
		h := http.Header{}
		for i := 0; i < len(fields); i += 2 {
			h.Set(fields[i], fields[i+1])
		}
		return &http.Response{StatusCode: http.StatusServiceUnavailable, Header: h}
	}
	for name, c := range map[string]struct {
		attempt   int
		resp      *http.Response
		low, high time.Duration
	}{
		"after an error":             {3, nil, 4 * time.Second, 4 * time.Second},
		"nothing asked":              {3, answer(), 4 * time.Second, 4 * time.Second},
		"asked for less":             {3, answer("Retry-After", "1"), 4 * time.Second, 4 * time.Second},
		"asked for more":             {1, answer("Retry-After", "20"), 20 * time.Second, 25 * time.Second},
		"overflow of DefaultBackoff": {1, answer("Retry-After", "9223372037"), time.Second, time.Second}, // ends the call
		"a field of its own":         {1, answer("X-Calm", "please"), 40 * time.Second, 40 * time.Second},
		"its own beyond the hint":    {1, answer("X-Calm", "please", "Retry-After", "20"), 40 * time.Second, 40 * time.Second},
		"a slot":                     {1, answer(transport.SlotHeader, "1250"), -1, -1},
	} {
		o := transport.Outcome{Response: c.resp, Attempt: c.attempt}
		if c.resp == nil {
			o.Err = context.DeadlineExceeded
		}
		if got := wait(o); got < c.low || got > c.high {
			t.Errorf("%s: %v, want %v to %v", name, got, c.low, c.high)
		}
	}
}
