package skew_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/skew"
	"github.com/goaroundhq/goaround/skew/skewtest"
)

const (
	ms = time.Millisecond
	// ok and so on are short for the table.
	ok, outvoted, undecided = skew.OK, skew.Falseticker, skew.Undecided
)

func TestRound(t *testing.T) {
	t.Parallel()
	sameServer := func(name string) *skewtest.Source {
		return &skewtest.Source{Label: name, Radius: ms, Identity: "192.0.2.1:123"}
	}
	slow := &skewtest.Source{Label: "slow", Answer: func(ctx context.Context, _ int) (time.Duration, error) {
		<-ctx.Done()
		return 0, ctx.Err()
	}}
	for _, tt := range []struct {
		name    string
		sources []*skewtest.Source
		opts    []skew.Option
		want    []skew.Result
		voting  int
		err     error
		width   time.Duration // of the reading, when there is no error
	}{
		{"one", []*skewtest.Source{good("a", ms)}, nil, []skew.Result{ok}, 1, nil, 2 * ms},
		{"two", []*skewtest.Source{good("a", ms), good("b", 5*ms)}, nil, []skew.Result{ok, ok}, 2, nil, 2 * ms},
		{"two that touch", []*skewtest.Source{liar("a", 0), liar("b", 2*ms), liar("c", -2*ms)}, nil, []skew.Result{ok, ok, ok}, 3, nil, 2 * ms},
		{"one against one", []*skewtest.Source{good("a", ms), liar("b", time.Second)}, nil, []skew.Result{undecided, undecided}, 2, skew.ErrDisagree, 0},
		{"two against one", []*skewtest.Source{good("a", ms), liar("b", -time.Second), good("c", ms)}, nil, []skew.Result{ok, outvoted, ok}, 3, nil, 2 * ms},
		{"two against two", []*skewtest.Source{good("a", ms), good("b", ms), liar("c", time.Second), liar("d", time.Second)}, nil, []skew.Result{undecided, undecided, undecided, undecided}, 4, skew.ErrDisagree, 0},
		{"three against two", []*skewtest.Source{good("a", ms), good("b", ms), good("c", ms), liar("d", time.Second), liar("e", -time.Second)}, nil, []skew.Result{ok, ok, ok, outvoted, outvoted}, 5, nil, 2 * ms},
		{"a chain without a majority", []*skewtest.Source{liar("a", 0), liar("b", 3*ms/2), liar("c", 6*ms/2), liar("d", 9*ms/2), liar("e", 12*ms/2)}, nil, []skew.Result{undecided, undecided, undecided, undecided, undecided}, 5, skew.ErrDisagree, 0},
		{"a wide one cannot decide between two", []*skewtest.Source{good("a", time.Second), liar("b", 500*ms), liar("c", 0)}, nil, []skew.Result{ok, ok, ok}, 3, nil, 502 * ms},
		{"unsynchronized has no vote", []*skewtest.Source{good("a", ms), down("b", skew.ErrUnsynchronized)}, nil, []skew.Result{ok, skew.Unsynchronized}, 1, nil, 2 * ms},
		{"distant", []*skewtest.Source{good("a", ms), down("b", fmt.Errorf("far: %w", skew.ErrDistance))}, nil, []skew.Result{ok, skew.Distant}, 1, nil, 2 * ms},
		{"refused", []*skewtest.Source{good("a", ms), down("b", &skew.Refusal{Code: "DENY", Never: true})}, nil, []skew.Result{ok, skew.Refused}, 1, nil, 2 * ms},
		{"slow", []*skewtest.Source{good("a", ms), slow}, nil, []skew.Result{ok, skew.Timeout}, 1, nil, 2 * ms},
		{"no interval", []*skewtest.Source{good("a", ms), good("b", -ms)}, nil, []skew.Result{ok, skew.Failed}, 1, nil, 2 * ms},
		{"a thousand years off", []*skewtest.Source{good("a", ms), liar("b", 1<<63-1)}, nil, []skew.Result{ok, skew.Failed}, 1, nil, 2 * ms},
		{"all down", []*skewtest.Source{down("a", errDown), down("b", errDown)}, nil, []skew.Result{skew.Failed, skew.Failed}, 0, skew.ErrTooFew, 0},
		{"fewer than asked for", []*skewtest.Source{good("a", ms), down("b", errDown)}, []skew.Option{skew.WithMinAgreeing(2)}, []skew.Result{undecided, skew.Failed}, 1, skew.ErrTooFew, 0},
		{"three must agree", []*skewtest.Source{good("a", ms), good("b", ms), liar("c", time.Second)}, []skew.Option{skew.WithMinAgreeing(3)}, []skew.Result{undecided, undecided, undecided}, 3, skew.ErrDisagree, 0},
		{"one server under two names", []*skewtest.Source{sameServer("a"), sameServer("b"), liar("c", time.Second)}, nil, []skew.Result{undecided, skew.Duplicate, undecided}, 2, skew.ErrDisagree, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var sources []skew.Source
				for _, s := range tt.sources {
					sources = append(sources, s)
				}
				var seen skew.Report
				c := skew.New(append(tt.opts, skew.WithSources(sources...),
					skew.WithObserver(skew.Observer{Synced: func(_ context.Context, r skew.Report) { seen = r }}))...)
				report, err := c.Sync(t.Context())
				if !errors.Is(err, tt.err) || (err == nil) != (tt.err == nil) {
					t.Fatalf("error = %v, want %v", err, tt.err)
				}
				for i, s := range report.Sources {
					if s.Result != tt.want[i] {
						t.Errorf("%s: %q, want %q", s.Source, s.Result, tt.want[i])
					}
				}
				if report.Voting != tt.voting {
					t.Errorf("Voting = %d, want %d", report.Voting, tt.voting)
				}
				if len(seen.Sources) != len(report.Sources) || !errors.Is(seen.Err, tt.err) {
					t.Errorf("the observer saw %+v", seen)
				}
				r := c.Read()
				if err != nil {
					if r.Status != skew.Unknown || !c.LastSync().IsZero() {
						t.Errorf("a round that failed changed the clock: %+v", r)
					}
					return
				}
				expectTruth(t, c)
				if width := r.Latest.Sub(r.Earliest); width < tt.width || width > tt.width+ms {
					t.Errorf("width %v, want %v", width, tt.width)
				}
				if ago := r.Mid().Sub(c.LastSync()); ago < 0 || ago > skew.DefaultTimeout {
					t.Errorf("LastSync = %v", c.LastSync())
				}
			})
		})
	}
}

// More agreement than a majority can be asked for; it must not narrow the reading to what
// the liars among them say.
func TestMinAgreeingIsNoMajorityOfLiars(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		near := liar("liar", 15*ms)
		near.Radius = 10 * ms
		c := skew.New(skew.WithMinAgreeing(3), skew.WithSources(good("a", 10*ms), good("b", 10*ms), near))
		report, err := c.Sync(t.Context())
		if err != nil || report.Agreeing != 3 {
			t.Errorf("%d agree, %v", report.Agreeing, err)
		}
		expectTruth(t, c)
	})
}

// Nothing is too far off for a clock that believes everything.
func TestMaxOffsetWithoutEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		machine := &skewtest.Machine{}
		c := skew.New(skew.WithSystem(machine), skew.WithMaxOffset(1<<63-1), skew.WithSources(good("a", ms)))
		machine.Step(time.Nanosecond)
		if _, err := c.Sync(t.Context()); err != nil {
			t.Error(err)
		}
		expectTruth(t, c)
	})
}

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

func TestRunIsOwnedByTheCaller(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := skew.New(skew.WithSources(good("ntp", ms)))
		cause := errors.New("done")
		ctx, cancel := context.WithCancelCause(t.Context())
		first := make(chan error)
		go func() { first <- c.Run(ctx) }()
		synctest.Wait()
		if err := c.Run(ctx); !errors.Is(err, skew.ErrRunning) {
			t.Errorf("error = %v, want ErrRunning", err)
		}
		cancel(cause)
		if err := <-first; !errors.Is(err, cause) {
			t.Errorf("error = %v, want the cause", err)
		}
		again, stop := context.WithTimeout(t.Context(), time.Hour)
		defer stop()
		if err := c.Run(again); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error = %v, want the context's", err)
		}
	})
	for _, c := range []*skew.Clock{nil, skew.New()} {
		if err := c.Run(t.Context()); !errors.Is(err, skew.ErrNoSources) {
			t.Errorf("error = %v, want ErrNoSources", err)
		}
		if _, err := c.Sync(t.Context()); !errors.Is(err, skew.ErrNoSources) {
			t.Errorf("error = %v, want ErrNoSources", err)
		}
	}
}

// Everything at once, for the race detector.
func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	machine := &skewtest.Machine{}
	c := skew.New(skew.WithSystem(machine), skew.WithSources(good("a", ms), good("b", ms), liar("c", time.Second)))
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	var all sync.WaitGroup
	all.Go(func() { _ = c.Run(ctx) })
	for range 4 {
		all.Go(func() {
			for ctx.Err() == nil {
				r := c.Read()
				if r.Latest.Before(r.Earliest) {
					t.Errorf("Read = %+v", r)
				}
				c.Offset()
				c.LastSync()
			}
		})
		all.Go(func() {
			for ctx.Err() == nil {
				_, _ = c.Sync(ctx)
				machine.Step(time.Second)
			}
		})
	}
	all.Wait()
}

func TestOptionsPanic(t *testing.T) {
	t.Parallel()
	for want, f := range map[string]func(){
		"skew: WithSources(nil)":                                  func() { skew.WithSources(nil) },
		"skew: WithSources: two sources are named \"fixed\"":      func() { skew.New(skew.WithSources(skew.Fixed(0, 0)), skew.WithSources(skew.Fixed(1, 1))) },
		"skew: New: WithMinAgreeing(2) of 1 sources":              func() { skew.New(skew.WithMinAgreeing(2), skew.WithSources(skew.Fixed(0, 0))) },
		"skew: WithMinAgreeing(0): must be positive":              func() { skew.WithMinAgreeing(0) },
		"skew: WithInterval(0s): must be positive":                func() { skew.WithInterval(0) },
		"skew: WithTimeout(-1ns): must be positive":               func() { skew.WithTimeout(-1) },
		"skew: WithMaxOffset(0s): must be positive":               func() { skew.WithMaxOffset(0) },
		"skew: WithMaxDrift(0): must be positive":                 func() { skew.WithMaxDrift(0) },
		"skew: WithMaxDrift(100001): must be at most 100000":      func() { skew.WithMaxDrift(100_001) },
		"skew: Fixed(0s, -1ns): uncertainty must not be negative": func() { skew.Fixed(0, -1) },
		"skew: StoreTime without a function to ask":               func() { skew.StoreTime("redis", 0, nil) },
		"skew: StoreTime(-1ns): precision must not be negative": func() {
			skew.StoreTime("redis", -1, func(context.Context) (time.Time, error) { return time.Now(), nil })
		},
		"skew: UncertaintyPerAttempt(-1ns): must not be negative": func() { skew.UncertaintyPerAttempt(-1) },
		"skew: MeasuredUncertainty(-1ns): must not be negative":   func() { skew.MeasuredUncertainty(nil, -1) },
	} {
		func() {
			defer func() {
				if r := recover(); r != want {
					t.Errorf("recovered %v, want %q", r, want)
				}
			}()
			f()
		}()
	}
}
