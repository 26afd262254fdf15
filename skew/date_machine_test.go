package skew_test

import (
	"errors"
	"math/rand/v2"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/skew"
	"github.com/goaroundhq/goaround/skew/skewtest"
)

// What was heard before the machine slept is late by that: it is forgotten.
func TestDatesBeforeASleep(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, machine := range []interface {
			skew.System
			Sleep(func())
			Step(time.Duration)
		}{&skewtest.Machine{}, sleepless{&skewtest.Machine{}}} {
			d := skew.NewDateSourceOn("dates", machine)
			rt := d.Step(&farm{rnd: rand.New(rand.NewPCG(1, 1))})
			get(t, rt, "a")
			machine.Step(-time.Hour) // no sleep
			heard(t, d)
			machine.Sleep(func() { time.Sleep(time.Hour) })
			if s, err := d.Measure(t.Context(), skew.NewLocal(machine)); !errors.Is(err, skew.ErrNothingHeard) {
				t.Errorf("[%v, %v], %v after a sleep", s.Low, s.High, err)
			}
			time.Sleep(time.Second)
			get(t, rt, "a")
			heard(t, d)
		}
	})
}

// writing is a RoundTripper whose responses have the Date that it returns.
func writing(date func() time.Time) roundTripperFunc {
	return func(*http.Request) (*http.Response, error) {
		h := http.Header{"Date": {date().UTC().Format(http.TimeFormat)}}
		return &http.Response{Header: h, Body: http.NoBody}, nil
	}
}

// The machine sleeps while a response is on its way.
func TestDateAcrossASleep(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		machine := &skewtest.Machine{}
		d := skew.NewDateSourceOn("dates", machine)
		get(t, d.Step(writing(func() time.Time {
			at := time.Now()
			machine.Sleep(func() { time.Sleep(time.Hour) })
			return at
		})), "a")
		if s, err := d.Measure(t.Context(), skew.NewLocal(machine)); !errors.Is(err, skew.ErrNothingHeard) {
			t.Errorf("learned [%v, %v], %v", s.Low, s.High, err)
		}
	})
}

// A machine that drifts as fast as its clock was told, which is more than by default: what
// was heard grows as fast, if it was heard before the clock was made, too.
func TestDatesGrowByTheClocksDrift(t *testing.T) {
	t.Parallel()
	for _, ppm := range []int{450, -450} {
		synctest.Test(t, func(t *testing.T) {
			machine := &skewtest.Machine{}
			machine.Drift(ppm)
			d := skew.NewDateSourceOn("dates", machine)
			rt := d.Step(writing(time.Now))
			get(t, rt, "a")
			time.Sleep(time.Hour)
			get(t, rt, "a")
			c := skew.New(skew.WithSystem(machine), skew.WithMaxDrift(500), skew.WithSources(d))
			skew.New(skew.WithSystem(machine), skew.WithMaxDrift(10), skew.WithSources(d)) // which makes it no less
			for range 10 {
				time.Sleep(time.Hour)
				if _, err := c.Sync(t.Context()); err != nil {
					t.Fatal(err)
				}
				if u := expectTruth(t, c).Uncertainty(); u > 30*time.Second {
					t.Errorf("bound %v", u)
				}
			}
		})
	}
}

// While a response takes a day to come, the machine drifts from when its Date was written.
func TestDateOfALongExchange(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		machine := &skewtest.Machine{}
		machine.Drift(-skew.DefaultMaxDrift)
		d := skew.NewDateSourceOn("dates", machine)
		rt := d.Step(writing(func() time.Time {
			time.Sleep(999 * time.Millisecond)
			written := time.Now().Add(-1900 * time.Millisecond)
			time.Sleep(24 * time.Hour)
			return written
		}))
		c := skew.New(skew.WithSystem(machine), skew.WithSources(d))
		for range 3 {
			time.Sleep(time.Second + 900*time.Millisecond - time.Duration(time.Now().Nanosecond()))
			get(t, rt, "a")
			if _, err := c.Sync(t.Context()); err != nil {
				t.Fatal(err)
			}
			expectTruth(t, c)
		}
	})
}

// delayed is a machine that is kept waiting before and after it looks at its clocks.
type delayed struct {
	*skewtest.Machine
	pause time.Duration
}

func (d *delayed) Read() (time.Time, time.Duration) {
	time.Sleep(d.pause)
	defer time.Sleep(d.pause)
	return d.Machine.Read()
}

func TestDatesMeasuredByABusyMachine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, lag := range []time.Duration{0, 1999 * time.Millisecond} { // both ends of what a Date allows
			machine := &skewtest.Machine{}
			d := skew.NewDateSourceOn("dates", machine)
			time.Sleep(time.Second - time.Duration(time.Now().Nanosecond()) + lag)
			get(t, d.Step(writing(func() time.Time { return time.Now().Add(-lag) })), "a")
			busy := &delayed{Machine: machine}
			c := skew.New(skew.WithSystem(busy), skew.WithSources(d))
			busy.pause = 50 * time.Millisecond
			_, err := c.Sync(t.Context())
			if busy.pause = 0; err != nil {
				t.Fatal(err)
			}
			expectTruth(t, c)
		}
	})
}
