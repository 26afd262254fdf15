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

// A round that is cancelled changes nothing, and who was cut short was silent.
func TestSyncCancelledInTheMiddle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		silent := &skewtest.Source{Label: "silent", Interval: time.Hour, Answer: untilTheEnd}
		reports := 0
		c := skew.New(skew.WithSources(silent, good("b", ms)),
			skew.WithObserver(skew.Observer{Synced: func(context.Context, skew.Report) { reports++ }}))
		cause := errors.New("shutting down")
		for range 100 {
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(time.Second, func() { cancel(cause) })
			waiting := make(chan error)
			go func() { // a round that waits for its turn leaves, too
				time.Sleep(ms)
				_, err := c.Sync(ctx)
				waiting <- err
			}()
			_, err := c.Sync(ctx)
			if err != nil && !errors.Is(err, cause) {
				t.Errorf("error = %v", err)
			}
			if err := <-waiting; err != nil && !errors.Is(err, cause) {
				t.Errorf("error = %v", err)
			}
			if silent.Measured() == 1 && (err == nil || c.Read().Status != skew.Unknown || reports != 0) {
				t.Errorf("error %v, status %v, %d reports", err, c.Read().Status, reports)
			}
			time.Sleep(time.Minute)
		}
		if n := silent.Measured(); n < 4 || n > 10 {
			t.Errorf("asked %d times in 100 minutes, want less and less", n)
		}
	})
}

// untilTheEnd is silent.
func untilTheEnd(ctx context.Context, _ int) (time.Duration, error) {
	<-ctx.Done()
	return 0, ctx.Err()
}

// When the context's deadline passes, the answers that came count.
func TestDeadlineInTheMiddle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		silent := &skewtest.Source{Label: "silent", Interval: time.Second, Answer: untilTheEnd}
		rude := &skewtest.Source{Label: "rude", Interval: time.Second, Answer: func(ctx context.Context, _ int) (time.Duration, error) {
			<-ctx.Done()
			return 0, errDown
		}}
		c := skew.New(skew.WithSources(good("a", ms), silent, rude))
		for range 20 {
			asked := silent.Measured()
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			report, err := c.Sync(ctx)
			cancel()
			if err != nil || report.Agreeing != 1 {
				t.Fatalf("%d agree, %v", report.Agreeing, err)
			}
			want := skew.Waiting
			if silent.Measured() > asked {
				want = skew.Timeout
			}
			for _, s := range report.Sources[1:] {
				if s.Result != want {
					t.Errorf("%s: %q, want %q", s.Source, s.Result, want)
				}
			}
			expectTruth(t, c)
			time.Sleep(20 * time.Second)
		}
		asked := silent.Measured()
		ended, cancel := context.WithDeadline(t.Context(), time.Now())
		defer cancel()
		time.Sleep(time.Hour)
		if _, err := c.Sync(ended); !errors.Is(err, context.DeadlineExceeded) || silent.Measured() != asked {
			t.Errorf("error = %v, asked %d times by a context that had ended", err, silent.Measured()-asked)
		}
	})
}

// Who calls with little patience asks no more often than others.
func TestShortContextsLeaveSourcesAlone(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]error{
		"silent":               context.DeadlineExceeded,
		"refused, then silent": &skew.Refusal{Code: "RATE", Retry: 17 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				source := &skewtest.Source{Label: "ntp", Interval: 30 * time.Minute, Answer: func(ctx context.Context, n int) (time.Duration, error) {
					if n == 1 {
						return 0, first
					}
					return untilTheEnd(ctx, n)
				}}
				c := skew.New(skew.WithSources(source))
				for start := time.Now(); time.Since(start) < 24*time.Hour; time.Sleep(10 * time.Second) {
					ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
					_, _ = c.Sync(ctx)
					cancel()
				}
				most := 60
				if errors.As(first, new(*skew.Refusal)) {
					most = 25 // it asked for an hour
				}
				if n := source.Measured(); n < 10 || n > most {
					t.Errorf("asked %d times in a day, want at most %d", n, most)
				}
			})
		})
	}
}

// A refusal counts, however little time was left to hear it.
func TestRefusalAtTheDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		source := &skewtest.Source{Label: "ntp", Interval: time.Second, Answer: func(ctx context.Context, _ int) (time.Duration, error) {
			<-ctx.Done()
			return 0, &skew.Refusal{Code: "DENY", Never: true}
		}}
		c := skew.New(skew.WithSources(source))
		for range 10 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			_, _ = c.Sync(ctx)
			cancel()
			time.Sleep(time.Hour)
		}
		if n := source.Measured(); n != 1 {
			t.Errorf("asked %d times", n)
		}
	})
}
