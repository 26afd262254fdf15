package book

// probe books the next probe for the member that asks, if it is to be had. The answer to the
// report of a failed probe books the next, so that a probe costs one ask.
func (b *Book) probe(now Instant, a Ask, out *Answer) {
	own := a.Probed && b.Taken == 1
	if own || now-b.Probe > overdue { // the prober may be dead, or its probe hang
		b.Taken = 0
	}
	if own && now >= b.Probe {
		b.Probe = now + b.interval(now)
	}
	if b.Taken == 1 || a.Waiting == 0 {
		return
	}
	if !own {
		b.Streak = 0
	} else if b.Streak >= min(probeTurns, int64(a.Waiting)) {
		return // somebody else's turn
	}
	b.Taken, b.Probe = 1, max(b.Probe, now)
	b.Streak++
	out.Slots, out.Probe, out.First = 1, true, duration(int64(b.Probe-now))
}

// interval is the time to the next probe.
func (b *Book) interval(now Instant) Instant {
	share := whole(float64(probeShare * float64(now-b.Begun)))
	return Instant(min(max(share, probeLeast), probeMost))
}
