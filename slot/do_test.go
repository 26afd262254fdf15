package slot_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/slot"
)

// busyError says how long to stay away.
type busyError struct{ wait time.Duration }

func (e *busyError) Error() string { return fmt.Sprintf("busy for %v", e.wait) }

func TestDo(t *testing.T) {
	t.Parallel()
	errBroken := errors.New("broken")
	judge := slot.WithJudge(func(err error) slot.Judgement {
		var busy *busyError
		if errors.As(err, &busy) {
			return slot.Judgement{Retry: true, Result: slot.Rejected, Hint: busy.wait}
		}
		return slot.Judgement{Result: slot.Success}
	})
	for _, tt := range []struct {
		name     string
		plan     slot.Plan
		opts     []slot.DoOption
		errs     []error // of the attempts; the last one repeats
		deadline time.Duration
		is       []error // what the error matches; none means success
		attempts int
		as       *slot.Error // expected, when the error is one: Attempts and Stop
		took     time.Duration
		told     string
	}{
		{name: "success", errs: []error{nil}, attempts: 1, told: "[report 1 success]"},
		{
			name: "success at last", errs: []error{errBroken, errBroken, nil}, attempts: 3, took: 2 * time.Second,
			told: "[reserve 1 failed reserve 2 failed report 3 success]",
		},
		{
			name: "attempts end", plan: slot.Plan{MaxAttempts: 2}, errs: []error{errBroken},
			attempts: 2, took: time.Second, is: []error{errBroken, slot.ErrAttempts},
			as:   &slot.Error{Attempts: 2, Stop: slot.ErrAttempts},
			told: "[reserve 1 failed report 2 failed]",
		},
		{
			name: "no time left", errs: []error{errBroken}, deadline: 1500 * time.Millisecond,
			attempts: 2, took: time.Second, is: []error{errBroken, slot.ErrDeadline},
			as:   &slot.Error{Attempts: 2, Stop: slot.ErrDeadline},
			told: "[reserve 1 failed reserve 2 failed cancel]",
		},
		{
			name: "permanent", errs: []error{slot.Permanent(errBroken)}, attempts: 1, is: []error{errBroken},
			told: "[report 1 success]",
		},
		{
			name: "permanent after a retry", errs: []error{errBroken, slot.Permanent(errBroken)}, attempts: 2, took: time.Second,
			is: []error{errBroken}, as: &slot.Error{Attempts: 2}, told: "[reserve 1 failed report 2 success]",
		},
		{
			name: "judged final", opts: []slot.DoOption{judge}, errs: []error{errBroken}, attempts: 1, is: []error{errBroken},
			told: "[report 1 success]",
		},
		{
			name: "judged busy", opts: []slot.DoOption{judge}, errs: []error{fmt.Errorf("wrapped: %w", &busyError{5 * time.Second}), nil},
			attempts: 2, took: 5 * time.Second, told: "[reserve 1 rejected report 2 success]",
		},
		{
			name: "too long a wait", opts: []slot.DoOption{judge}, errs: []error{&busyError{time.Hour}},
			attempts: 1, is: []error{slot.ErrHint}, as: &slot.Error{Attempts: 1, Stop: slot.ErrHint}, told: "[report 1 rejected]",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx := within(t, tt.deadline)
				p := &logPacer{delay: time.Second}
				tt.plan.Pacer = p
				attempts, start := 0, time.Now()
				got, err := slot.Do(ctx, &tt.plan, target, func(context.Context) (int, error) {
					attempts++
					return 40 + attempts, tt.errs[min(attempts, len(tt.errs))-1]
				}, tt.opts...)
				if attempts != tt.attempts || time.Since(start) != tt.took || fmt.Sprint(p.log) != tt.told {
					t.Errorf("%d attempts in %v, pacer saw %v; want %d in %v, %v", attempts, time.Since(start), p.log, tt.attempts, tt.took, tt.told)
				}
				checkDone(t, got, err, attempts, tt.is, tt.as)
			})
		})
	}
}

func checkDone(t *testing.T, got int, err error, attempts int, is []error, as *slot.Error) {
	t.Helper()
	if len(is) == 0 {
		if err != nil || got != 40+attempts {
			t.Errorf("Do = %d, %v", got, err)
		}
		return
	}
	if got != 0 {
		t.Errorf("Do = %d with error %v", got, err)
	}
	for _, want := range is {
		if !errors.Is(err, want) {
			t.Errorf("error %v, want %v", err, want)
		}
	}
	var e *slot.Error
	switch found := errors.As(err, &e); {
	case found != (as != nil):
		t.Errorf("error is a %T, want *slot.Error: %v", err, as != nil)
	case found && (e.Target != target || e.Attempts != as.Attempts || !errors.Is(e.Stop, as.Stop) || e.Error() == ""):
		t.Errorf("error %+v, want %+v", e, as)
	}
}

// logPacer writes down what it is asked.
type logPacer struct {
	delay time.Duration
	log   []string
}

func (p *logPacer) Reserve(_ context.Context, _ string, f slot.Feedback) (slot.Reservation, error) {
	p.log = append(p.log, fmt.Sprintf("reserve %d %v", f.Attempt, f.Result))
	return logReservation{p}, nil
}

func (p *logPacer) Report(_ string, f slot.Feedback) {
	p.log = append(p.log, fmt.Sprintf("report %d %v", f.Attempt, f.Result))
}

type logReservation struct{ p *logPacer }

func (r logReservation) Delay() time.Duration { return r.p.delay }
func (r logReservation) Cancel()              { r.p.log = append(r.p.log, "cancel") }

// A call that is cancelled while it waits ends with the cause and what went wrong before.
func TestDoCancelled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		errBroken, cause := errors.New("broken"), errors.New("shutting down")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(cause) })
		plan := &slot.Plan{Backoff: fixed(time.Hour)}
		_, err := slot.Do(ctx, plan, target, func(context.Context) (int, error) { return 0, errBroken })
		if !errors.Is(err, cause) || !errors.Is(err, errBroken) {
			t.Errorf("Do = %v, want the cause and the last error", err)
		}
		// One that ends in the operation is final, and says nothing about the target.
		p := &logPacer{}
		_, err = slot.Do(ctx, &slot.Plan{Pacer: p}, target, func(ctx context.Context) (int, error) { return 0, context.Cause(ctx) })
		if !errors.Is(err, cause) || len(p.log) != 0 {
			t.Errorf("Do = %v, pacer saw %v", err, p.log)
		}
	})
}

// A call that is cut off by its deadline was too slow for its caller, and the pacer is told so,
// whatever the operation makes of it.
func TestDoCutOff(t *testing.T) {
	t.Parallel()
	for name, op := range map[string]func(context.Context) error{
		"plain":     context.Cause,
		"permanent": func(ctx context.Context) error { return slot.Permanent(ctx.Err()) },
		"other":     func(context.Context) error { return errBusy },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				p := &logPacer{}
				_, err := slot.Do(ctx, &slot.Plan{Pacer: p}, target, func(ctx context.Context) (int, error) {
					<-ctx.Done()
					return 0, op(ctx)
				})
				if got := fmt.Sprint(p.log); err == nil || got != "[report 1 failed]" {
					t.Errorf("Do = %v, pacer saw %v", err, got)
				}
			})
		})
	}
}

// What Permanent marks ends the call that runs the operation, and no other.
func TestPermanentEndsWithItsCall(t *testing.T) {
	t.Parallel()
	want := errors.New("no rows")
	for name, tt := range map[string]struct {
		marked error
		is     bool // the error itself comes back
	}{
		"the error":     {slot.Permanent(want), true},
		"marked inside": {fmt.Errorf("query: %w", slot.Permanent(want)), false},
		"marked twice":  {slot.Permanent(slot.Permanent(want)), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inner, outer := 0, 0
			_, err := slot.Do(t.Context(), &slot.Plan{MaxAttempts: 3, Backoff: fixed(0)}, "outer", func(ctx context.Context) (int, error) {
				outer++
				_, err := slot.Do(ctx, &slot.Plan{}, target, func(context.Context) (int, error) { inner++; return 0, tt.marked })
				if !errors.Is(err, want) || (err == want) != tt.is { //nolint:errorlint // is meant
					t.Errorf("Do = %T: %v, want %v", err, err, want)
				}
				if err.Error() != tt.marked.Error() {
					t.Errorf("Do = %q, want %q", err, tt.marked)
				}
				return 0, err
			})
			if inner != 3 || outer != 3 || !errors.Is(err, want) {
				t.Errorf("%d attempts of %d calls, and %v; want 3 of 3", inner, outer, err)
			}
		})
	}
}

func TestDoPanics(t *testing.T) {
	t.Parallel()
	defer func() {
		if got := recover(); got != "oh" {
			t.Errorf("recovered %v, want what the operation panicked with", got)
		}
	}()
	_, _ = slot.Do(t.Context(), &slot.Plan{}, target, func(context.Context) (int, error) { panic("oh") })
}

func TestPermanentOfNothing(t *testing.T) {
	t.Parallel()
	if err := slot.Permanent(nil); err != nil {
		t.Errorf("Permanent(nil) = %v", err)
	}
}
