package skew_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/skew"
	"github.com/goaroundhq/goaround/skew/skewtest"
)

// The machine's clock is wrong, the clock learns that, and somebody else sets the machine's
// clock. The correction must not be made twice.
func TestStepsAreNotFollowed(t *testing.T) {
	t.Parallel()
	const ten = 10 * time.Minute
	for _, tt := range []struct {
		name   string
		steps  []time.Duration
		status skew.Status
		offset time.Duration // of the machine's clock, in the end; it begins ten minutes slow
	}{
		{"none", nil, skew.Bounded, ten},
		{"repaired", []time.Duration{ten}, skew.Disrupted, 0},
		{"made worse", []time.Duration{-ten}, skew.Disrupted, 2 * ten},
		{"there and back", []time.Duration{ten, -ten}, skew.Bounded, ten},
		{"in pieces", []time.Duration{time.Minute, 9 * time.Minute}, skew.Disrupted, 0},
		{"too small to be called a jump", []time.Duration{90 * time.Millisecond}, skew.Bounded, ten - 90*time.Millisecond},
		{"back by a leap second", []time.Duration{-time.Second}, skew.Disrupted, ten + time.Second},
		{"to before 1970", []time.Duration{-40 * 365 * 24 * time.Hour}, skew.Disrupted, ten + 40*365*24*time.Hour},
		{"to after 2100", []time.Duration{110 * 365 * 24 * time.Hour}, skew.Disrupted, ten - 110*365*24*time.Hour},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				machine := &skewtest.Machine{}
				machine.Read()
				machine.Step(-ten)
				c := skew.New(skew.WithSources(good("ntp", time.Millisecond)), skew.WithSystem(machine))
				if _, err := c.Sync(t.Context()); err != nil {
					t.Fatal(err)
				}
				for _, step := range tt.steps {
					time.Sleep(time.Second)
					machine.Step(step)
					if r := expectTruth(t, c); r.Uncertainty() > 2*time.Millisecond {
						t.Errorf("bound %v after a step", r.Uncertainty())
					}
				}
				if s := c.Read().Status; s != tt.status {
					t.Errorf("status %v, want %v", s, tt.status)
				}
				if got := c.Offset(); got != tt.offset {
					t.Errorf("Offset = %v, want %v", got, tt.offset)
				}
				report, err := c.Sync(t.Context())
				if err != nil || report.Status != skew.Bounded || report.Offset != tt.offset {
					t.Errorf("after the next round: %v, offset %v, %v", report.Status, report.Offset, err)
				}
				expectTruth(t, c)
			})
		})
	}
}

// The monotonic clock stands still while the machine sleeps.
func TestSleepOfTheMachine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		machine := &skewtest.Machine{}
		source := good("ntp", time.Millisecond)
		source.Interval = time.Hour
		c := skew.New(skew.WithSources(source), skew.WithSystem(machine))
		if _, err := c.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		machine.Sleep(func() { time.Sleep(20 * time.Minute) })
		if r := expectTruth(t, c); r.Status != skew.Disrupted {
			t.Errorf("status %v, want disrupted", r.Status)
		}
		report, err := c.Sync(t.Context())
		if err != nil || report.Sources[0].Result != skew.OK || report.Jump != 20*time.Minute {
			t.Errorf("result %v, jump %v, error %v: the source must be asked again, and believed", report.Sources[0].Result, report.Jump, err)
		}
		if r := expectTruth(t, c); r.Status != skew.Bounded || r.Uncertainty() > 2*time.Millisecond {
			t.Errorf("%v, bound %v", r.Status, r.Uncertainty())
		}
	})
}

// Answers from before a sleep have no vote, even when their sources may not be asked again.
func TestSleepForgetsAnswers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		machine := &skewtest.Machine{}
		source := good("ntp", time.Millisecond)
		source.Interval = 24 * time.Hour
		c := skew.New(skew.WithSources(source), skew.WithSystem(machine))
		want := []error{nil, nil, skew.ErrTooFew} // in turn, out of turn, not again
		for _, err := range want {
			if _, got := c.Sync(t.Context()); !errors.Is(got, err) {
				t.Errorf("error = %v, want %v", got, err)
			}
			machine.Sleep(func() { time.Sleep(20 * time.Minute) })
			expectTruth(t, c)
		}
	})
}

// Nothing makes a source that refused be asked sooner than it said.
func TestJumpDoesNotOverruleARefusal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		machine := &skewtest.Machine{}
		source := &skewtest.Source{Label: "ntp", Interval: time.Minute, Answer: func(context.Context, int) (time.Duration, error) {
			return 0, &skew.Refusal{Code: "RATE", Retry: time.Hour}
		}}
		c := skew.New(skew.WithSources(source), skew.WithSystem(machine))
		for range 50 {
			_, _ = c.Sync(t.Context()) // fails
			machine.Step(time.Hour)
			time.Sleep(time.Minute)
		}
		if source.Measured() != 1 {
			t.Errorf("asked %d times in an hour", source.Measured())
		}
	})
}

// sleepless is a machine that does not know how long it slept, such as one without Linux.
type sleepless struct{ *skewtest.Machine }

func (sleepless) Suspended() (time.Duration, bool) { return 0, false }

func TestSleepThatNobodyCounts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		machine := &skewtest.Machine{}
		c := skew.New(skew.WithSources(good("a", time.Millisecond), good("b", time.Millisecond)), skew.WithSystem(sleepless{machine}))
		if _, err := c.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		machine.Sleep(func() { time.Sleep(20 * time.Minute) })
		if s := c.Read().Status; s != skew.Disrupted {
			t.Errorf("status %v, want disrupted", s)
		}
		if _, err := c.Sync(t.Context()); err != nil { // no contradiction: it may have slept
			t.Error(err)
		}
		if r := expectTruth(t, c); r.Status != skew.Bounded {
			t.Errorf("status %v", r.Status)
		}
	})
}

// Who reads the clock after a jump wakes Run, which asks once out of turn.
func TestJumpWakesRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		machine := &skewtest.Machine{}
		source := good("ntp", time.Millisecond)
		source.Interval = time.Hour
		c := skew.New(skew.WithSources(source), skew.WithSystem(machine))
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go run(ctx, t, c)
		synctest.Wait()
		time.Sleep(time.Minute)
		for range 5 { // a clock that somebody sets again and again
			machine.Step(time.Minute)
			for range 1000 {
				expectTruth(t, c)
			}
			synctest.Wait()
			if s := c.Read().Status; s != skew.Bounded {
				t.Errorf("status %v after Run was woken", s)
			}
		}
		if n := source.Measured(); n != 2 {
			t.Errorf("asked %d times, want once in turn and once out of turn", n)
		}
	})
}

// What was measured before the machine slept, in the middle of a round, is late by that.
func TestSleepInTheMiddleOfARound(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		machine := &skewtest.Machine{}
		slow := &skewtest.Source{Label: "slow", Interval: time.Hour, Answer: func(ctx context.Context, n int) (time.Duration, error) {
			if n == 1 {
				time.Sleep(time.Second)
				machine.Sleep(func() { time.Sleep(time.Hour) })
			}
			return untilTheEnd(ctx, n)
		}}
		results := make([]skew.Result, 0, 3)
		c := skew.New(skew.WithSystem(machine), skew.WithSources(good("a", time.Millisecond), good("b", time.Millisecond), slow),
			skew.WithObserver(skew.Observer{Synced: func(_ context.Context, r skew.Report) { results = append(results, r.Sources[0].Result) }}))
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go run(ctx, t, c)
		time.Sleep(time.Hour)
		for range 120 {
			time.Sleep(time.Minute)
			if r := expectTruth(t, c); r.Status != skew.Bounded {
				t.Fatalf("status %v", r.Status)
			}
		}
		synctest.Wait()
		if len(results) < 2 || results[0] != skew.Waiting || results[1] != skew.OK {
			t.Errorf("results %q: the first answer must not count", results)
		}
	})
}

// A sleep that was seen is not forgotten when somebody sets the operating system's clock back
// to where it was, which hides the jump.
func TestSleepBehindAStepBack(t *testing.T) {
	t.Parallel()
	for _, disagree := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			machine := &skewtest.Machine{}
			turncoat := &skewtest.Source{Label: "b", Radius: time.Millisecond, Answer: func(_ context.Context, n int) (time.Duration, error) {
				return time.Duration(n-1) * time.Minute, nil
			}}
			c := skew.New(skew.WithSources(good("a", time.Millisecond), turncoat), skew.WithSystem(machine))
			if _, err := c.Sync(t.Context()); err != nil {
				t.Fatal(err)
			}
			machine.Sleep(func() { time.Sleep(time.Hour) })
			expectTruth(t, c)
			machine.Step(-time.Hour)
			if disagree {
				if _, err := c.Sync(t.Context()); !errors.Is(err, skew.ErrDisagree) {
					t.Errorf("error = %v, want ErrDisagree", err)
				}
			}
			if r := expectTruth(t, c); r.Status != skew.Disrupted {
				t.Errorf("status %v, want disrupted", r.Status)
			}
		})
	}
}

// A source that answered after a refusal is asked out of turn again, once.
func TestJumpAfterARefusalIsOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		machine := &skewtest.Machine{}
		source := &skewtest.Source{Label: "ntp", Interval: time.Minute, Answer: func(_ context.Context, n int) (time.Duration, error) {
			if n == 1 {
				return 0, &skew.Refusal{Code: "RATE"}
			}
			return 0, nil
		}}
		c := skew.New(skew.WithSources(source), skew.WithSystem(machine))
		for range 2 {
			_, _ = c.Sync(t.Context())
			time.Sleep(2 * time.Minute)
		}
		if _, err := c.Sync(t.Context()); err != nil || source.Measured() != 3 {
			t.Fatalf("asked %d times, %v", source.Measured(), err)
		}
		for range 3 {
			machine.Step(time.Hour)
			_, _ = c.Sync(t.Context())
		}
		if n := source.Measured(); n != 4 {
			t.Errorf("asked %d times, want once more for the jump", n)
		}
	})
}

// raw is a machine whose clocks show what they are told.
type raw struct {
	wall time.Time
	mono time.Duration
}

func (r *raw) Read() (time.Time, time.Duration) { return r.wall, r.mono }
func (r *raw) Suspended() (time.Duration, bool) { return 0, true }

func TestStrangeClocks(t *testing.T) {
	t.Parallel()
	const most = time.Duration(1<<63 - 1)
	start := time.Date(1965, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, later := range map[string]raw{
		"monotonic time overflows":     {start, most},
		"and wall time with it":        {start.Add(most), most},
		"monotonic time goes back":     {start, -time.Hour},
		"monotonic time underflows":    {start, -most},
		"wall time is the zero time":   {time.Time{}, time.Second},
		"wall time is far in the past": {time.Date(-200000, 1, 1, 0, 0, 0, 0, time.UTC), time.Second},
		"wall time is far ahead":       {time.Date(200000, 1, 1, 0, 0, 0, 0, time.UTC), time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			machine := &raw{wall: start}
			c := skew.New(skew.WithSystem(machine), skew.WithSources(skew.Fixed(0, time.Second)))
			if _, err := c.Sync(t.Context()); err != nil {
				t.Fatal(err)
			}
			*machine = later
			if r := c.Read(); r.Latest.Before(r.Earliest) || r.Status == skew.Unknown {
				t.Errorf("Read = %+v", r)
			}
			_, _ = c.Sync(t.Context()) // whatever it says
			if r := c.Read(); r.Latest.Before(r.Earliest) {
				t.Errorf("Read after Sync = %+v", r)
			}
		})
	}
}
