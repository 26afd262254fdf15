package transport_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/transport"
)

func nan() float64 { return math.NaN() }

// The delay is the quantile within the tenth that the buckets have.
func TestHedgeQuantile(t *testing.T) {
	t.Parallel()
	for name, draw := range map[string]func(*rand.Rand) float64{
		"even":        func(r *rand.Rand) float64 { return 1e6 + 1e8*r.Float64() },
		"exponential": func(r *rand.Rand) float64 { return 1e6 + 2e7*r.ExpFloat64() },
		"log-normal":  func(r *rand.Rand) float64 { return 2e6 * math.Exp(1.5*r.NormFloat64()) },
		"constant":    func(*rand.Rand) float64 { return 5e6 },
	} {
		for _, q := range []float64{0.5, 0.9, 0.95, 0.99} {
			t.Run(fmt.Sprint(name, q), func(t *testing.T) {
				t.Parallel()
				r := rand.New(rand.NewPCG(1, 2))
				d := transport.HedgeQuantile(q)
				all := make([]float64, 1008) // before the first ageing, and a multiple of what a delay is computed after
				for i := range all {
					all[i] = draw(r)
					d.Observe("a", time.Duration(all[i]))
				}
				slices.Sort(all)
				want := max(all[int(math.Ceil(q*float64(len(all))))-1], 1e6)
				got, ok := d.Delay("a")
				if ratio := float64(got) / want; !ok || ratio < 0.999 || ratio > 1.101 {
					t.Errorf("delay %v, want %v to a tenth more", got, time.Duration(want))
				}
			})
		}
	}
}

func TestHedgeQuantileKnowsNothingAtFirst(t *testing.T) {
	t.Parallel()
	d := transport.HedgeQuantile(0.9)
	for range 31 {
		d.Observe("a", time.Second)
	}
	if got, ok := d.Delay("a"); ok {
		t.Errorf("a delay of %v after 31 observations", got)
	}
	d.Observe("a", time.Second)
	if got, ok := d.Delay("a"); !ok || got < time.Second {
		t.Errorf("delay %v, %v after 32 observations", got, ok)
	}
	if got, ok := d.Delay("b"); ok {
		t.Errorf("a delay of %v for another target", got)
	}
}

// Latencies out of all bounds stay within those of the sketch.
func TestHedgeQuantileOfExtremes(t *testing.T) {
	t.Parallel()
	for took, want := range map[time.Duration][2]time.Duration{
		-time.Second:  {time.Millisecond, time.Millisecond},
		0:             {time.Millisecond, time.Millisecond},
		math.MaxInt64: {2 * time.Minute, 3 * time.Minute},
	} {
		d := transport.HedgeQuantile(0.5)
		for range 64 {
			d.Observe("a", took)
		}
		if got, ok := d.Delay("a"); !ok || got < want[0] || got > want[1] {
			t.Errorf("delay %v, %v of %v, want %v", got, ok, took, want)
		}
	}
}

// What was is forgotten, by half for each 512 observations after the first 1024.
func TestHedgeQuantileFollows(t *testing.T) {
	t.Parallel()
	d := transport.HedgeQuantile(0.95)
	for range 5000 {
		d.Observe("a", 10*time.Millisecond)
	}
	for range 3000 {
		d.Observe("a", 100*time.Millisecond)
	}
	if got, _ := d.Delay("a"); got < 100*time.Millisecond {
		t.Errorf("delay %v, after the target became slow", got)
	}
	for range 5000 {
		d.Observe("a", 10*time.Millisecond)
	}
	if got, _ := d.Delay("a"); got > 12*time.Millisecond {
		t.Errorf("delay %v, after the target became fast again", got)
	}
}

// Any number of targets takes a bounded number of sketches, and any number of goroutines may
// use them.
func TestHedgeQuantileOfManyTargets(t *testing.T) {
	t.Parallel()
	d := transport.HedgeQuantile(0.9)
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 3000 {
				d.Observe(fmt.Sprint("target-", i), time.Duration(g+1)*time.Second)
				d.Delay(fmt.Sprint("target-", i))
			}
		})
	}
	wg.Wait()
	if n := transport.Sketches(d); n > 1024 {
		t.Errorf("%d sketches", n)
	}
}
