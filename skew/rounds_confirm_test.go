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

// A lone liar cannot move a clock that knew better, however often it says so.
func TestLastServerStandingIsNotBelieved(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		alive := true
		mortal := func(name string) *skewtest.Source {
			return &skewtest.Source{Label: name, Radius: ms, Answer: func(context.Context, int) (time.Duration, error) {
				if !alive {
					return 0, errDown
				}
				return 0, nil
			}}
		}
		c := skew.New(skew.WithSources(mortal("a"), mortal("b"), liar("c", time.Hour)))
		if _, err := c.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		alive = false
		for range 100 {
			time.Sleep(time.Hour)
			if _, err := c.Sync(t.Context()); !errors.Is(err, skew.ErrUnconfirmed) {
				t.Fatalf("error = %v", err)
			}
			expectTruth(t, c)
		}
	})
}

// A clock that is wrong by more than is believed at once takes two rounds.
func TestFarOffsetIsConfirmed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		machine := &skewtest.Machine{}
		machine.Read()
		machine.Step(-30 * 365 * 24 * time.Hour) // a board without a battery
		source := good("ntp", ms)
		source.Interval = time.Hour
		c := skew.New(skew.WithSources(source), skew.WithSystem(machine))
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go run(ctx, t, c)
		synctest.Wait()
		if s := c.Read().Status; s != skew.Unknown {
			t.Errorf("status %v after one round", s)
		}
		time.Sleep(10 * time.Second)
		if r := expectTruth(t, c); r.Status != skew.Bounded || source.Measured() != 2 {
			t.Errorf("status %v after %d rounds", r.Status, source.Measured())
		}
	})
}

// Answers that change from round to round are never confirmed.
func TestFlappingIsNotBelieved(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		flapping := &skewtest.Source{Label: "a", Radius: ms, Answer: func(_ context.Context, n int) (time.Duration, error) {
			if n == 1 {
				return 0, nil
			}
			return time.Duration(n%2*2-1) * time.Hour, nil
		}}
		c := skew.New(skew.WithSources(flapping))
		if _, err := c.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		for range 50 {
			time.Sleep(time.Minute)
			if _, err := c.Sync(t.Context()); !errors.Is(err, skew.ErrUnconfirmed) {
				t.Fatalf("error = %v", err)
			}
			expectTruth(t, c)
		}
	})
}
