package book

// report takes in what a member says about attempts that ended.
func (b *Book) report(r Rules, now Instant, a Ask) {
	t := a.Tally
	if b.Mode != Clear && a.Epoch != b.Epoch {
		t = Tally{} // sent before what is believed now was known: it says nothing new
	}
	b.serve(now, a, t)
	if b.Mode == Down {
		if t.OK > 0 {
			b.recover(r, now, micros(a.Latency))
		}
		return
	}
	if b.fell(now, t, a.Old) {
		b.enter(Down, now)
		b.Probe, b.Taken, b.Streak = now+probeLeast, 0, 0
		return
	}
	b.OK += int64(t.OK)
	b.Took += float64(float64(micros(a.Latency)) * float64(t.OK))
	if b.OK > 0 {
		// Refusals come sooner than successes. Those that are heard of before the first
		// success of the epoch would weigh too much.
		b.Rejected += int64(t.Rejected)
		b.Failed += int64(t.Failed)
	}
	b.judge(r, now)
}

// serve notes when the latest success was. Failures before it and after it are not in a row.
func (b *Book) serve(now Instant, a Ask, t Tally) {
	served := b.Success
	switch {
	case a.Since > 0:
		served = now - Instant(micros(a.Since))
	case t.OK > 0:
		served = now
	}
	if served > b.Success {
		b.Success, b.Fails = served, 0
	}
}

// fell tells whether the target is down: failures in a row, and no success for a while.
func (b *Book) fell(now Instant, t, old Tally) bool {
	if now-b.Success <= Instant(min(max(quiet, whole(2*b.Base)), quietMost)) {
		b.Fails = 0
		return false
	}
	b.Fails += int64(t.Rejected + t.Failed)
	if b.Mode == Clear {
		b.Fails += int64(old.Rejected + old.Failed)
	}
	return b.Fails >= outage
}

// recover begins the ramp: a probe was served.
func (b *Book) recover(r Rules, now Instant, latency int64) {
	b.enter(Ramp, now)
	b.Busy = now
	b.Base, b.Guess = float64(max(latency, 1)), 1
	// A short latency says little about capacity, and it takes the horizon to react.
	cautious := bounded(window * second / max(b.Base, horizon))
	switch {
	case b.Good > 0:
		b.Rate = b.Good
	case r.start() > 0:
		b.Rate = r.start()
	default:
		b.Rate = cautious
	}
	if b.Rate <= cautious {
		b.Clean = unsure
	}
}
