package sim_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/benchmarks/herd/rivals"
	"github.com/goaroundhq/goaround/benchmarks/herd/sim"
)

func TestSameSeedSameRun(t *testing.T) {
	t.Parallel()
	// Every kind of chance is in it.
	c := sim.Case{Callers: 300, Storeless: 0.1, PushLoss: 0.1, Crash: 0.1}
	for _, s := range rivals.All(100) {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			first, again, other := sim.Run(c, s, 7), sim.Run(c, s, 7), sim.Run(c, s, 8)
			if !reflect.DeepEqual(first, again) {
				t.Errorf("the same seed gave %+v and then %+v", first, again)
			}
			if reflect.DeepEqual(first.Arrivals, other.Arrivals) {
				t.Error("another seed gave the same arrivals")
			}
		})
	}
}

// A stream that is paced at the capacity drains as fast as can be: nobody is refused after
// the outage, and what is added to the ideal is the way there and back and one call.
func TestPacedAtCapacityIsIdeal(t *testing.T) {
	t.Parallel()
	o := sim.Run(sim.Case{}, rivals.GCRA(1), 1)
	if o.Done != 1000 {
		t.Fatalf("%d served, want 1000", o.Done)
	}
	// 10 ms one way at least, and 80 ms for a call; 30 and 120 at most, and 10 in the queue.
	if over := o.Drain - o.Ideal; over < 100*time.Millisecond-10*time.Millisecond || over > 300*time.Millisecond {
		t.Errorf("drained %v after the ideal %v, want a tenth of a second or two", over, o.Ideal)
	}
	if got := o.PeakOverCapacity(); got > 1.3 {
		t.Errorf("peak %.2f of the capacity, want at most 1.3", got)
	}
	// One call each before the outage ends, one that succeeds, and 100 a second for nothing
	// in the outage.
	if got := o.CallsPerSuccess(); got < 2.9 || got > 3.1 {
		t.Errorf("%.2f calls per success, want 3", got)
	}
	if o.Stores != o.Paced {
		t.Errorf("%d calls of the store for %d retries, want as many", o.Stores, o.Paced)
	}
}

// Twice the capacity: half of what arrives is refused, and a refusal that costs a fifth of
// a call leaves 1/(1+0.2) ... of the capacity: by hand, x served and 2-x refused per unit
// with x + 0.2*(2-x) = 1 gives x = 0.75, a drain of 1.33 times the ideal.
func TestRefusalsSlowTheDrain(t *testing.T) {
	t.Parallel()
	o := sim.Run(sim.Case{}, rivals.GCRA(2), 1)
	if got := o.DrainOverIdeal(); o.Done != 1000 || got < 1.28 || got > 1.40 {
		t.Errorf("%d served in %.2f times the ideal, want 1000 in 1.33", o.Done, got)
	}
	free := sim.Run(sim.Case{RejectCost: sim.None}, rivals.GCRA(2), 1)
	if got := free.DrainOverIdeal(); free.Done != 1000 || got > 1.05 {
		t.Errorf("%d served in %.2f times the ideal when refusals are free, want 1000 in 1.01", free.Done, got)
	}
}

// The well-known: who comes back every second with everyone else keeps the server busy
// with refusals for ever, and the run ends because nobody is served.
func TestLivelockIsSeen(t *testing.T) {
	t.Parallel()
	o := sim.Run(sim.Case{}, rivals.Constant(time.Second), 1)
	if o.Done == o.Callers || o.Done > 100 {
		t.Errorf("%d of %d served by constant waits, want next to none", o.Done, o.Callers)
	}
	if got, most := time.Duration(len(o.Arrivals))*sim.Bin, 3*time.Minute; got > most {
		t.Errorf("went on for %v, want an end before %v", got, most)
	}
}

func TestCases(t *testing.T) {
	t.Parallel()
	jitter := rivals.FullJitter(10 * time.Second)
	for _, tt := range []struct {
		name string
		of   sim.Case
		s    sim.Strategy
		ok   func(sim.Outcome) bool
	}{
		{
			"half of the capacity doubles the ideal", sim.Case{ReturnAt: 0.5}, jitter,
			func(o sim.Outcome) bool { return o.Ideal == 20*time.Second && o.Done == 1000 },
		},
		{
			"nobody is served in a second outage", sim.Case{SecondAt: 12 * time.Second, SecondFor: 3 * time.Second}, jitter,
			func(o sim.Outcome) bool {
				for _, n := range o.Completions[124:150] { // what was in hand is finished
					if n > 0 {
						return false
					}
				}
				return o.Done == 1000
			},
		},
		{
			"the dead are not served, and do not count", sim.Case{Crash: 0.2}, jitter,
			func(o sim.Outcome) bool { return o.Done >= 800 && o.Done < 1000 && o.Done == o.Callers },
		},
		{
			"a deadline ends calls", sim.Case{Deadline: 12 * time.Second}, jitter,
			func(o sim.Outcome) bool {
				return o.Done > 0 && o.Done < 1000 && o.Percentile(100) <= 12*time.Second
			},
		},
		{
			"without a store everybody is blind", sim.Case{Storeless: 1}, rivals.GCRA(1),
			func(o sim.Outcome) bool { return o.Stores == 0 && o.CallsPerSuccess() > 5 },
		},
		{
			"calls that arrive all the time are not of the cohort", sim.Case{Poisson: 0.5, Horizon: time.Minute, RejectCost: sim.None}, jitter,
			func(o sim.Outcome) bool {
				return o.Callers > 400 && o.Callers < 600 && o.Successes > 2000
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if o := sim.Run(tt.of, tt.s, 1); !tt.ok(o) {
				t.Errorf("%d of %d served, %.2f calls each, drain %v, ideal %v, %d calls of the store",
					o.Done, o.Callers, o.CallsPerSuccess(), o.Drain, o.Ideal, o.Stores)
			}
		})
	}
}
