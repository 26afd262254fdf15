package skewntp

import (
	"time"

	"github.com/goaroundhq/goaround/skew"
)

// pivot is the time in whose neighbourhood NTP's time stamps are read: they count 136 years
// and begin anew, so the truth is taken to be less than 68 years away from here. A machine
// whose clock is farther off than that still learns the right time.
var pivot = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// stopwatch is the system time of a query: local time, which does not jump when the
// operating system's clock is set in the middle, moved to the pivot.
type stopwatch struct {
	local *skew.Local
	start time.Time     // local
	shift time.Duration // offset from local time = offset from the stopwatch + shift
	last  time.Time     // when it was looked at last, which is as the answer came
}

func newStopwatch(local *skew.Local) *stopwatch {
	start := local.Now()
	return &stopwatch{local: local, start: start, shift: pivot.Sub(start)}
}

func (w *stopwatch) now() time.Time {
	w.last = pivot.Add(w.local.Now().Sub(w.start))
	return w.last
}

// taken is how long the query took at most.
func (w *stopwatch) taken() time.Duration { return w.last.Sub(pivot) }
