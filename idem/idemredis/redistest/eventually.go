package redistest

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// giveUp is an error that waiting longer does not mend.
type giveUp struct{ error }

// eventually asks again and again until check returns nil, and returns its last error when
// that takes longer than limit.
func eventually(limit time.Duration, check func(context.Context) error) error {
	const pause = 10 * time.Millisecond
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	for {
		err := check(ctx)
		if err == nil || errors.As(err, new(giveUp)) {
			return err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return fmt.Errorf("after %v: %w", limit, err)
		}
	}
}
