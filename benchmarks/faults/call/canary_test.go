package call

import (
	"testing"
	"time"
)

func TestLate(t *testing.T) {
	t.Parallel()
	start := time.Now()
	at := func(s float64) time.Time { return start.Add(time.Duration(s * float64(time.Second))) }
	seconds := func(d time.Duration) float64 { return d.Seconds() }
	for _, c := range []struct {
		name           string
		beats          []float64 // of the canary; the first is when it begins
		deadline, back float64
		all, running   float64
	}{
		{"in time", []float64{0, 5}, 10, 5, 0, 0},
		{"in time, after a pause", []float64{0, 8}, 10, 8, 0, 0},
		{"late while it runs", []float64{0, 9.98, 10, 10.02, 10.04}, 10, 10.05, 0.05, 0.05},
		{"stopped beyond the deadline", []float64{0, 9, 12, 12.02}, 10, 12.04, 2.04, 0.04},
		{"stopped, and the call is quicker than the canary", []float64{0, 9}, 10, 12, 2, 0},
		{"stopped long before the deadline", []float64{0, 3, 10.2}, 10.2, 10.22, 0.02, 0.02},
		{"stopped again and again", []float64{0, 9.99, 10, 11, 11.02, 12}, 10, 12.02, 2.02, 0.04},
	} {
		canary := &canary{last: at(c.beats[0])}
		for _, b := range c.beats[1:] {
			canary.beat(at(b))
		}
		all, running := canary.late(at(c.deadline), at(c.back))
		if d := seconds(all) - c.all; d > 1e-6 || d < -1e-6 {
			t.Errorf("%s: late by %v, want %v s", c.name, all, c.all)
		}
		if d := seconds(running) - c.running; d > 1e-6 || d < -1e-6 {
			t.Errorf("%s: late by %v while it ran, want %v s", c.name, running, c.running)
		}
	}
}
