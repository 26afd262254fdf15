package skew

import (
	"context"
	"errors"
	"time"
)

// ErrUnbounded is the error of [Clock.WaitUntilAfter] by a clock whose error nobody bounds:
// it could never be sure.
var ErrUnbounded = errors.New("skew: clock has no bound")

// maxNap is how long a wait goes on before it looks at the clock again, which may have been
// set in the meantime.
const maxNap = time.Minute

// WaitUntilAfter returns when t is surely past: when no clock that is right shows t or less
// any more (the commit wait of Spanner). It sleeps at most a minute longer than that when
// the clock is set forward in the meantime. When the context ends first it returns its
// cause; by a clock of [Unknown] status it returns [ErrUnbounded] at once.
func (c *Clock) WaitUntilAfter(ctx context.Context, t time.Time) error {
	for {
		r := c.Read()
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case r.Status == Unknown:
			return ErrUnbounded
		case r.SurelyAfter(t):
			return nil
		}
		if err := sleep(ctx, min(t.Sub(r.Earliest), maxNap)+1); err != nil {
			return err
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
