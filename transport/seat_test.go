package transport_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"

	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/transport"
)

// An attempt that a server answers with a seat it keeps was sent to the end of a line, and has
// not failed: it is not counted, up to a bound.
func TestKeptSeatsAreNotCounted(t *testing.T) {
	t.Parallel()
	seat, failed := status(503, "Admission-Slot", `10;t="x"`), status(500)
	for _, tt := range []struct {
		name    string
		most    int
		answers []httpmock.Responder
		header  string // of the last attempt
	}{
		{"before failures", 2, []httpmock.Responder{seat, seat, failed, failed}, "4;max=4"},
		{"between failures", 2, []httpmock.Responder{failed, seat, failed}, "3;max=3"},
		{"in place of the last failure", 2, []httpmock.Responder{failed, seat, seat, failed}, "4;max=4"},
		{"for ever", 2, repeat(34, seat), "34;max=34"},
		{"with one attempt", 1, []httpmock.Responder{seat}, "1;max=1"},
		{"a slot without a seat", 2, repeat(2, status(503, "Admission-Slot", "10")), "2;max=2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newScript(t, tt.answers...)
				var seen []transport.Attempt
				rt := transport.New(s, transport.WithMaxAttempts(tt.most), transport.WithBackoff(noWait), transport.WithAttemptHeader(),
					transport.WithObserver(transport.Observer{Attempt: func(_ context.Context, a transport.Attempt) { seen = append(seen, a) }}))
				if _, _, err := roundTrip(t, rt, newRequest(t, "PUT", "content")); err != nil {
					t.Fatal(err)
				}
				if len(s.sent) != len(tt.answers) || !errors.Is(seen[len(seen)-1].Stop, slot.ErrAttempts) {
					t.Fatalf("%d attempts, want %d; then %v", len(s.sent), len(tt.answers), seen[len(seen)-1].Stop)
				}
				for i, a := range seen {
					if a.Number != i+1 {
						t.Errorf("attempt %d is told as %d", i+1, a.Number)
					}
				}
				if got := s.sent[len(s.sent)-1].header.Get("Request-Attempt"); got != tt.header {
					t.Errorf("the last attempt says %q, want %q", got, tt.header)
				}
			})
		})
	}
}

// A server that always says "now", which ours never does, gets no more attempts than one that
// says nothing.
func TestSlotNowIsNoSlot(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"0", `0;t="x"`} {
		for _, tt := range []struct {
			name string
			opts []transport.Option
			want int
		}{
			{"backoff", []transport.Option{transport.WithBackoff(slot.BackoffFunc(func(int) time.Duration { return time.Second }))}, 11},
			{"budget", []transport.Option{transport.WithBackoff(noWait), transport.WithBudget(retries(5))}, 11},
			{"attempts", []transport.Option{transport.WithBackoff(noWait), transport.WithMaxAttempts(3)}, 3},
		} {
			t.Run(value+" "+tt.name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					ctx, cancel := context.WithTimeout(t.Context(), 10500*time.Millisecond)
					defer cancel()
					s := newScript(t, repeat(tt.want, status(503, "Admission-Slot", value))...)
					rt := transport.New(s, append([]transport.Option{transport.WithMaxAttempts(0)}, tt.opts...)...)
					if code, _, err := roundTrip(t, rt, newRequest(t, "GET", "").WithContext(ctx)); code != 503 || err != nil || len(s.sent) != tt.want {
						t.Errorf("%d, %v after %d attempts, want %d", code, err, len(s.sent), tt.want)
					}
				})
			})
		}
	}
}

// Who has a seat in the server's line needs none in the pacer's, which is told all the same.
func TestSeatAndPacer(t *testing.T) {
	t.Parallel()
	for _, own := range []time.Duration{time.Second, 5 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			p := &pacer{delay: own}
			s := newScript(t, status(503, "Admission-Slot", `3000;t="x"`), status(200))
			rt := transport.New(s, transport.WithSlots(p), transport.WithTarget(targetAPI))
			start := time.Now()
			if _, _, err := roundTrip(t, rt, newRequest(t, "GET", "")); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(start); took != 3*time.Second {
				t.Errorf("took %v", took)
			}
			if got := fmt.Sprint(p.log); got != "[report api after 1 rejected report api after 1 success]" {
				t.Errorf("the pacer saw %s", got)
			}
		})
	}
}

// A wait that must not be spread is not spread either when the pacer fails, and fits into a
// deadline into which more would not.
func TestExactWaitsWithoutThePacer(t *testing.T) {
	t.Parallel()
	errDown := errors.New("down")
	tenSeconds := transport.WithOutcomeBackoff(func(transport.Outcome) time.Duration { return 10 * time.Second })
	for _, tt := range []struct {
		name   string
		fields []string
		opts   []transport.Option
		want   time.Duration
		source slot.Source
	}{
		{"assigned slot", []string{"Admission-Slot", "60000"}, nil, time.Minute, slot.FromHint},
		{"wait for the outcome", nil, []transport.Option{tenSeconds}, 10 * time.Second, slot.FromBackoff},
		{"that is longer than the server's", []string{"Retry-After", "1"}, []transport.Option{tenSeconds}, 10 * time.Second, slot.FromBackoff},
		{"that is shorter", []string{"Retry-After", "12"}, []transport.Option{tenSeconds}, 12 * time.Second, slot.FromHint},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), tt.want+1)
				defer cancel()
				var first transport.Attempt
				s := newScript(t, status(503, tt.fields...), status(200))
				rt := transport.New(s, append([]transport.Option{
					transport.WithSlots(&pacer{err: errDown}),
					transport.WithObserver(transport.Observer{Attempt: func(_ context.Context, a transport.Attempt) {
						if a.Number == 1 {
							first = a
						}
					}}),
				}, tt.opts...)...)
				if code, _, err := roundTrip(t, rt, newRequest(t, "GET", "").WithContext(ctx)); code != http.StatusOK || err != nil {
					t.Fatalf("%d, %v", code, err)
				}
				if got := s.sent[1].at.Sub(s.sent[0].at); got != tt.want || first.Source != tt.source || !errors.Is(first.PacerErr, errDown) {
					t.Errorf("waited %v, want %v; told %+v", got, tt.want, first)
				}
			})
		})
	}
}
