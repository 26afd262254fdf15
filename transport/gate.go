package transport

import (
	"context"
	"errors"

	"github.com/goaroundhq/goaround/slot"
)

// WithGatedFirst lets first attempts, too, wait for a slot while their target is in trouble,
// so that newcomers do not push in front of those who wait. It needs a pacer that is a
// slot.Gate ([WithSlots]), as slot.Queue is; with another it does nothing. A call that gets no
// slot ends with an [*Error] of 0 attempts. The default lets first attempts go at once.
func WithGatedFirst() Option { return func(c *config) { c.gatedFirst = true } }

// gated reports whether first attempts are to wait at a gate.
func (c *config) gated() bool {
	_, ok := c.plan.Pacer.(slot.Gate)
	return ok && c.gatedFirst
}

// admit returns when the first attempt may be sent.
func (c *call) admit(ctx context.Context) error {
	err := c.step.plan.Admit(ctx, c.target)
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
