package slot_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/slot"
)

// awaitPacer gives reservations whose slot comes later than it says.
type awaitPacer struct {
	scriptedPacer
	comes time.Duration
	wait  error
}

func (p *awaitPacer) Reserve(ctx context.Context, target string, f slot.Feedback) (slot.Reservation, error) {
	r, err := p.scriptedPacer.Reserve(ctx, target, f)
	if err != nil {
		return nil, err
	}
	return &awaitReservation{r, p, time.Now()}, nil
}

type awaitReservation struct {
	slot.Reservation
	p     *awaitPacer
	given time.Time
}

func (r *awaitReservation) Wait(ctx context.Context) error {
	select {
	case <-time.After(r.p.comes - time.Since(r.given)):
		return r.p.wait
	case <-ctx.Done():
		r.Cancel()
		return context.Cause(ctx)
	}
}

// A turn whose slot is not known yet waits for the slot, not for the estimate.
func TestTurnWaitsForTheSlot(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		pacer    awaitPacer
		plan     slot.Plan
		hint     time.Duration
		deadline time.Duration
		took     time.Duration
		err      error
		cancels  int
	}{
		{name: "the slot comes", pacer: awaitPacer{comes: 3 * time.Second}, took: 3 * time.Second},
		{
			name: "the estimate is no floor", took: time.Second,
			pacer: awaitPacer{comes: time.Second, scriptedPacer: scriptedPacer{delay: 2 * time.Second}},
		},
		{name: "a hint is", pacer: awaitPacer{comes: time.Second}, hint: 4 * time.Second, took: 4 * time.Second},
		{name: "a slot after the hint", pacer: awaitPacer{comes: 5 * time.Second}, hint: 4 * time.Second, took: 5 * time.Second},
		{
			name: "the pacer says that it is in vain", pacer: awaitPacer{comes: time.Second, wait: slot.ErrDeadline},
			took: time.Second, err: slot.ErrDeadline,
		},
		{
			name: "a pacer that breaks leaves it to the backoff", plan: slot.Plan{Backoff: slot.BackoffFunc(func(int) time.Duration { return 3 * time.Second })},
			pacer: awaitPacer{comes: time.Second, wait: errors.New("pacer down")}, took: 4 * time.Second,
		},
		{
			name: "but never before the hint", plan: slot.Plan{Backoff: slot.BackoffFunc(func(int) time.Duration { return 3 * time.Second })},
			pacer: awaitPacer{comes: time.Second, wait: errors.New("pacer down")}, hint: 5 * time.Second, took: 5 * time.Second,
		},
		{
			name: "too late for the attempt", plan: slot.Plan{MinAttempt: 2 * time.Second}, pacer: awaitPacer{comes: 4 * time.Second},
			deadline: 5 * time.Second, took: 4 * time.Second, err: slot.ErrDeadline, cancels: 1,
		},
		{
			name: "the context ends", pacer: awaitPacer{comes: 4 * time.Second},
			deadline: 3 * time.Second, took: 3 * time.Second, err: context.DeadlineExceeded, cancels: 1,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx := within(t, tt.deadline)
				tt.plan.Pacer = &tt.pacer
				start := time.Now()
				turn, err := tt.plan.Next(ctx, target, rejected, tt.hint)
				if err != nil {
					t.Fatal(err)
				}
				if err := turn.Wait(ctx); !errors.Is(err, tt.err) || (err != nil && tt.err == nil) {
					t.Errorf("Wait = %v, want %v", err, tt.err)
				}
				if took := time.Since(start); took != tt.took {
					t.Errorf("the turn came after %v, want %v", took, tt.took)
				}
				if tt.pacer.cancelled != tt.cancels {
					t.Errorf("%d slots given back, want %d", tt.pacer.cancelled, tt.cancels)
				}
			})
		})
	}
}
