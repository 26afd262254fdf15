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
