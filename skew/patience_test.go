package skew_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/skew"
	"github.com/goaroundhq/goaround/skew/skewtest"
)

// A source is asked no more often than it wants, whoever asks.
func TestSourcesAreLeftAlone(t *testing.T) {
	t.Parallel()
	day := 24 * time.Hour
	answer := func(err error) func(context.Context, int) (time.Duration, error) {
		return func(context.Context, int) (time.Duration, error) { return 0, err }
	}
	for _, tt := range []struct {
		name     string
		interval time.Duration
		answer   func(context.Context, int) (time.Duration, error)
		least    int
		most     int
	}{
		{"good", 30 * time.Minute, nil, 40, 49},
		{"good, longer than the clock's interval", 6 * time.Hour, nil, 4, 5},
		{"silent", 30 * time.Minute, answer(context.DeadlineExceeded), 30, 60},
		{"silent, and could be asked each second", time.Second, answer(context.DeadlineExceeded), 60, 110},
		{"refuses always", 30 * time.Minute, answer(&skew.Refusal{Code: "RATE"}), 5, 6}, // 1, 2, 4, 8, 16 hours
		{"refuses, and says for how long", time.Second, answer(&skew.Refusal{Code: "RATE", Retry: 5 * time.Hour}), 5, 5},
		{"refuses for a year", time.Second, answer(&skew.Refusal{Code: "RATE", Retry: 365 * day}), 1, 1},
		{"denies", time.Second, answer(&skew.Refusal{Code: "DENY", Never: true}), 1, 1},
		{"not synchronized", 30 * time.Minute, answer(skew.ErrUnsynchronized), 30, 60},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				source := &skewtest.Source{Label: "ntp", Interval: tt.interval, Radius: ms, Answer: tt.answer}
				c := skew.New(skew.WithSources(source))
				ctx, cancel := context.WithTimeout(t.Context(), day)
				defer cancel()
				go run(ctx, t, c)
				for ctx.Err() == nil { // who syncs by hand changes nothing
					_, _ = c.Sync(ctx)
					time.Sleep(time.Minute)
				}
				synctest.Wait()
				if n := source.Measured(); n < tt.least || n > tt.most {
					t.Errorf("asked %d times in a day, want %d to %d", n, tt.least, tt.most)
				}
			})
		})
	}
}

// The answer of a source that asks to slow down counts on; that of one that denies does not.
func TestAnswerBeforeARefusal(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]int{"RATE": 2, "DENY": 1} {
		synctest.Test(t, func(t *testing.T) {
			source := &skewtest.Source{Label: "ntp", Interval: time.Minute, Radius: ms, Answer: func(_ context.Context, n int) (time.Duration, error) {
				if n > 1 {
					return 0, &skew.Refusal{Code: code, Never: code == "DENY"}
				}
				return 0, nil
			}}
			c := skew.New(skew.WithSources(source, good("b", ms)))
			for _, voting := range []int{2, want} {
				if report, err := c.Sync(t.Context()); err != nil || report.Voting != voting {
					t.Errorf("%s: %d votes, want %d; %v", code, report.Voting, voting, err)
				}
				time.Sleep(time.Minute)
			}
		})
	}
}

// A source that costs nothing is always due; that makes no busy loop when rounds fail.
func TestFailedRoundsPause(t *testing.T) {
	t.Parallel()
	const hourly = 30 * time.Minute
	for name, opts := range map[string][]skew.Option{
		"one against one": {skew.WithSources(skew.Fixed(0, ms), &skewtest.Source{Label: "ntp", Interval: hourly, Radius: ms, Answer: func(context.Context, int) (time.Duration, error) { return time.Hour, nil }})},
		"too few":         {skew.WithMinAgreeing(2), skew.WithSources(skew.Fixed(0, ms), &skewtest.Source{Label: "ntp", Interval: hourly, Answer: func(context.Context, int) (time.Duration, error) { return 0, errDown }})},
		"flapping":        {skew.WithUncertainty(ms), skew.WithSources(&skewtest.Source{Label: "flapping", Answer: func(_ context.Context, n int) (time.Duration, error) { return time.Duration(n%2*2-1) * time.Hour, nil }})},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				rounds := 0
				c := skew.New(append(opts, skew.WithObserver(skew.Observer{Synced: func(_ context.Context, r skew.Report) {
					if rounds++; r.Err == nil {
						t.Errorf("round %d did not fail", rounds)
					}
				}}))...)
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				run(ctx, t, c)
				if rounds < 5 || rounds > 30 {
					t.Errorf("%d rounds in an hour", rounds)
				}
			})
		})
	}
}

// A round that succeeds ends the growth of pauses.
func TestPausesBeginAnew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const success = 10 // the round that succeeds
		var rounds []time.Time
		turncoat := &skewtest.Source{Label: "b", Radius: ms, Answer: func(_ context.Context, n int) (time.Duration, error) {
			if n == success {
				return 0, nil
			}
			return time.Hour, nil
		}}
		c := skew.New(skew.WithSources(skew.Fixed(0, ms), turncoat), skew.WithObserver(skew.Observer{Synced: func(_ context.Context, r skew.Report) {
			if rounds = append(rounds, time.Now()); (r.Err == nil) != (len(rounds) == success) {
				t.Errorf("round %d: %v", len(rounds), r.Err)
			}
		}}))
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Hour)
		defer cancel()
		run(ctx, t, c)
		if len(rounds) < success+3 {
			t.Fatalf("%d rounds", len(rounds))
		}
		pause := func(i int) time.Duration { return rounds[i].Sub(rounds[i-1]) }
		if pause(1) > 2*time.Second || pause(success-1) < time.Minute || pause(success+1) > 2*time.Second {
			t.Errorf("pauses %v, %v, and %v after a success", pause(1), pause(success-1), pause(success+1))
		}
	})
}

// After a long outage the first answers, if they are surprising, are confirmed soon.
func TestConfirmationDoesNotWaitForAnOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var back atomic.Bool
		source := &skewtest.Source{Label: "ntp", Radius: ms, Interval: time.Minute, Answer: func(context.Context, int) (time.Duration, error) {
			if !back.Load() {
				return 0, errDown
			}
			return 0, nil
		}}
		machine := wrongBy(-30 * 365 * 24 * time.Hour)
		var surprised, known time.Time
		c := skew.New(skew.WithSystem(machine), skew.WithSources(source), skew.WithObserver(skew.Observer{Synced: func(_ context.Context, r skew.Report) {
			switch {
			case errors.Is(r.Err, skew.ErrUnconfirmed):
				surprised = time.Now()
			case r.Err == nil && known.IsZero():
				known = time.Now()
			}
		}}))
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go run(ctx, t, c)
		time.Sleep(24 * time.Hour)
		back.Store(true)
		time.Sleep(time.Hour)
		synctest.Wait()
		if wait := known.Sub(surprised); surprised.IsZero() || wait < time.Second || wait > 5*time.Second {
			t.Errorf("it took %v from the first answer to the second", wait)
		}
		expectTruth(t, c)
	})
}
