package skew_test

import (
	"context"
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
