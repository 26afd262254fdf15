package skew_test

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/skew"
	"github.com/goaroundhq/goaround/skew/skewtest"
)

// wrongBy is a machine whose clock is off.
func wrongBy(d time.Duration) *skewtest.Machine {
	m := &skewtest.Machine{}
	m.Read()
	m.Step(d)
	return m
}

// A store answers somewhere between question and answer.
func TestStoreTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const grain = time.Millisecond
		for range 200 {
			store := skew.StoreTime("redis", grain, func(context.Context) (time.Time, error) {
				time.Sleep(rand.N(50 * time.Millisecond))
				told := time.Now().Truncate(grain)
				time.Sleep(rand.N(50 * time.Millisecond))
				return told, nil
			})
			c := skew.New(skew.WithSystem(wrongBy(time.Hour)), skew.WithSources(store))
			if _, err := c.Sync(t.Context()); err != nil {
				t.Fatal(err)
			}
			if u := expectTruth(t, c).Uncertainty(); u > 51*time.Millisecond {
				t.Errorf("bound %v", u)
			}
		}
		broken := skew.StoreTime("redis", grain, func(context.Context) (time.Time, error) { return time.Time{}, errDown })
		if _, err := skew.New(skew.WithSources(broken)).Sync(t.Context()); !errors.Is(err, errDown) || !errors.Is(err, skew.ErrTooFew) {
			t.Errorf("error = %v", err)
		}
	})
}

// A fixed source speaks of the operating system's clock, wherever that is set to.
func TestFixed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		machine := &skewtest.Machine{}
		c := skew.New(skew.WithSystem(machine), skew.WithSources(skew.Fixed(time.Minute, time.Second)))
		machine.Step(-time.Minute)
		if _, err := c.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		if u := expectTruth(t, c).Uncertainty(); u < time.Second || u > time.Second+time.Microsecond {
			t.Errorf("bound %v", u)
		}
		if c.Offset() != time.Minute {
			t.Errorf("Offset = %v", c.Offset())
		}
	})
}

// The kernel knows the bound of its clock, or that it has none; elsewhere it cannot say.
func TestKernel(t *testing.T) {
	t.Parallel()
	local := skew.NewLocal(nil)
	s, err := skew.Kernel().Measure(t.Context(), local)
	switch {
	case runtime.GOOS != "linux":
		if !errors.Is(err, skew.ErrNotSupported) {
			t.Errorf("error = %v, want ErrNotSupported", err)
		}
	case err != nil:
		if !errors.Is(err, skew.ErrUnsynchronized) {
			t.Errorf("error = %v, want ErrUnsynchronized where nobody disciplines the clock", err)
		}
	case s.Low >= s.High || s.Low > 0 || s.High < 0:
		t.Errorf("[%v, %v]", s.Low, s.High)
	}
}

func TestWaitUntilAfter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		machine := wrongBy(-time.Hour)
		machine.Drift(50)
		c := skew.New(skew.WithSystem(machine), skew.WithSources(good("ntp", 100*time.Millisecond)))
		if err := c.WaitUntilAfter(t.Context(), time.Now()); !errors.Is(err, skew.ErrUnbounded) {
			t.Errorf("error = %v, want ErrUnbounded", err)
		}
		if _, err := c.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, ahead := range []time.Duration{-time.Hour, 0, time.Second, time.Hour} {
			start := time.Now()
			at := start.Add(ahead)
			if err := c.WaitUntilAfter(t.Context(), at); err != nil {
				t.Fatal(err)
			}
			if !time.Now().After(at) {
				t.Errorf("%v ahead: it is %v too early", ahead, time.Until(at))
			}
			if late := time.Since(at); ahead >= 0 && late > 202*time.Millisecond+ahead/5000 {
				t.Errorf("%v ahead: %v late", ahead, late)
			}
			if ahead < 0 && time.Since(start) != 0 {
				t.Errorf("waited %v for the past", time.Since(start))
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := c.WaitUntilAfter(ctx, time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error = %v", err)
		}
		if err := c.WaitUntilAfter(ctx, time.Time{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error = %v from a context that has ended", err)
		}
	})
}

func TestTimeSync(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		source := &skewtest.Source{Label: "ntp", Answer: func(_ context.Context, n int) (time.Duration, error) {
			if n == 1 {
				return 0, errDown
			}
			return 0, nil
		}}
		machine := wrongBy(-5 * time.Second)
		ts := skew.TimeSync{Clock: skew.New(skew.WithSystem(machine), skew.WithSources(source))}
		ts.Sync(t.Context()) // fails
		if wall, _ := machine.Read(); ts.Offset() != 0 || !ts.LastSync().IsZero() || !ts.AdjustedTime().Equal(wall) {
			t.Errorf("offset %v, last sync %v, time %v after a failure", ts.Offset(), ts.LastSync(), ts.AdjustedTime())
		}
		ts.Sync(t.Context())
		if now := time.Now(); ts.Offset() != 5*time.Second || !ts.LastSync().Equal(now) || !ts.AdjustedTime().Equal(now) {
			t.Errorf("offset %v, last sync %v, time %v", ts.Offset(), ts.LastSync(), ts.AdjustedTime())
		}
	})
}

func TestPadding(t *testing.T) {
	t.Parallel()
	second := func(int) time.Duration { return time.Second }
	const ten = 10 * time.Millisecond
	for _, tt := range []struct {
		name    string
		padding skew.Padding
		delay   func(int) time.Duration
		attempt int
		want    time.Duration
	}{
		{"first attempt", skew.UncertaintyPerAttempt(ten), second, 1, time.Second + ten},
		{"fifth attempt", skew.UncertaintyPerAttempt(ten), second, 5, time.Second + 5*ten},
		{"no attempt", skew.UncertaintyPerAttempt(ten), second, 0, time.Second},
		{"overflow", skew.UncertaintyPerAttempt(math.MaxInt64 / 2), second, 3, math.MaxInt64},
		{"negative delay", skew.UncertaintyPerAttempt(ten), func(int) time.Duration { return -1 }, 1, ten},
		{"measured", skew.MeasuredUncertainty(skew.New(skew.WithUncertainty(2*ten)), time.Second), second, 7, time.Second + 2*ten},
		{"measured, and too much", skew.MeasuredUncertainty(skew.New(skew.WithUncertainty(time.Hour)), ten), second, 7, time.Second + ten},
		{"not measured", skew.MeasuredUncertainty(nil, time.Second), second, 7, time.Second},
	} {
		if got := tt.padding.Pad(tt.delay)(tt.attempt); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}
