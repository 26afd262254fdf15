package transport_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"

	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/transport"
)

// pacer gives every reservation the same delay, and writes down what it is told.
type pacer struct {
	delay time.Duration
	err   error
	log   []string
}

func (p *pacer) Reserve(_ context.Context, target string, f slot.Feedback) (slot.Reservation, error) {
	p.log = append(p.log, fmt.Sprintf("reserve %s after %d %v", target, f.Attempt, f.Result))
	if p.err != nil {
		return nil, p.err
	}
	return reservation{p}, nil
}

func (p *pacer) Report(target string, f slot.Feedback) {
	p.log = append(p.log, fmt.Sprintf("report %s after %d %v", target, f.Attempt, f.Result))
}

type reservation struct{ p *pacer }

func (r reservation) Delay() time.Duration { return r.p.delay }
func (r reservation) Cancel()              { r.p.log = append(r.p.log, "cancel") }

func TestSlots(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		pacer   pacer
		opts    []transport.Option
		answers []httpmock.Responder
		timeout time.Duration
		took    time.Duration
		log     []string
	}{
		{
			name: "a success is reported and reserves nothing", answers: []httpmock.Responder{status(200)},
			log: []string{"report api after 1 success"},
		},
		{
			name: "the slot decides the wait", pacer: pacer{delay: 7 * time.Second}, took: 14 * time.Second,
			answers: []httpmock.Responder{status(503), failure(io.EOF), status(200)},
			log:     []string{"reserve api after 1 rejected", "reserve api after 2 failed", "report api after 3 success"},
		},
		{
			name: "the later of slot and hint", pacer: pacer{delay: 7 * time.Second}, took: 9 * time.Second,
			answers: []httpmock.Responder{status(429, "Retry-After", "9"), status(404)},
			log:     []string{"reserve api after 1 rejected", "report api after 2 success"},
		},
		{
			name: "no reservation for an attempt that will not be", opts: []transport.Option{transport.WithMaxAttempts(1)},
			answers: []httpmock.Responder{status(500)},
			log:     []string{"report api after 1 failed"},
		},
		{
			name: "a slot that does not fit is given back", pacer: pacer{delay: 7 * time.Second}, timeout: 5 * time.Second,
			answers: []httpmock.Responder{status(500)},
			log:     []string{"reserve api after 1 failed", "cancel"},
		},
		{
			name: "the pacer knows of no slot in time", pacer: pacer{err: slot.ErrDeadline},
			answers: []httpmock.Responder{status(503)},
			log:     []string{"reserve api after 1 rejected"},
		},
		{
			name: "a hint beyond the cap", answers: []httpmock.Responder{status(503, "Retry-After", "9999")},
			log: []string{"report api after 1 rejected"},
		},
		{
			name: "a broken pacer is no broken call", pacer: pacer{err: errors.New("pacer down")}, took: time.Second,
			answers: []httpmock.Responder{status(503), status(200)},
			log:     []string{"reserve api after 1 rejected", "report api after 2 success"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx := t.Context()
				if tt.timeout > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, tt.timeout)
					defer cancel()
				}
				opts := append([]transport.Option{
					transport.WithSlots(&tt.pacer),
					transport.WithBackoff(slot.BackoffFunc(func(int) time.Duration { return time.Second })),
					transport.WithTarget(targetAPI),
				}, tt.opts...)
				start := time.Now()
				_, _, err := roundTrip(t, transport.New(newScript(t, tt.answers...), opts...), newRequest(t, "GET", "").WithContext(ctx))
				if err != nil {
					t.Fatal(err)
				}
				if took := time.Since(start); took != tt.took {
					t.Errorf("took %v, want %v", took, tt.took)
				}
				if got, want := fmt.Sprint(tt.pacer.log), fmt.Sprint(tt.log); got != want {
					t.Errorf("pacer saw %s, want %s", got, want)
				}
			})
		})
	}
}

// What is wrong with the call says nothing about the target.
func TestFinalErrorsAreNoFeedback(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"malformed": errors.New("unsupported protocol scheme"), "no such host": &net.DNSError{IsNotFound: true},
	} {
		p := &pacer{}
		rt := transport.New(newScript(t, failure(err)), transport.WithSlots(p), transport.WithTarget(targetAPI))
		if _, _, got := roundTrip(t, rt, newRequest(t, "GET", "")); !errors.Is(got, err) || len(p.log) != 0 {
			t.Errorf("%s: %v, pacer saw %s", name, got, p.log)
		}
	}
	p := &pacer{}
	rt := transport.New(newScript(t, failure(io.EOF)), transport.WithSlots(p), transport.WithTarget(targetAPI), transport.WithKeyMethods())
	if _, _, err := roundTrip(t, rt, newRequest(t, "POST", "")); !errors.Is(err, io.EOF) || fmt.Sprint(p.log) != "[report api after 1 failed]" {
		t.Errorf("a failure that is not retried for its method: %v, pacer saw %s", err, p.log)
	}
	ctx, cancel := context.WithCancel(t.Context())
	p = &pacer{}
	rt = transport.New(roundTripperFunc(func(*http.Request) (*http.Response, error) {
		cancel()
		return nil, context.Canceled
	}), transport.WithSlots(p))
	if _, _, err := roundTrip(t, rt, newRequest(t, "GET", "").WithContext(ctx)); !errors.Is(err, context.Canceled) || len(p.log) != 0 {
		t.Errorf("cancelled: %v, pacer saw %s", err, p.log)
	}
}

func TestCancelledCallerGivesItsSlotBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		p := &pacer{delay: time.Hour}
		rt := transport.New(newScript(t, status(503)), transport.WithSlots(p), transport.WithTarget(targetAPI))
		if _, _, err := roundTrip(t, rt, newRequest(t, "GET", "").WithContext(ctx)); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
		if got := fmt.Sprint(p.log); got != "[reserve api after 1 rejected cancel]" {
			t.Errorf("pacer saw %s", got)
		}
	})
}

// A slot that was booked is given back when the body cannot be opened for it.
func TestSlotWithoutABodyIsGivenBack(t *testing.T) {
	t.Parallel()
	p := &pacer{}
	rt := transport.New(newScript(t, status(503)), transport.WithSlots(p), transport.WithTarget(targetAPI))
	req := newRequest(t, "PUT", "content")
	req.GetBody = func() (io.ReadCloser, error) { return nil, errors.New("file is gone") }
	if code, _, err := roundTrip(t, rt, req); code != 503 || err != nil || fmt.Sprint(p.log) != "[reserve api after 1 rejected cancel]" {
		t.Errorf("%d, %v; the pacer saw %s", code, err, p.log)
	}
}

// A pacer that breaks while callers wait for it breaks no call: neither a first attempt nor
// another.
func TestPacerBreaksWhileWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &parking{wait: time.Second, err: errors.New("connection lost")}
		s := newScript(t, status(503), status(200))
		rt := transport.New(s, transport.WithSlots(gatedParking{p}), transport.WithGatedFirst(),
			transport.WithBackoff(slot.BackoffFunc(func(int) time.Duration { return 5 * time.Second })))
		start := time.Now()
		if code, _, err := roundTrip(t, rt, newRequest(t, "PUT", "content")); code != 200 || err != nil {
			t.Fatalf("%d, %v", code, err)
		}
		if first, second := s.sent[0].at.Sub(start), s.sent[1].at.Sub(s.sent[0].at); first != time.Second || second != 6*time.Second {
			t.Errorf("the attempts came after %v and %v", first, second)
		}
	})
}

type gatedParking struct{ *parking }

func (g gatedParking) Admit(context.Context, string) (slot.Reservation, error) { return g, nil }

// Who has left gets no response, whatever the pacer says to that.
func TestPacerSaysLateToWhoHasLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		rt := transport.New(newScript(t, status(503)), transport.WithSlots(stubborn{}))
		_, _, err := roundTrip(t, rt, newRequest(t, "GET", "").WithContext(ctx))
		var e *transport.Error
		if !errors.As(err, &e) || !errors.Is(err, context.Canceled) || e.Stop != nil || e.Status != 503 {
			t.Errorf("error %+v", err)
		}
	})
}

// stubborn is a pacer without slots that says so when it is too late.
type stubborn struct{ steady }

func (s stubborn) Reserve(context.Context, string, slot.Feedback) (slot.Reservation, error) {
	return s, nil
}
func (stubborn) Delay() time.Duration { return 0 }

func (stubborn) Wait(ctx context.Context) error {
	<-ctx.Done()
	return slot.ErrDeadline
}
