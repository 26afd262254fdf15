package skew_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/skew"
	"github.com/goaroundhq/goaround/skew/skewtest"
)

// What is known is kept while sources disagree, and grows.
func TestDisagreementKeepsTheReading(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		lies := false
		turncoat := &skewtest.Source{Label: "b", Radius: ms, Answer: func(context.Context, int) (time.Duration, error) {
			if lies {
				return 5 * time.Second, nil
			}
			return 0, nil
		}}
		machine := &skewtest.Machine{}
		machine.Drift(-40)
		c := skew.New(skew.WithSources(good("a", ms), turncoat), skew.WithSystem(machine))
		if _, err := c.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		first := c.LastSync()
		lies = true
		for range 24 {
			time.Sleep(time.Hour)
			if _, err := c.Sync(t.Context()); !errors.Is(err, skew.ErrDisagree) {
				t.Fatalf("error = %v", err)
			}
			if r := expectTruth(t, c); r.Status != skew.Disagree {
				t.Errorf("status %v", r.Status)
			}
		}
		if !c.LastSync().Round(time.Second).Equal(first.Round(time.Second)) {
			t.Errorf("LastSync moved from %v to %v", first, c.LastSync())
		}
		lies = false
		if _, err := c.Sync(t.Context()); err != nil {
			t.Error(err)
		}
		if r := expectTruth(t, c); r.Status != skew.Bounded || r.Uncertainty() > 2*ms {
			t.Errorf("%v, bound %v", r.Status, r.Uncertainty())
		}
	})
}

// An answer that says less than is known takes nothing away.
func TestWideAnswerKeepsTheNarrowOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		source := good("ntp", ms)
		c := skew.New(skew.WithSources(source))
		if _, err := c.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		source.Radius = time.Second // by way of a slow network, say
		time.Sleep(time.Minute)
		if _, err := c.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		if u := expectTruth(t, c).Uncertainty(); u > 5*ms {
			t.Errorf("bound %v", u)
		}
	})
}

// A silent source counts for a while, and not for ever.
func TestLastAnswerExpires(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		silent := &skewtest.Source{Label: "a", Radius: ms, Interval: time.Hour, Answer: func(_ context.Context, n int) (time.Duration, error) {
			if n > 1 {
				return 0, context.DeadlineExceeded
			}
			return 0, nil
		}}
		c := skew.New(skew.WithSources(silent, good("b", ms)))
		for range 6 {
			report, err := c.Sync(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			want := 2
			if time.Since(c.LastSync()) > time.Minute {
				t.Errorf("LastSync = %v", c.LastSync())
			}
			if silent.Measured() > 3 {
				want = 1
			}
			if report.Voting != want {
				t.Errorf("%d votes after it was asked %d times, want %d", report.Voting, silent.Measured(), want)
			}
			time.Sleep(65 * time.Minute)
		}
	})
}

// All servers gone for days: the reading widens and stays right; and when they are back,
// they are heard within minutes.
func TestServersGoneForDays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var gone atomic.Bool
		source := &skewtest.Source{Label: "ntp", Radius: ms, Interval: time.Minute, Answer: func(context.Context, int) (time.Duration, error) {
			if gone.Load() {
				return 0, context.DeadlineExceeded
			}
			return 0, nil
		}}
		machine := &skewtest.Machine{}
		machine.Drift(-skew.DefaultMaxDrift)
		var log bytes.Buffer
		c := skew.New(skew.WithSources(source), skew.WithSystem(machine), skew.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
		ctx, cancel := context.WithCancel(t.Context())
		go run(ctx, t, c)
		synctest.Wait()
		gone.Store(true)
		for range 5 * 24 {
			time.Sleep(time.Hour)
			if r := expectTruth(t, c); r.Status != skew.Bounded {
				t.Fatalf("status %v", r.Status)
			}
		}
		if u := c.Read().Uncertainty(); u < 21*time.Second || u > 22*time.Second {
			t.Errorf("bound %v after five days", u)
		}
		gone.Store(false)
		time.Sleep(20 * time.Minute)
		if u := expectTruth(t, c).Uncertainty(); u > 100*ms {
			t.Errorf("bound %v when the server is back", u)
		}
		cancel()
		synctest.Wait()
		if !strings.Contains(log.String(), "level=WARN") || !strings.Contains(log.String(), "too few sources") {
			t.Errorf("the log has no warning:\n%.500s", &log)
		}
	})
}

// A source that costs nothing is asked in each round; when it fails, the answers of others
// that are left alone for now are good enough.
func TestHeldAnswersCount(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		patient := good("ntp", ms)
		patient.Interval = 1<<63 - 1 // as long as can be
		c := skew.New(skew.WithSources(down("kernel", skew.ErrUnsynchronized), patient))
		for n := range 5 {
			report, err := c.Sync(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			want := []skew.Result{skew.Unsynchronized, skew.OK}
			if n > 0 {
				want[1] = skew.Held
			}
			for i, s := range report.Sources {
				if s.Result != want[i] {
					t.Errorf("round %d, %s: %q, want %q", n, s.Source, s.Result, want[i])
				}
			}
			if ago := c.Now().Sub(c.LastSync()).Round(time.Minute); ago != time.Duration(n)*time.Hour {
				t.Errorf("LastSync was %v ago in round %d", ago, n)
			}
			time.Sleep(time.Hour)
			expectTruth(t, c)
		}
		if patient.Measured() != 1 {
			t.Errorf("asked %d times", patient.Measured())
		}
	})
}
