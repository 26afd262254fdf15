package transport_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dunglas/httpsfv"

	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/transport"
)

// What a response asks for, in all its fields.
func TestWaitOfAResponse(t *testing.T) {
	t.Parallel()
	const end = 1<<63 - 1
	for _, tt := range []struct {
		name   string
		code   int
		fields []string
		want   time.Duration
	}{
		{"nothing", 503, nil, 0},
		{"milliseconds", 503, []string{"Retry-After-Ms", "1250"}, 1250 * time.Millisecond},
		{"fraction", 429, []string{"Retry-After-Ms", "0.0000001"}, 1},
		{"of Azure", 429, []string{"X-Ms-Retry-After-Ms", " 70 "}, 70 * time.Millisecond},
		{"before seconds", 503, []string{"Retry-After-Ms", "1250", "Retry-After", "2"}, 1250 * time.Millisecond},
		{"none", 503, []string{"Retry-After-Ms", "0", "Retry-After", "2"}, 0},
		{"negative", 503, []string{"Retry-After-Ms", "-1", "Retry-After", "2"}, 2 * time.Second},
		{"no number", 503, []string{"Retry-After-Ms", "1e3", "Retry-After", "2"}, 2 * time.Second},
		{"no digits", 503, []string{"Retry-After-Ms", "."}, 0},
		{"two points", 503, []string{"Retry-After-Ms", "1.2.3"}, 0},
		{"overflow", 503, []string{"Retry-After-Ms", "9223372036855"}, end},
		{"infinite", 503, []string{"Retry-After-Ms", "1" + zeros(400)}, end},

		{"slot", 503, []string{"Admission-Slot", `1250;t="abc"`}, 1250 * time.Millisecond},
		{"slot before all", 503, []string{"Admission-Slot", `1250;t="abc"`, "Retry-After", "2", "Retry-After-Ms", "9"}, 1250 * time.Millisecond},
		{"slot now", 429, []string{"Admission-Slot", "0", "Retry-After", "1"}, time.Second},
		{"slot of a cached response", 503, []string{"Admission-Slot", `1250;t="abc"`, "Age", "1", "Retry-After", "2"}, 2 * time.Second},
		{"slot at the end of time", 503, []string{"Admission-Slot", "999999999999999"}, end},
		{"slot of a success", 200, []string{"Admission-Slot", "1250"}, 0},
		{"slot of a failure", 500, []string{"Admission-Slot", "1250", "Retry-After", "2"}, 2 * time.Second},
		{"slot in the past", 503, []string{"Admission-Slot", "-5", "Retry-After", "2"}, 2 * time.Second},
		{"slot that is no integer", 503, []string{"Admission-Slot", "1.5", "Retry-After", "2"}, 2 * time.Second},
		{"slot that is no item", 503, []string{"Admission-Slot", "1, 2", "Retry-After", "2"}, 2 * time.Second},
	} {
		h := http.Header{}
		for i := 0; i < len(tt.fields); i += 2 {
			h.Set(tt.fields[i], tt.fields[i+1])
		}
		if got := transport.RetryAfter(&http.Response{StatusCode: tt.code, Header: h}, nil); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func zeros(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = '0'
	}
	return string(b)
}

// A slot that the server gave is kept to the millisecond, and the ticket for it goes along,
// with the attempt that it is for and no other.
func TestAssignedSlot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var seen []transport.Attempt
		s := newScript(t,
			status(503, "Admission-Slot", `1234;t="first \"one\""`, "Retry-After", "2"),
			status(429, "Admission-Slot", `10`),
			status(503, "Admission-Slot", `1;t=token`),
			status(503, "Admission-Slot", `20;t="second"`),
			status(500),
			status(200))
		rt := transport.New(s, transport.WithMaxAttempts(0), transport.WithBackoff(slot.BackoffFunc(func(int) time.Duration { return time.Second })),
			transport.WithObserver(transport.Observer{Attempt: func(_ context.Context, a transport.Attempt) { seen = append(seen, a) }}))
		req := newRequest(t, "POST", "content")
		if code, _, err := roundTrip(t, rt, req); code != 200 || err != nil {
			t.Fatalf("%d, %v", code, err)
		}
		want := []struct {
			wait   time.Duration
			ticket string
			source slot.Source
		}{
			{0, "", 0},
			{1234 * time.Millisecond, `"first \"one\""`, slot.FromHint},
			{10 * time.Millisecond, "", slot.FromHint},
			{time.Millisecond, "", slot.FromHint},
			{20 * time.Millisecond, `"second"`, slot.FromHint},
			{time.Second, "", slot.FromBackoff},
		}
		for i, got := range s.sent {
			if ticket := got.header.Get("Admission-Ticket"); ticket != want[i].ticket || got.body != "content" {
				t.Errorf("attempt %d: ticket %q, want %q; body %q", i+1, ticket, want[i].ticket, got.body)
			}
			if i == 0 {
				continue
			}
			if wait := got.at.Sub(s.sent[i-1].at); wait != want[i].wait || seen[i-1].Delay != wait || seen[i-1].Source != want[i].source {
				t.Errorf("attempt %d after %v, told %v from %v; want %v from %v", i+1, wait, seen[i-1].Delay, seen[i-1].Source, want[i].wait, want[i].source)
			}
		}
		if len(req.Header) != 0 {
			t.Errorf("the caller's header was changed: %v", req.Header)
		}
	})
}

// Of the slot of the server and that of the pacer, the later one counts.
func TestAssignedSlotAndPacer(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		own, given, want time.Duration
	}{
		{time.Second, 3 * time.Second, 3 * time.Second},
		{5 * time.Second, 3 * time.Second, 5 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := newScript(t, status(503, "Admission-Slot", "3000"), status(200))
			start := time.Now()
			if _, _, err := roundTrip(t, transport.New(s, transport.WithSlots(&pacer{delay: tt.own})), newRequest(t, "GET", "")); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(start); took != tt.want {
				t.Errorf("took %v, want %v", took, tt.want)
			}
		})
	}
}

// A slot too far away ends the call with the response that gave it.
func TestAssignedSlotBeyondTheCap(t *testing.T) {
	t.Parallel()
	s := newScript(t, status(503, "Admission-Slot", "60001"))
	if code, _, err := roundTrip(t, transport.New(s, transport.WithMaxRetryAfter(time.Minute)), newRequest(t, "GET", "")); code != 503 || err != nil {
		t.Errorf("%d, %v", code, err)
	}
}

// The wait of a function that sees the outcome: the longer of its own and the server's, as it
// is; nothing where it does not know.
func TestOutcomeBackoff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var seen []int
		own := func(o transport.Outcome) time.Duration {
			seen = append(seen, o.Response.StatusCode)
			if o.Response.StatusCode == 500 {
				return -1
			}
			return 5 * time.Second
		}
		s := newScript(t, status(503), status(502, "Retry-After", "7"), status(504, "Retry-After", "2"), status(500), status(200))
		rt := transport.New(s, transport.WithMaxAttempts(0), transport.WithOutcomeBackoff(own),
			transport.WithBackoff(slot.BackoffFunc(func(int) time.Duration { return time.Second })))
		if _, _, err := roundTrip(t, rt, newRequest(t, "GET", "")); err != nil {
			t.Fatal(err)
		}
		for i, want := range []time.Duration{5 * time.Second, 7 * time.Second, 5 * time.Second, time.Second} {
			if got := s.sent[i+1].at.Sub(s.sent[i].at); got != want {
				t.Errorf("wait %d: %v, want %v", i+1, got, want)
			}
		}
		if len(seen) != 4 {
			t.Errorf("asked for %v", seen)
		}
	})
}

// A pacer knows better; when it fails, the function decides.
func TestOutcomeBackoffAndPacer(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		pacer *pacer
		want  time.Duration
	}{
		{&pacer{delay: time.Second}, time.Second},
		{&pacer{err: http.ErrServerClosed}, 5 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := newScript(t, status(500), status(200))
			rt := transport.New(s, transport.WithSlots(tt.pacer),
				transport.WithOutcomeBackoff(func(transport.Outcome) time.Duration { return 5 * time.Second }))
			if _, _, err := roundTrip(t, rt, newRequest(t, "GET", "")); err != nil {
				t.Fatal(err)
			}
			if got := s.sent[1].at.Sub(s.sent[0].at); got != tt.want {
				t.Errorf("waited %v, want %v", got, tt.want)
			}
		})
	}
}

func TestAttemptHeader(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		opts    []transport.Option
		timeout time.Duration
		want    []string
	}{
		{"off", nil, 0, []string{"", ""}},
		{"plain", []transport.Option{transport.WithAttemptHeader()}, 0, []string{"1;max=4", "2;max=4"}},
		{"no bound", []transport.Option{transport.WithAttemptHeader(), transport.WithMaxAttempts(0)}, 0, []string{"1", "2"}},
		{"deadline", []transport.Option{transport.WithAttemptHeader()}, 3500 * time.Millisecond, []string{"1;max=4;left=3500", "2;max=4;left=1500"}},
		{"total time", []transport.Option{transport.WithAttemptHeader(), transport.WithTimeout(10 * time.Second)}, 0, []string{"1;max=4;left=10000", "2;max=4;left=8000"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				req := newRequest(t, "PUT", "content")
				req.Header.Set("Request-Attempt", "mine")
				if tt.timeout > 0 {
					ctx, cancel := context.WithTimeout(t.Context(), tt.timeout)
					defer cancel()
					req = req.WithContext(ctx)
				}
				s := newScript(t, status(503), status(200))
				opts := append([]transport.Option{
					transport.WithBackoff(slot.BackoffFunc(func(int) time.Duration { return 2 * time.Second })),
				}, tt.opts...)
				if _, _, err := roundTrip(t, transport.New(s, opts...), req); err != nil {
					t.Fatal(err)
				}
				for i, want := range tt.want {
					if want == "" {
						want = "mine"
					}
					if got := s.sent[i].header.Get("Request-Attempt"); got != want || s.sent[i].body != "content" {
						t.Errorf("attempt %d: %q, want %q; body %q", i+1, got, want, s.sent[i].body)
					}
				}
				if req.Header.Get("Request-Attempt") != "mine" {
					t.Error("the caller's header was changed")
				}
			})
		})
	}
}

// A step below that adds to the values of a field does not reach those of the caller.
func TestFieldsAreNotShared(t *testing.T) {
	t.Parallel()
	room := make([]string, 1, 2)
	room[0] = "mine"
	rt := transport.New(roundTripperFunc(func(req *http.Request) (*http.Response, error) {
		req.Header["X-Mine"] = append(req.Header["X-Mine"], "added")
		return stub(req)
	}), transport.WithAttemptHeader())
	req := newRequest(t, "GET", "")
	req.Header["X-Mine"] = room
	if code, _, err := roundTrip(t, rt, req); code != 200 || err != nil || room[:2][1] != "" {
		t.Errorf("%d, %v; the caller's values are %q", code, err, room[:2])
	}
}

// Whatever a server sends as a slot, the wait is not negative, and what goes back as a ticket
// is the String that it sent.
func FuzzAssignedSlot(f *testing.F) {
	for _, seed := range []string{`1250;t="abc"`, `0;t="a\"\\b"`, `-1`, `999999999999999;t="x"`, `1;t=token`, `1;t="x";u=2`, `1, 2`, `"1"`, `1;t=:YWJj:`, ``} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		refusal := &http.Response{StatusCode: 503, Header: http.Header{"Admission-Slot": {value}}, Body: http.NoBody}
		if got := transport.RetryAfter(refusal, nil); got < 0 {
			t.Fatalf("%q: %v", value, got)
		}
		n := 0
		rt := transport.New(roundTripperFunc(func(req *http.Request) (*http.Response, error) {
			if n++; n == 1 {
				return refusal, nil
			}
			given, _ := httpsfv.UnmarshalItem([]string{value})
			var want any
			if given.Params != nil {
				want, _ = given.Params.Get("t")
			}
			if ticket, sent := req.Header["Admission-Ticket"]; sent {
				if got, err := httpsfv.UnmarshalItem(ticket); err != nil || got.Value != want || len(ticket) != 1 {
					t.Fatalf("%q: ticket %q, %v; want %q", value, ticket, err, want)
				}
			}
			return stub(req)
		}), transport.WithMaxRetryAfter(time.Millisecond), transport.WithBackoff(noWait))
		resp, err := rt.RoundTrip(request(t, "GET", nil))
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
	})
}
