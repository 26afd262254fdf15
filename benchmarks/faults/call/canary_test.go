package call

import (
	"testing"
	"time"
)

var start = time.Now()

// at is a time of these tests, in seconds.
func at(s float64) time.Time { return start.Add(time.Duration(s * float64(time.Second))) }

// about reports whether a duration is that of seconds, but for rounding.
func about(d time.Duration, seconds float64) bool {
	off := d.Seconds() - seconds
	return off < 1e-6 && off > -1e-6
}

func TestLate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name           string
		beats          []float64 // of the canary; the first is when it begins
		used           float64   // of each second, by the process itself
		deadline, back float64
		all, running   float64
	}{
		{"in time", []float64{0, 5}, 0, 10, 5, 0, 0},
		{"in time, after a pause", []float64{0, 8}, 0, 10, 8, 0, 0},
		{"late while it runs", []float64{0, 9.98, 10, 10.02, 10.04}, 0, 10, 10.05, 0.05, 0.05},
		{"stopped beyond the deadline", []float64{0, 9, 12, 12.02}, 0, 10, 12.04, 2.04, 0.04},
		{"stopped, and the call is quicker than the canary", []float64{0, 9}, 0, 10, 12, 2, 0},
		{"stopped long before the deadline", []float64{0, 3, 10.2}, 0, 10.2, 10.22, 0.02, 0.02},
		{"stopped again and again", []float64{0, 9.99, 10, 11, 11.02, 12}, 0, 10, 12.02, 2.02, 0.04},
		{"busy with itself", []float64{0, 9.99, 10, 12}, 1, 10, 12, 2, 2},
		{"busy with itself for a quarter", []float64{0, 9.99, 10, 12}, 0.25, 10, 12, 2, 0.5},
		{"busy with itself until now", []float64{0, 9.99, 10}, 0.5, 10, 12, 2, 1},
	} {
		used := func(s float64) time.Duration { return time.Duration(c.used * s * float64(time.Second)) }
		canary := &canary{last: at(c.beats[0])}
		for _, b := range c.beats[1:] {
			canary.beat(at(b), used(b))
		}
		all, running := canary.late(at(c.deadline), at(c.back), func() time.Duration { return used(c.back) })
		if !about(all, c.all) || !about(running, c.running) {
			t.Errorf("%s: late by %v, %v of it while it ran, want %v s and %v s", c.name, all, running, c.all, c.running)
		}
	}
}

// A call that never comes back is late all the same.
func TestOverdue(t *testing.T) {
	t.Parallel()
	c := newCanary()
	now := time.Now()
	c.last = now // and nothing is a pause
	if o := c.overdue(now); o != nil {
		t.Errorf("overdue %v, and there is no call", *o)
	}
	for order, late := range map[int]time.Duration{3: -time.Second, 5: 99 * time.Millisecond, 7: time.Minute, 9: time.Second} {
		c.begin(order, now.Add(-late))
	}
	for _, want := range []int{7, 9} {
		o := c.overdue(now)
		if o == nil || o.Order != want || o.Late != o.Running {
			t.Fatalf("overdue %+v, want order %d", o, want)
		}
		if all, _ := c.end(want, now); all != o.Late {
			t.Errorf("order %d ends late by %v and was overdue by %v", want, all, o.Late)
		}
	}
	if o := c.overdue(now); o != nil {
		t.Errorf("overdue %+v, want none that is within the tolerance", *o)
	}
	c.last, c.used = now.Add(-2*time.Second), used()
	if o := c.overdue(now.Add(time.Second)); o != nil {
		t.Errorf("overdue %+v, want none of a process that stood still", *o)
	}
}
