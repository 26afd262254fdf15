package main

import (
	"math"
	"time"
)

// percentile returns the smallest of the sorted values that at least p percent of them
// do not exceed (nearest rank), 0 when there are none.
func percentile(sorted []time.Duration, p float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	rank := int(math.Ceil(p / 100 * float64(len(sorted))))
	return sorted[min(max(rank, 1), len(sorted))-1]
}

func milliseconds(d time.Duration) float64 { return round(float64(d) / float64(time.Millisecond)) }

// round leaves three decimals: more would pretend to be exact.
func round(v float64) float64 { return math.Round(v*1000) / 1000 }
