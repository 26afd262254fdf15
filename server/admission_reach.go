package server

import "time"

// leastReach is how far ahead slots are given to the first in a line.
const leastReach = 10 * time.Second

// reach is how far ahead slots are promised: no further than the line is old, and the pace
// that they are computed from. What has lasted for so long can be expected to last once
// more; and whoever trusts it in vain, because handlers are twenty times faster after an
// outage or the promises went to callers who do not care, loses no more time than the line
// has taken already.
type reach struct {
	began time.Duration // the line
	over  time.Duration // when all whom it has sent away have been back
	pace  time.Duration // the interval since it began, more or less
}

// refuse notes that one more is refused, at an interval, and returns the reach.
func (r *reach) refuse(now, interval, most time.Duration) time.Duration {
	if now > r.over || interval > 2*r.pace || r.pace > 2*interval {
		r.began, r.pace = now, interval
	}
	ahead := min(most, max(leastReach, now-r.began))
	r.over = now + ahead
	return ahead
}
