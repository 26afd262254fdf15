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

// gatePacer also holds first attempts up.
type gatePacer struct {
	logPacer
	err error
}

func (p *gatePacer) Admit(context.Context, string) (slot.Reservation, error) {
	p.log = append(p.log, "admit")
	return logReservation{&p.logPacer}, p.err
}

func TestDoAtTheGate(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		opts  []slot.DoOption
		pacer gatePacer
		leave time.Duration // when the caller leaves; 0 for never
		took  time.Duration
		err   error
		told  string
	}{
		{name: "not gated", told: "[report 1 success]"},
		{
			name: "gated", opts: []slot.DoOption{slot.WithGate()}, pacer: gatePacer{logPacer: logPacer{delay: time.Second}},
			took: time.Second, told: "[admit report 1 success]",
		},
		{
			name: "no slot in time", opts: []slot.DoOption{slot.WithGate()}, pacer: gatePacer{err: slot.ErrDeadline},
			err: slot.ErrDeadline, told: "[admit]",
		},
		{
			name: "a broken gate is open", opts: []slot.DoOption{slot.WithGate()}, pacer: gatePacer{err: errDown},
			told: "[admit report 1 success]",
		},
		{
			name: "too late a slot", opts: []slot.DoOption{slot.WithGate()}, pacer: gatePacer{logPacer: logPacer{delay: 2 * time.Minute}},
			err: slot.ErrDeadline, told: "[admit cancel]",
		},
		{
			name: "left at the gate", opts: []slot.DoOption{slot.WithGate()}, pacer: gatePacer{logPacer: logPacer{delay: 50 * time.Second}},
			leave: 10 * time.Second, took: 10 * time.Second, err: context.Canceled, told: "[admit cancel]",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				if tt.leave > 0 {
					time.AfterFunc(tt.leave, cancel)
				}
				start := time.Now()
				_, err := slot.Do(ctx, &slot.Plan{Pacer: &tt.pacer}, target, func(context.Context) (bool, error) { return true, nil }, tt.opts...)
				if !errors.Is(err, tt.err) || (err != nil && tt.err == nil) {
					t.Errorf("Do = %v, want %v", err, tt.err)
				}
				var e *slot.Error
				if errors.As(err, &e) && (e.Attempts != 0 || (e.Stop == nil) == errors.Is(err, slot.ErrDeadline) || (e.Err == nil) == (e.Stop == nil)) {
					t.Errorf("Do = %#v, want why there was no first attempt in Stop, or in Err that the caller left", e)
				}
				if time.Since(start) != tt.took || fmt.Sprint(tt.pacer.log) != tt.told {
					t.Errorf("took %v, pacer saw %v; want %v, %v", time.Since(start), tt.pacer.log, tt.took, tt.told)
				}
			})
		})
	}
}
