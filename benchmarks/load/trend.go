package main

import (
	"fmt"
	"math"
	"time"

	"gonum.org/v1/gonum/stat"
)

const (
	// warmup is the part of a run that is not judged.
	warmup = 0.2
	// maxGrowth is the share of its mean by which a value may grow in a minute. A leak of less
	// than that doubles what the process holds in no less than an hour, and five minutes on a
	// machine that does nothing else tell it from noise.
	maxGrowth = 0.02
	// Where there is next to nothing, a share of it is no leak: five minutes with a store of the
	// usual size are beyond these.
	wordBytes, wordGoroutines = 1 << 20, 5
	// sure is how many standard errors of the slope are given for noise: samples that follow
	// each other are not independent, so it is more than the usual two.
	sure = 3
)

// trend is a straight line through samples, by least squares.
type trend struct {
	Mean      float64 `json:"mean"`
	PerMinute float64 `json:"perMinute"` // growth, as a share of the mean
	Error     float64 `json:"error"`     // standard error of PerMinute
	Minutes   float64 `json:"minutes"`   // that the line is long
}

// trendOf is the trend of a value after the warm-up.
func trendOf(samples []sample, value func(sample) float64) trend {
	end := samples[len(samples)-1].Seconds
	var minutes, values []float64
	for _, s := range samples {
		if s.Seconds >= end*warmup {
			minutes, values = append(minutes, s.Seconds/time.Minute.Seconds()), append(values, value(s))
		}
	}
	alpha, beta := stat.LinearRegression(minutes, values, nil, false)
	var off float64
	for i, x := range minutes {
		d := values[i] - alpha - beta*x
		off += d * d
	}
	n, mean := float64(len(minutes)), stat.Mean(values, nil)
	return trend{
		Mean: mean, PerMinute: beta / mean,
		Error:   math.Sqrt(off/(n-2)/(n-1)/stat.Variance(minutes, nil)) / mean,
		Minutes: minutes[len(minutes)-1] - minutes[0],
	}
}

// grows reports whether the value surely grows by more than it may, and by as much as is
// worth a word in all. In a run of less than a minute the growth must be seen in it, and not
// only in what it would be after a minute.
func (t trend) grows(word float64) bool {
	surely := t.PerMinute - sure*t.Error
	return surely*min(t.Minutes, 1) > maxGrowth && surely*t.Minutes*t.Mean > word
}

func (t trend) String() string {
	return fmt.Sprintf("%+.2f %% a minute (standard error %.2f)", t.PerMinute*100, t.Error*100)
}
