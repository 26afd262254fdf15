package main

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat"
)

const (
	// warmup is the part of a run that is not judged.
	warmup = 0.2
	// stretches are the parts of the rest whose means are judged in place of the samples.
	// Samples that follow each other are alike, as the machine is, and an error reckoned from
	// them would be too small; means over seconds are next to independent.
	stretches = 16
	// sure is how many standard errors are given for noise: with so many stretches, which are
	// not quite independent, chance exceeds that to one side in about one of a hundred runs.
	sure = 3
	// Up to this a request, growth counts as none: it is that of a leak of one small object in
	// a dozen requests, and of one goroutine in ten thousand.
	maxBytesEach, maxGoroutinesEach = 2, 100e-6
)

// growth is how much of a value each request leaves behind. A leak goes with requests, and not
// with time; and what a server holds for a while, records above all, goes with its rate. So
// it is the slope by requests of a least-squares fit by both, requests and rate.
type growth struct {
	Mean  float64 `json:"mean"`
	Each  float64 `json:"each"`  // by request
	Error float64 `json:"error"` // standard error of Each
	Bound float64 `json:"bound"` // of Each

	level []float64 // the means, less what follows the rate
}

// verdict is what can be said of a growth.
type verdict string

const (
	flat      verdict = "flat"
	grows     verdict = "grows"
	undecided verdict = "undecided"
)

func (g growth) verdict() verdict {
	switch {
	case g.Each+sure*g.Error <= g.Bound:
		return flat
	case g.Each-sure*g.Error > g.Bound:
		return grows
	default:
		return undecided
	}
}

// in writes the growth of so many requests.
func (g growth) in(requests float64, unit string) string {
	return fmt.Sprintf("%+.2f %s (standard error %.2f; up to %.0f is flat)", g.Each*requests, unit, g.Error*requests, g.Bound*requests)
}

// course is what is judged of a run: means of each stretch.
type course struct {
	samples []sample
	done    []float64 // requests
	rate    []float64 // requests a second, in the lifetime of a record before each sample
}

// courseOf reports false when there are too few samples, or no requests between them.
func courseOf(samples []sample, ttl float64) (c course, ok bool) {
	var rate []float64
	for i, s := range samples {
		if s.Seconds >= samples[len(samples)-1].Seconds*warmup {
			c.samples, rate = append(c.samples, s), append(rate, rateAt(samples[:i+1], ttl))
		}
	}
	if n := len(c.samples); n < stretches || c.samples[0].Done == c.samples[n-1].Done {
		return course{}, false
	}
	c.done, c.rate = c.means(func(s sample) float64 { return float64(s.Done) }), means(rate)
	return c, true
}

// rateAt is requests a second over the ttl that ends with the last sample.
func rateAt(samples []sample, ttl float64) float64 {
	i := len(samples) - 1
	last, first := samples[i], samples[i]
	for ; i > 0 && last.Seconds-first.Seconds < ttl; i-- {
		first = samples[i-1]
	}
	if first.Seconds == last.Seconds {
		return 0
	}
	return float64(last.Done-first.Done) / (last.Seconds - first.Seconds)
}

func (c course) means(value func(sample) float64) []float64 {
	values := make([]float64, len(c.samples))
	for i, s := range c.samples {
		values[i] = value(s)
	}
	return means(values)
}

// means has one mean for each stretch.
func means(values []float64) []float64 {
	m := make([]float64, stretches)
	for i := range m {
		m[i] = stat.Mean(values[i*len(values)/stretches:(i+1)*len(values)/stretches], nil)
	}
	return m
}

// growth fits a value.
func (c course) growth(bound float64, value func(sample) float64) growth {
	values := c.means(value)
	// The slope by one of two is that of what the other leaves of both (Frisch and Waugh,
	// Econometrica 1933).
	done := without(c.done, c.rate)
	each, off := fit(done, without(values, c.rate))
	const fitted = 3 // the level and two slopes
	g := growth{
		Mean: stat.Mean(values, nil), Each: each, Bound: bound,
		Error: math.Sqrt(squares(off) / (stretches - fitted) / squares(done)),
	}
	byRate, _ := fit(without(c.rate, c.done), without(values, c.done))
	usual := stat.Mean(c.rate, nil)
	for i, v := range values {
		g.level = append(g.level, v-byRate*(c.rate[i]-usual))
	}
	return g
}

// fit is a straight line by least squares: its slope, and what it leaves of y.
func fit(x, y []float64) (slope float64, off []float64) {
	level := stat.Mean(y, nil)
	if squares(x) > 0 {
		level, slope = stat.LinearRegression(x, y, nil, false)
	}
	off = make([]float64, len(y))
	for i := range y {
		off[i] = y[i] - level - slope*x[i]
	}
	return slope, off
}

// without is what of y does not follow x.
func without(y, x []float64) []float64 {
	_, off := fit(x, y)
	return off
}

// squares is the sum of squared distances from the mean.
func squares(x []float64) float64 { return stat.Variance(x, nil) * float64(len(x)-1) }
