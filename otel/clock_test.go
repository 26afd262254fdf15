package otel_test

import (
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	goaroundotel "github.com/goaroundhq/goaround/otel"
	"github.com/goaroundhq/goaround/skew"
)

// named is a source with a name of its own, since two of a clock must not have the same.
type named struct {
	skew.Source
	name string
}

func (n named) Name() string { return n.name }

func sources(offsets ...time.Duration) skew.Option {
	var all []skew.Source
	for i, offset := range offsets {
		all = append(all, named{skew.Fixed(offset, time.Millisecond), string(rune('a' + i))})
	}
	return skew.WithSources(all...)
}

func TestClockReports(t *testing.T) {
	t.Parallel()
	m := newMeters(t)
	agreed := skew.New(sources(-2*time.Second, -2*time.Second, time.Hour), goaroundotel.Clock(m.shop()...))
	if _, err := agreed.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	divided := skew.New(sources(0, time.Hour), goaroundotel.Clock(m.shop()...))
	if _, err := divided.Sync(t.Context()); err == nil {
		t.Fatal("sources that contradict each other give a time")
	}
	m.want(t, map[string][]string{
		"skew.rounds": {"disagree 1", "ok 1"},
		"skew.sync":   {"falseticker,c 1", "ok,a 1", "ok,b 1", "undecided,a 1", "undecided,b 1"},
	})
	for name, want := range map[string]float64{"retry.clock_skew": -2, "skew.uncertainty": 0.001} {
		got, err := strconv.ParseFloat(strings.TrimSpace(strings.Join(m.series(t, name), ",")), 64)
		if err != nil || math.Abs(got-want) > math.Abs(want)/10 {
			t.Errorf("%s is %v, %v, want about %v", name, got, err, want)
		}
	}
}
