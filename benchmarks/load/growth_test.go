package main

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// made are the samples of a server that does not exist.
type made struct {
	seconds float64
	rate    func(share float64) float64 // requests a second, by how much of the run is over
	ttl     float64                     // of records, of which each request leaves one
	leak    float64                     // bytes a request
	noise   float64                     // bytes; what is off stays so for some samples
}

func (m made) samples(seed uint64) []sample {
	const n = 300
	rnd := rand.New(rand.NewPCG(seed, 1))
	var samples []sample
	var off, done float64
	for i := range n {
		share := float64(i+1) / n
		rate := m.rate(share) * (1 + 0.1*rnd.NormFloat64())
		done += rate * m.seconds / n
		off = 0.8*off + 0.6*rnd.NormFloat64() // its own standard deviation stays 1
		s := sample{Seconds: share * m.seconds, Done: int64(done)}
		records := done
		for _, old := range slices.Backward(samples) {
			if s.Seconds-old.Seconds > m.ttl-1e-9 {
				records -= float64(old.Done)
				break
			}
		}
		s.Live = uint64(3e6 + 1000*records + m.leak*done + m.noise*off)
		samples = append(samples, s)
	}
	return samples
}

func steady(float64) float64 { return 15_000 }

// wavy is what a machine gives that others use, too.
func wavy(share float64) float64 { return 12_000 + 6_000*math.Sin(20*share) }

// falls is wavy, and ends with half of what it begins with; so does what the store holds.
func falls(share float64) float64 { return 20_000 - 10_000*share + 3_000*math.Sin(20*share) }

func rises(share float64) float64 { return falls(1 - share) }

// slides is as good as a straight line, and looks the same as a leak that goes with requests.
func slides(share float64) float64 { return 24_000 - 16_000*share }

func TestGrowth(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		made
		want verdict
	}{
		"flat":                            {made{300, steady, 3, 0, 5e5}, flat},
		"flat, the rate changes":          {made{300, wavy, 3, 0, 5e5}, flat},
		"flat, the rate rises":            {made{300, rises, 3, 0, 5e5}, flat},
		"flat, the rate falls":            {made{300, falls, 3, 0, 5e5}, flat},
		"within the bound":                {made{300, wavy, 3, 1, 5e5}, flat},
		"a rare leak":                     {made{300, steady, 3, 4, 5e5}, grows},
		"a rare leak, the rate changes":   {made{300, wavy, 3, 4, 5e5}, grows},
		"a rare leak, the rate falls":     {made{300, falls, 3, 4, 5e5}, grows},
		"a rare leak, in a minute":        {made{60, wavy, 0.6, 5, 5e5}, grows},
		"flat, in a minute":               {made{60, wavy, 0.6, 0, 2e5}, flat},
		"hidden in a rate that slides":    {made{60, slides, 0.6, 5, 5e5}, undecided},
		"as much as the bound":            {made{300, wavy, 3, 2, 5e5}, undecided},
		"flat, in seconds":                {made{3, wavy, 0.1, 0, 5e5}, undecided},
		"a rare leak, in seconds":         {made{3, wavy, 0.1, 4, 5e5}, undecided},
		"a leak of everything in seconds": {made{3, wavy, 0.1, 4096, 5e5}, grows},
		"shrinks":                         {made{300, wavy, 3, -0.5, 5e5}, flat},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var not, far int
			const seeds = 200
			for seed := range uint64(seeds) {
				c, ok := courseOf(tt.samples(seed), tt.ttl)
				if !ok {
					t.Fatal("not judged")
				}
				g := c.growth(2, func(s sample) float64 { return float64(s.Live) })
				if math.Abs(g.Each-tt.leak) > sure*g.Error {
					far++
				}
				if g.verdict() != tt.want {
					not++
				}
			}
			// More than three errors off are about one of a hundred to each side.
			if not > seeds/20 || far > seeds/20 {
				t.Errorf("of %d: %d not %s, %d off by more than the error says", seeds, not, tt.want, far)
			}
		})
	}
}

// A rate that is the same all the time explains nothing, and is no reason to fail.
func TestGrowthAtOneRate(t *testing.T) {
	t.Parallel()
	var samples []sample
	for i := range int64(100) {
		samples = append(samples, sample{Seconds: float64(i), Done: 1000 * i, Goroutines: uint64(10 + 5*i)})
	}
	c, ok := courseOf(samples, 1)
	g := c.growth(maxGoroutinesEach, func(s sample) float64 { return float64(s.Goroutines) })
	if !ok || math.Abs(g.Each-0.005) > 1e-9 || g.verdict() != grows {
		t.Errorf("%v %+v", ok, g)
	}
}

func TestTooLittleToJudge(t *testing.T) {
	t.Parallel()
	few := []sample{{Seconds: 1, Done: 1}, {Seconds: 2, Done: 2}}
	idle := make([]sample, 100)
	for i := range idle {
		idle[i] = sample{Seconds: float64(i), Done: 5}
	}
	for name, samples := range map[string][]sample{"none": nil, "few": few, "idle": idle} {
		if _, ok := courseOf(samples, 1); ok {
			t.Errorf("%s: judged", name)
		}
	}
}

func TestRateAt(t *testing.T) {
	t.Parallel()
	samples := []sample{{Seconds: 1, Done: 0}, {Seconds: 2, Done: 100}, {Seconds: 4, Done: 700}}
	for _, tt := range []struct{ ttl, want float64 }{{0.5, 300}, {2, 300}, {2.5, 700. / 3}, {99, 700. / 3}} {
		if got := rateAt(samples, tt.ttl); math.Abs(got-tt.want) > 1e-9 {
			t.Errorf("over %v s: %v, want %v", tt.ttl, got, tt.want)
		}
	}
	if got := rateAt(samples[:1], 1); got != 0 {
		t.Errorf("of one sample: %v", got)
	}
}
