package skew_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/skew"
	"github.com/goaroundhq/goaround/skew/skewtest"
)

func TestRunIsOwnedByTheCaller(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := skew.New(skew.WithSources(good("ntp", ms)))
		cause := errors.New("done")
		ctx, cancel := context.WithCancelCause(t.Context())
		first := make(chan error)
		go func() { first <- c.Run(ctx) }()
		synctest.Wait()
		if err := c.Run(ctx); !errors.Is(err, skew.ErrRunning) {
			t.Errorf("error = %v, want ErrRunning", err)
		}
		cancel(cause)
		if err := <-first; !errors.Is(err, cause) {
			t.Errorf("error = %v, want the cause", err)
		}
		again, stop := context.WithTimeout(t.Context(), time.Hour)
		defer stop()
		if err := c.Run(again); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error = %v, want the context's", err)
		}
	})
	for _, c := range []*skew.Clock{nil, skew.New()} {
		if err := c.Run(t.Context()); !errors.Is(err, skew.ErrNoSources) {
			t.Errorf("error = %v, want ErrNoSources", err)
		}
		if _, err := c.Sync(t.Context()); !errors.Is(err, skew.ErrNoSources) {
			t.Errorf("error = %v, want ErrNoSources", err)
		}
	}
}

// Everything at once, for the race detector.
func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	machine := &skewtest.Machine{}
	c := skew.New(skew.WithSystem(machine), skew.WithSources(good("a", ms), good("b", ms), liar("c", time.Second)))
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	var all sync.WaitGroup
	all.Go(func() { _ = c.Run(ctx) })
	for range 4 {
		all.Go(func() {
			for ctx.Err() == nil {
				r := c.Read()
				if r.Latest.Before(r.Earliest) {
					t.Errorf("Read = %+v", r)
				}
				c.Offset()
				c.LastSync()
			}
		})
		all.Go(func() {
			for ctx.Err() == nil {
				_, _ = c.Sync(ctx)
				machine.Step(time.Second)
			}
		})
	}
	all.Wait()
}
