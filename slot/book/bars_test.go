package book

import "testing"

// What the rules promise, over three streams of random numbers. The bars are those of the worst
// stream and leave it some room; means are well below.
func TestBars(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change                   func(*herd)
		drain, calls, peak, asks float64
	}{
		"rate known":             {func(h *herd) { h.rules.Prior = 100 }, 1.15, 2.1, 1.6, 1},
		"cold":                   {func(*herd) {}, 1.25, 2.1, 1.7, 1},
		"prior half of the rate": {func(h *herd) { h.rules.Prior = 50 }, 1.3, 2.1, 1.7, 1.1},
		"prior twice the rate":   {func(h *herd) { h.rules.Prior = 200 }, 1.2, 2.2, 2.7, 1.2},
		"gated":                  {func(h *herd) { h.gated = true }, 1.25, 1.15, 1.8, 1},
		"half capacity":          {func(h *herd) { h.half = true }, 1.2, 2.2, 2.7, 1.3},
		"many":                   {func(h *herd) { h.callers = 3000; h.rules.Prior = 100 }, 1.06, 2.1, 1.7, 1},
		"few, rate known":        {func(h *herd) { h.callers = 100; h.rules.Prior = 100 }, 1.7, 3, 1.8, 5},
		"few, cold":              {func(h *herd) { h.callers = 100 }, 1.8, 3, 1.8, 5},
		"a fast target":          {func(h *herd) { h.callers = 3000; h.capacity = 1000 }, 3, 2.2, 1.8, 1},
		"a slow target":          {func(h *herd) { h.callers = 100; h.capacity = 10 }, 2, 6, 13, 6},
		"latency varies":         {func(h *herd) { h.spread = 0.4 }, 1.4, 2.2, 1.8, 1.1},
		"it varies widely":       {func(h *herd) { h.spread = 0.8 }, 1.6, 2.2, 1.9, 1.2},
		"a fast one that varies": {func(h *herd) { h.spread = 0.8; h.callers = 3000; h.capacity = 1000 }, 8, 2.2, 1.8, 1},
		"the prior is too low":   {func(h *herd) { h.spread = 0.4; h.rules.Prior = 10 }, 5, 2.2, 1.9, 2},
		"one process":            {func(h *herd) { h.processes = 1 }, 1.25, 2.1, 1.8, 1},
		"a fifth of pushes lost": {func(h *herd) { h.lostPushes = 0.2 }, 1.35, 2.1, 1.8, 1.5},
		"short outage":           {func(h *herd) { h.down = 500_000 }, 1.4, 2.2, 1.9, 3},
		"long outage":            {func(h *herd) { h.down = 60 * second }, 1.5, 2.3, 1.8, 1.5},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(3) {
				h := herd{callers: 1000, processes: 100, capacity: 100, down: 10 * second, seed: seed + 1}
				test.change(&h)
				got := h.run()
				if got.done != h.callers {
					t.Fatalf("seed %d: %d of %d served", seed, got.done, h.callers)
				}
				if got.drain > test.drain || got.calls > test.calls || got.peak > test.peak || got.asks > test.asks {
					t.Errorf("seed %d: drain %.2f (bar %v), calls %.2f (%v), peak %.2f (%v), asks %.2f (%v)", seed,
						got.drain, test.drain, got.calls, test.calls, got.peak, test.peak, got.asks, test.asks)
				}
			}
		})
	}
}

// Whatever is lost and whoever leaves, all others are served, no member asks too often, and
// no estimate is too long.
func TestEverybodyIsServed(t *testing.T) {
	t.Parallel()
	for seed := range uint64(150) {
		h := herd{
			callers:    []int{1, 10, 100, 400}[seed%4],
			processes:  []int{1, 7, 50}[seed%3],
			capacity:   []int{10, 100, 500}[seed/2%3],
			down:       []int64{300_000, 3 * second, 20 * second}[seed/3%3],
			rules:      Rules{Prior: []float64{0, 0, 1, 100, 5000}[seed%5]},
			gated:      seed%2 == 0,
			half:       seed%7 == 0 && seed/2%3 > 0,
			lostPushes: []float64{0, 0.3, 1}[seed/4%3],
			lostAsks:   []float64{0, 0.2}[seed/5%2],
			leaving:    []float64{0, 0.3}[seed/6%2],
			seed:       seed,
		}
		got := h.run()
		if got.done+got.left != h.callers {
			t.Errorf("%+v: %d served and %d left of %d", h, got.done, got.left, h.callers)
		}
		if got.hurried > 0 {
			t.Errorf("%+v: %d asks came too soon", h, got.hurried)
		}
		if h.leaving == 0 && got.dishonest > h.callers/50 { // few slip in where others did not come
			t.Errorf("%+v: %d callers were served before their estimate", h, got.dishonest)
		}
	}
}
