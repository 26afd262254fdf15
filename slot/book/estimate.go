package book

import "time"

// Estimate is the earliest time from now at which one more caller could get a slot.
//
// It is for refusing callers whose deadline comes before, so it errs to the short side: it is
// 0 unless the target's rate is known, and then a quarter of what it takes at that rate, for
// the target may recover further, and callers ahead may give up.
func (m *Member) Estimate(now Instant) time.Duration { return m.estimate(now, m.known.Tail) }

// EstimateOf is Estimate for a caller that waits here already; 0 for others.
func (m *Member) EstimateOf(now Instant, c Caller) time.Duration {
	w := m.line.by[c]
	if w == nil {
		return 0
	}
	if next := m.line.at(len(m.slots)); next == nil || w.rank < next.rank {
		i := 0
		for ; w.before != nil; w = w.before {
			i++
		}
		return duration(int64(max(0, m.slots[i].at-now)))
	}
	if w.ticket == 0 {
		return m.Estimate(now)
	}
	return m.estimate(now, w.ticket)
}

func (m *Member) estimate(now Instant, ticket float64) time.Duration {
	ahead := ticket - m.known.Head
	if m.known.Mode != Paced || !(ahead > 0) {
		return 0
	}
	wait := whole(min(ahead/(4*m.known.Rate)*second, maxMicros))
	return duration(max(0, wait-int64(now-m.heard)))
}
