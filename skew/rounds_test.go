package skew_test

import (
	"context"
	"errors"
	"fmt"
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
