package transport

import (
	"context"
	"errors"
	"time"

	"github.com/goaroundhq/goaround/slot"
)

// WithGatedFirst lets first attempts, too, wait for a slot while their target is in trouble,
// so that newcomers do not push in front of those who wait. It needs a pacer that is a
// slot.Gate ([WithSlots]), as slot.Queue is; with another it does nothing. A call that gets no
// slot ends with an [*Error] of 0 attempts. The default lets first attempts go at once.
func WithGatedFirst() Option { return func(c *config) { c.gatedFirst = true } }

// gate returns the pacer's gate, if it is to be asked and has one.
func (c *config) gate() slot.Gate {
	gate, _ := c.plan.Pacer.(slot.Gate)
	if !c.gatedFirst {
		return nil
	}
	return gate
}

// admit returns when the first attempt may be sent.
func (c *call) admit(ctx context.Context) error {
	r, err := c.step.gate.Admit(ctx, c.target)
	switch {
	case errors.Is(err, slot.ErrDeadline):
	case err != nil, r == nil:
		return nil //nolint:nilerr // a broken gate is an open one
	default:
		err = await(ctx, r, c.step.plan.MinAttempt)
	}
	if err == nil {
		return nil
	}
	c.attempt = 0 // none was made
	refused := &Error{Target: c.target, Err: err}
	if errors.Is(err, slot.ErrDeadline) {
		refused.Stop, c.stop = slot.ErrDeadline, slot.ErrDeadline
	}
	return c.end(ctx, nil, refused)
}

// await returns when the slot has come, if it leaves the attempt enough time.
func await(ctx context.Context, r slot.Reservation, enough time.Duration) error {
	delay := r.Delay()
	if a, ok := r.(slot.Awaiter); ok {
		if err := a.Wait(ctx); err != nil {
			return err
		}
		delay = 0 // it was an estimate
	}
	if delay <= 0 && enough <= 0 {
		return nil
	}
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline)-max(delay, 0) <= enough {
		r.Cancel()
		return slot.ErrDeadline
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		r.Cancel()
		return context.Cause(ctx)
	}
}
