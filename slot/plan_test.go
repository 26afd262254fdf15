package slot_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/slot"
)

const target = "http://api.example.com:80"

// scriptedPacer gives one prepared answer and remembers what it was told.
type scriptedPacer struct {
	delay     time.Duration
	err       error
	reserved  []slot.Feedback
	reported  []slot.Feedback
	cancelled int
}

func (p *scriptedPacer) Reserve(_ context.Context, _ string, f slot.Feedback) (slot.Reservation, error) {
	p.reserved = append(p.reserved, f)
	if p.err != nil {
		return nil, p.err
	}
	return scriptedReservation{p}, nil
}

func (p *scriptedPacer) Report(_ string, f slot.Feedback) { p.reported = append(p.reported, f) }

type scriptedReservation struct{ p *scriptedPacer }

func (r scriptedReservation) Delay() time.Duration { return r.p.delay }
func (r scriptedReservation) Cancel()              { r.p.cancelled++ }

func fixed(d time.Duration) slot.Backoff {
	return slot.BackoffFunc(func(int) time.Duration { return d })
}

// within is a context that ends after d; zero sets no end.
func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	if d == 0 {
		return t.Context()
	}
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func TestPlanNext(t *testing.T) {
	t.Parallel()
	errDown := errors.New("pacer down")
	for _, tt := range []struct {
		name     string
		plan     slot.Plan
		pacer    *scriptedPacer
		attempt  int
		hint     time.Duration
		deadline time.Duration // 0 means none
		want     slot.Turn     // Delay, Source and PacerErr are compared
		err      error
		cancels  int
		reports  int // instead of a reservation
	}{
		{
			name: "backoff alone", plan: slot.Plan{Backoff: fixed(time.Second)}, attempt: 1,
			want: slot.Turn{Delay: time.Second, Source: slot.FromBackoff},
		},
		{
			name: "a negative backoff is no wait", plan: slot.Plan{Backoff: fixed(-time.Second)}, attempt: 1,
			want: slot.Turn{Source: slot.FromBackoff},
		},
		{
			name: "last attempt used", plan: slot.Plan{MaxAttempts: 3, Backoff: fixed(0)}, attempt: 3,
			err: slot.ErrAttempts,
		},
		{
			name: "one attempt left", plan: slot.Plan{MaxAttempts: 3, Backoff: fixed(0)}, attempt: 2,
			want: slot.Turn{Source: slot.FromBackoff},
		},
		{
			name: "no limit", plan: slot.Plan{Backoff: fixed(0)}, attempt: 1 << 40,
			want: slot.Turn{Source: slot.FromBackoff},
		},
		{
			name: "a hint is spread, never undercut", plan: slot.Plan{Backoff: fixed(2 * time.Second)}, attempt: 1,
			hint: 5 * time.Second, want: slot.Turn{Delay: 7 * time.Second, Source: slot.FromHint},
		},
		{
			name: "the spread is at most the hint", plan: slot.Plan{Backoff: fixed(time.Minute)}, attempt: 1,
			hint: 5 * time.Second, want: slot.Turn{Delay: 10 * time.Second, Source: slot.FromHint},
		},
		{
			name: "a negative hint is no hint", plan: slot.Plan{Backoff: fixed(time.Second)}, attempt: 1,
			hint: -time.Hour, want: slot.Turn{Delay: time.Second, Source: slot.FromBackoff},
		},
		{
			name: "a hint at the default cap", plan: slot.Plan{Backoff: fixed(time.Minute)}, attempt: 1,
			hint: slot.DefaultMaxHint, want: slot.Turn{Delay: slot.DefaultMaxHint + time.Minute, Source: slot.FromHint},
		},
		{
			name: "a hint above the default cap", plan: slot.Plan{Backoff: fixed(0)}, attempt: 1,
			hint: slot.DefaultMaxHint + 1, err: slot.ErrHint,
		},
		{
			name: "a hint above a chosen cap", plan: slot.Plan{MaxHint: time.Second}, attempt: 1,
			hint: 2 * time.Second, err: slot.ErrHint,
		},
		{
			name: "fits before the deadline", plan: slot.Plan{Backoff: fixed(time.Second)}, attempt: 1,
			deadline: 2 * time.Second, want: slot.Turn{Delay: time.Second, Source: slot.FromBackoff},
		},
		{
			name: "a wait up to the deadline is in vain", plan: slot.Plan{Backoff: fixed(time.Second)}, attempt: 1,
			deadline: time.Second, err: slot.ErrDeadline,
		},
		{
			name: "no room for the attempt itself", attempt: 1,
			plan:     slot.Plan{Backoff: fixed(time.Second), MinAttempt: 500 * time.Millisecond},
			deadline: 1400 * time.Millisecond, err: slot.ErrDeadline,
		},
		{
			name: "no overflow", plan: slot.Plan{Backoff: fixed(math.MaxInt64), MaxHint: math.MaxInt64}, attempt: 1,
			hint: math.MaxInt64, want: slot.Turn{Delay: math.MaxInt64, Source: slot.FromHint},
		},
		{
			name: "the pacer is told of a call that ends", plan: slot.Plan{MaxAttempts: 1}, pacer: &scriptedPacer{}, attempt: 1,
			err: slot.ErrAttempts, reports: 1,
		},
		{
			name: "slot", pacer: &scriptedPacer{delay: 3 * time.Second}, attempt: 1,
			want: slot.Turn{Delay: 3 * time.Second, Source: slot.FromSlot},
		},
		{
			name: "the later of slot and hint", pacer: &scriptedPacer{delay: 3 * time.Second}, attempt: 1,
			hint: 4 * time.Second, want: slot.Turn{Delay: 4 * time.Second, Source: slot.FromHint},
		},
		{
			name: "a slot in the past is now", pacer: &scriptedPacer{delay: -time.Second}, attempt: 1,
			want: slot.Turn{Source: slot.FromSlot},
		},
		{
			name: "a slot that does not fit is given back", pacer: &scriptedPacer{delay: 3 * time.Second}, attempt: 1,
			deadline: time.Second, err: slot.ErrDeadline, cancels: 1,
		},
		{
			name: "the pacer knows of no slot in time", pacer: &scriptedPacer{err: slot.ErrDeadline}, attempt: 1,
			err: slot.ErrDeadline,
		},
		{
			name: "a broken pacer falls back", plan: slot.Plan{Backoff: fixed(time.Second)},
			pacer: &scriptedPacer{err: errDown}, attempt: 1,
			want: slot.Turn{Delay: time.Second, Source: slot.FromBackoff, PacerErr: errDown},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx := within(t, tt.deadline)
				if tt.pacer != nil {
					tt.plan.Pacer = tt.pacer
				}
				f := slot.Feedback{Attempt: tt.attempt, Result: slot.Failed, Latency: time.Millisecond}
				got, err := tt.plan.Next(ctx, target, f, tt.hint)
				if !errors.Is(err, tt.err) || (err != nil && tt.err == nil) {
					t.Fatalf("error = %v, want %v", err, tt.err)
				}
				if got.Delay != tt.want.Delay || got.Source != tt.want.Source || !errors.Is(got.PacerErr, tt.want.PacerErr) {
					t.Errorf("turn = %+v, want %+v", got, tt.want)
				}
				if tt.pacer == nil {
					return
				}
				f.Hint = max(tt.hint, 0)
				if told := slices.Concat(tt.pacer.reserved, tt.pacer.reported); len(told) != 1 || told[0] != f || len(tt.pacer.reported) != tt.reports {
					t.Errorf("pacer was asked %+v and told %+v, want %+v once", tt.pacer.reserved, tt.pacer.reported, f)
				}
				if tt.pacer.cancelled != tt.cancels {
					t.Errorf("%d slots given back, want %d", tt.pacer.cancelled, tt.cancels)
				}
			})
		})
	}
}

// Even where the backoff is short beside the hint, a herd that was told the same is spread.
func TestHintsAreSpread(t *testing.T) {
	t.Parallel()
	const hint = time.Minute
	var early, late int
	for range 1000 {
		turn, err := (&slot.Plan{Backoff: fixed(0)}).Next(t.Context(), target, slot.Feedback{Attempt: 1}, hint)
		if err != nil || turn.Delay < hint || turn.Delay > hint+hint/4 {
			t.Fatalf("turn %+v, %v", turn, err)
		}
		if turn.Delay < hint+hint/8 {
			early++
		} else {
			late++
		}
	}
	if early < 400 || late < 400 { // 500 expected, standard deviation 16
		t.Errorf("%d in the first half, %d in the second", early, late)
	}
}

func TestPlanNextKeepsTheCause(t *testing.T) {
	t.Parallel()
	cause := errors.New("shutting down")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	if _, err := new(slot.Plan).Next(ctx, target, slot.Feedback{Attempt: 1}, 0); !errors.Is(err, cause) {
		t.Errorf("error = %v, want the cause", err)
	}
}

// A context that ends while the pacer answers must neither lose the slot nor be
// hidden behind the pacer's error.
func TestPlanNextCancelledInReserve(t *testing.T) {
	t.Parallel()
	cause := errors.New("shutting down")
	for name, pacerErr := range map[string]error{"slot given": nil, "pacer failed": errors.New("pacer down")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancelCause(t.Context())
			p := &cancellingPacer{scriptedPacer: scriptedPacer{err: pacerErr}, cancel: func() { cancel(cause) }}
			_, err := (&slot.Plan{Pacer: p}).Next(ctx, target, slot.Feedback{Attempt: 1}, 0)
			if !errors.Is(err, cause) {
				t.Errorf("error = %v, want the cause", err)
			}
			if pacerErr == nil && p.cancelled != 1 {
				t.Errorf("%d slots given back, want 1", p.cancelled)
			}
		})
	}
}

type cancellingPacer struct {
	scriptedPacer
	cancel func()
}

func (p *cancellingPacer) Reserve(ctx context.Context, target string, f slot.Feedback) (slot.Reservation, error) {
	defer p.cancel()
	return p.scriptedPacer.Reserve(ctx, target, f)
}

func TestNames(t *testing.T) {
	t.Parallel()
	for r, want := range map[slot.Result]string{
		slot.Success: "success", slot.Rejected: "rejected", slot.Failed: "failed", 9: "invalid",
	} {
		if got := r.String(); got != want {
			t.Errorf("Result(%d) = %q, want %q", r, got, want)
		}
	}
	for s, want := range map[slot.Source]string{
		slot.FromBackoff: "backoff", slot.FromHint: "hint", slot.FromSlot: "slot", 9: "invalid",
	} {
		if got := s.String(); got != want {
			t.Errorf("Source(%d) = %q, want %q", s, got, want)
		}
	}
}
