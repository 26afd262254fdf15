package skew_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/skew"
)

func TestClockRead(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name             string
		clock            *skew.Clock
		earliest, latest time.Duration // from the local clock
		status           skew.Status
	}{
		{name: "nil reads the local clock", clock: nil, status: skew.Unknown},
		{name: "no options", clock: skew.New(), status: skew.Unknown},
		{
			name: "offset only", clock: skew.New(skew.WithOffset(-time.Minute)),
			earliest: -time.Minute, latest: -time.Minute, status: skew.Unknown,
		},
		{
			name:     "offset and bound",
			clock:    skew.New(skew.WithOffset(time.Minute), skew.WithUncertainty(2*time.Second)),
			earliest: 58 * time.Second, latest: 62 * time.Second, status: skew.Bounded,
		},
		{name: "a perfect clock", clock: skew.New(skew.WithUncertainty(0)), status: skew.Bounded},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				now := time.Now() // stands still inside the bubble
				r := tt.clock.Read()
				if got := r.Earliest.Sub(now); got != tt.earliest {
					t.Errorf("Earliest is %v from now, want %v", got, tt.earliest)
				}
				if got := r.Latest.Sub(now); got != tt.latest {
					t.Errorf("Latest is %v from now, want %v", got, tt.latest)
				}
				if r.Status != tt.status {
					t.Errorf("Status = %v, want %v", r.Status, tt.status)
				}
				if !r.Mid().Equal(tt.clock.Now()) {
					t.Errorf("Mid = %v, Now = %v: must agree", r.Mid(), tt.clock.Now())
				}
				if got, want := tt.clock.Now().Sub(now), tt.clock.Offset(); got != want {
					t.Errorf("Now is %v from the local clock, Offset says %v", got, want)
				}
			})
		})
	}
}

func TestReadingComparesWithBothEnds(t *testing.T) {
	t.Parallel()
	base := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	r := skew.Reading{Earliest: base.Add(-time.Second), Latest: base.Add(time.Second)}
	if r.Uncertainty() != time.Second {
		t.Errorf("Uncertainty = %v, want 1s", r.Uncertainty())
	}
	for _, tt := range []struct {
		name          string
		at            time.Duration
		after, before bool
	}{
		{"long past", -2 * time.Second, true, false},
		{"at the earliest end", -time.Second, false, false},
		{"inside", 0, false, false},
		{"at the latest end", time.Second, false, false},
		{"far ahead", 2 * time.Second, false, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			at := base.Add(tt.at)
			if got := r.SurelyAfter(at); got != tt.after {
				t.Errorf("SurelyAfter = %v, want %v", got, tt.after)
			}
			if got := r.SurelyBefore(at); got != tt.before {
				t.Errorf("SurelyBefore = %v, want %v", got, tt.before)
			}
		})
	}
}

func TestNegativeUncertaintyPanics(t *testing.T) {
	t.Parallel()
	defer func() {
		if r := recover(); r != "skew: WithUncertainty(-1s): must not be negative" {
			t.Errorf("recovered %v", r)
		}
	}()
	skew.WithUncertainty(-time.Second)
}

func TestStatusString(t *testing.T) {
	t.Parallel()
	for s, want := range map[skew.Status]string{skew.Unknown: "unknown", skew.Bounded: "bounded", 9: "invalid"} {
		if got := s.String(); got != want {
			t.Errorf("Status(%d) = %q, want %q", s, got, want)
		}
	}
}
