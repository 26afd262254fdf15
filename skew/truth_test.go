package skew_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/skew"
	"github.com/goaroundhq/goaround/skew/skewtest"
)

var errDown = errors.New("down")

// expectTruth fails when the true time, which is the bubble's, is outside of the reading.
func expectTruth(t *testing.T, c *skew.Clock) skew.Reading {
	t.Helper()
	r := c.Read()
	if truth := time.Now(); r.SurelyAfter(truth) || r.SurelyBefore(truth) {
		t.Fatalf("%v: the truth is outside of the reading, by %v or %v: %+v",
			truth, r.Earliest.Sub(truth), truth.Sub(r.Latest), r)
	}
	return r
}

// run runs the clock until the context ends.
func run(ctx context.Context, t *testing.T, c *skew.Clock) {
	if err := c.Run(ctx); !errors.Is(err, context.Cause(ctx)) {
		t.Errorf("Run: %v", err)
	}
}

// good is a source that tells the truth, to within radius.
func good(name string, radius time.Duration) *skewtest.Source {
	return &skewtest.Source{Label: name, Radius: radius}
}

// liar is one whose answers are off.
func liar(name string, lie time.Duration) *skewtest.Source {
	return &skewtest.Source{Label: name, Radius: time.Millisecond, Answer: func(context.Context, int) (time.Duration, error) { return lie, nil }}
}

func down(name string, err error) *skewtest.Source {
	return &skewtest.Source{Label: name, Answer: func(context.Context, int) (time.Duration, error) { return 0, err }}
}

// Whatever the local clock, the width of answers and the lies: as long as fewer than half
// of those who answer lie, the truth is in the reading.
func TestTruthIsInEveryReading(t *testing.T) {
	t.Parallel()
	for seed := range uint64(150) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { anyClock(t, rand.New(rand.NewPCG(seed, 1))) })
		})
	}
}

func anyClock(t *testing.T, rnd *rand.Rand) {
	machine := &skewtest.Machine{}
	machine.Read()
	machine.Step(time.Duration(rnd.NormFloat64() * float64(time.Minute)))
	machine.Drift(rnd.IntN(101) - 50)
	n := 1 + rnd.IntN(7)
	liars := (n - 1) / 2
	var sources []skew.Source
	for i := range n {
		radius := time.Duration(rnd.ExpFloat64() * float64(50*time.Millisecond))
		s := &skewtest.Source{Label: fmt.Sprint(i), Radius: radius + 1}
		own := rand.New(rand.NewPCG(rnd.Uint64(), 1)) // sources are asked at the same time
		most := radius + 1                            // the truth is anywhere in the answer
		lies := i < liars
		if lies {
			most = []time.Duration{2 * radius, time.Hour}[rnd.IntN(2)] + 1
		}
		s.Answer = func(context.Context, int) (time.Duration, error) {
			if lies && own.IntN(10) == 0 {
				return 0, errDown
			}
			return time.Duration(own.Int64N(int64(2*most))) - most, nil
		}
		sources = append(sources, s)
	}
	c := skew.New(skew.WithSources(sources...), skew.WithSystem(machine))
	for range 50 {
		_, err := c.Sync(t.Context())
		if c.Read().Status != skew.Unknown {
			expectTruth(t, c)
		} else if err == nil {
			t.Error("synced, and still Unknown")
		}
		time.Sleep(time.Duration(rnd.ExpFloat64() * float64(time.Minute)))
		if c.Read().Status != skew.Unknown {
			expectTruth(t, c)
		}
	}
}

// A week of a clock that drifts as fast as is allowed: it never leaves the interval, synced
// every half hour or only once.
func TestWeekOfDrift(t *testing.T) {
	t.Parallel()
	for _, ppm := range []int{skew.DefaultMaxDrift, -skew.DefaultMaxDrift} {
		for _, syncs := range []bool{true, false} {
			t.Run(fmt.Sprintf("%d ppm, synced %t", ppm, syncs), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { weekOfDrift(t, ppm, syncs) })
			})
		}
	}
}

func weekOfDrift(t *testing.T, ppm int, syncs bool) {
	machine := &skewtest.Machine{}
	machine.Drift(ppm)
	source := good("ntp", time.Millisecond)
	c := skew.New(skew.WithSources(source), skew.WithSystem(machine))
	if _, err := c.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if syncs {
		go run(ctx, t, c)
	}
	var widest time.Duration
	for range 7 * 24 * 60 {
		time.Sleep(time.Minute)
		if r := expectTruth(t, c); r.Status != skew.Bounded {
			t.Fatalf("status %v", r.Status)
		}
		widest = max(widest, c.Read().Uncertainty())
	}
	rate := float64(skew.DefaultMaxDrift) / 1e6
	limit := time.Millisecond + time.Duration(rate*float64(7*24*time.Hour)*1.001)
	if syncs {
		limit = time.Millisecond + time.Duration(rate*float64(skew.DefaultInterval*9/8+time.Minute)*1.001)
	}
	if widest > limit {
		t.Errorf("the interval became %v wide, want at most %v", widest, limit)
	}
	t.Logf("at most ±%v, after %d rounds", widest, source.Measured())
}

// A clock that drifts faster than was said leaves the interval: the test above tests.
func TestDriftBeyondTheBoundIsSeen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		machine := &skewtest.Machine{}
		machine.Drift(2 * skew.DefaultMaxDrift)
		c := skew.New(skew.WithSources(good("ntp", time.Millisecond)), skew.WithSystem(machine))
		if _, err := c.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if r := c.Read(); !r.SurelyAfter(time.Now()) {
			t.Errorf("a clock 180 ms fast is bounded by %v", r.Uncertainty())
		}
		// The next rounds contradict what is known: the second one is believed.
		if _, err := c.Sync(t.Context()); !errors.Is(err, skew.ErrUnconfirmed) {
			t.Errorf("error = %v, want ErrUnconfirmed", err)
		}
		if s := c.Read().Status; s != skew.Disagree {
			t.Errorf("status %v", s)
		}
		if _, err := c.Sync(t.Context()); err != nil {
			t.Error(err)
		}
		expectTruth(t, c)
	})
}
