package slot_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/slot"
)

// counter is scripted.
type counter struct {
	n     int64
	err   error
	names []string
}

func (c *counter) Next(ctx context.Context, name string) (int64, error) {
	c.names = append(c.names, name)
	if c.err != nil {
		return 0, c.err
	}
	c.n++
	return c.n, ctx.Err()
}

// Callers are dealt out over the slots in turn, each at a random place in its slot.
func TestRing(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		ring  *slot.Ring
		count int
		width time.Duration
		first int // slot of the first caller
	}{
		"defaults":          {&slot.Ring{}, slot.DefaultRingCount, slot.DefaultRingWidth, 1},
		"chosen":            {&slot.Ring{Count: 3, Width: time.Second}, 3, time.Second, 1},
		"shared counter":    {&slot.Ring{Count: 4, Counter: &counter{n: 41}}, 4, slot.DefaultRingWidth, 2},
		"counter below one": {&slot.Ring{Count: 4, Counter: &counter{n: -6}}, 4, slot.DefaultRingWidth, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				within := map[time.Duration]bool{}
				for n := range 5 * tt.count {
					r, err := tt.ring.Reserve(t.Context(), target, failed)
					if err != nil {
						t.Fatal(err)
					}
					number := (tt.first + n) % tt.count
					got, low := r.Delay(), time.Duration(number)*tt.width
					if got < low || got >= low+tt.width {
						t.Errorf("caller %d waits %v, want slot %d: [%v, %v)", n, got, number, low, low+tt.width)
					}
					within[got-low] = true
				}
				if len(within) < 4*tt.count {
					t.Errorf("only %d places within slots for %d callers: no jitter", len(within), 5*tt.count)
				}
			})
		})
	}
}

func TestRingNamesItsCounter(t *testing.T) {
	t.Parallel()
	for want, ring := range map[string]*slot.Ring{
		"":                    {},
		"orders":              {ServiceID: "orders"},
		"retry:payment-slots": {ServiceID: "orders", CoordinationKey: "retry:payment-slots"},
	} {
		c := &counter{}
		ring.Counter = c
		if _, err := ring.Reserve(t.Context(), target, failed); err != nil || len(c.names) != 1 || c.names[0] != want {
			t.Errorf("counted at %q, %v, want %q", c.names, err, want)
		}
	}
}

// A herd that was told to come back in five seconds comes after that, and not as one.
func TestRingSpreadsHints(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const hint, callers = 5 * time.Second, 100
		plan := &slot.Plan{Pacer: &slot.Ring{}}
		slots := map[time.Duration]int{}
		for range callers {
			turn, err := plan.Next(t.Context(), target, rejected, hint)
			if err != nil {
				t.Fatal(err)
			}
			if turn.Delay < hint {
				t.Errorf("a turn in %v", turn.Delay)
			}
			slots[(turn.Delay-hint)/slot.DefaultRingWidth]++
		}
		for n, in := range slots {
			if in != callers/slot.DefaultRingCount {
				t.Errorf("%d of %d callers in slot %d", in, callers, n)
			}
		}
	})
}

// slowCounter answers when it is told to.
type slowCounter struct {
	asked  atomic.Int64
	answer chan error
}

func (c *slowCounter) Next(context.Context, string) (int64, error) {
	return c.asked.Add(1), <-c.answer
}

// A counter that failed is tried again by one caller, for which the others do not wait.
func TestRingTriesOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &slowCounter{answer: make(chan error, 1)}
		ring := &slot.Ring{Counter: c}
		c.answer <- errDown
		if _, err := ring.Reserve(t.Context(), target, failed); !errors.Is(err, errDown) {
			t.Fatalf("Reserve = %v, want %v", err, errDown)
		}
		time.Sleep(time.Second)
		tried := make(chan error)
		go func() {
			_, err := ring.Reserve(t.Context(), target, failed)
			tried <- err
		}()
		synctest.Wait()
		if _, err := ring.Reserve(t.Context(), target, failed); !errors.Is(err, slot.ErrUnavailable) {
			t.Errorf("Reserve during the try = %v, want ErrUnavailable", err)
		}
		c.answer <- nil
		if err := <-tried; err != nil || c.asked.Load() != 2 {
			t.Errorf("Reserve = %v, the counter was asked %d times, want twice", err, c.asked.Load())
		}
	})
}

// A counter that fails is left alone for a while.
func TestRingWithoutCounter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &counter{err: errDown}
		ring := &slot.Ring{Counter: c}
		for range 100 {
			if _, err := ring.Reserve(t.Context(), target, failed); !errors.Is(err, slot.ErrUnavailable) || !errors.Is(err, errDown) {
				t.Fatalf("Reserve = %v, want ErrUnavailable and %v", err, errDown)
			}
		}
		if len(c.names) != 1 {
			t.Errorf("asked %d times at once, want once", len(c.names))
		}
		c.err = nil
		time.Sleep(time.Second)
		if _, err := ring.Reserve(t.Context(), target, failed); err != nil {
			t.Errorf("Reserve when the counter is back: %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := ring.Reserve(ctx, target, failed); !errors.Is(err, context.Canceled) || errors.Is(err, slot.ErrUnavailable) {
			t.Errorf("Reserve of one who left = %v, want its cause alone", err)
		}
		if _, err := ring.Reserve(t.Context(), target, failed); err != nil {
			t.Errorf("Reserve after somebody left: %v", err)
		}
	})
}
