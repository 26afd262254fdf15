package book

// judge ends the round when it has results enough, and sets the rate by them.
//
// The slots of a round were sent at a known pace, so the share of them that was served tells
// what the target can do: pace times share. That needs no clock, and reports may come late
// and in heaps.
func (b *Book) judge(r Rules, now Instant) {
	refused := b.Rejected
	if b.Failed > b.OK+b.Rejected {
		refused += b.Failed // some calls always fail; when most do it is the load
	}
	n := b.OK + refused
	if b.OK == 0 || n < fewest || float64(n) < min(float64(b.Rate*roundShare), roundMost) {
		return // no success at all is an outage's sign and not the rate's
	}
	b.watch(n, refused)
	excess := b.compare(b.Took/float64(b.OK), float64(b.OK))
	share := float64(refused) / float64(n)
	full := b.full(share)
	switch {
	case full:
		b.cut(r, share)
	case b.Was > 0 && share > tolerated:
		b.undo()
	case float64(now-b.Busy) > max(idle, 2*b.step()):
		b.round()
	case excess > long:
		b.ease()
	case excess > risen:
		b.hold()
	default:
		b.grow(max(excess, 0))
	}
}

// watch follows for how long a rise of the latency is not held for chance. Rounds of few results
// are long at low rates, and count as many.
func (b *Book) watch(n, refused int64) {
	b.Wary = max(b.Wary-max(1, whole(float64(n)/float64(b.Rate*roundShare))), 0)
	if refused > 0 && b.Vain == 0 {
		b.Wary = wary
	}
}

// full tells whether the refusals are those of a full target. Then a cut to what was served
// makes them few, or the successes are slow, for a queue is full. Where one of several servers
// is broken, and refuses its share of any rate, neither is so.
func (b *Book) full(share float64) bool {
	switch {
	case share <= tolerated:
		b.Vain, b.Was = 0, 0
		return false
	case b.Vain == 0 || b.slow():
		return true
	case b.Was > 0: // after a cut: is it nearer to what a full target would refuse now, or to Vain?
		return share < max(float64(b.Vain/2), float64(1.5*b.Vain)-deepest)
	default:
		return share > float64(1.5*b.Vain)
	}
}

// slow tells whether the round's successes were late by a queue, and by more than chance, which
// is taken into account right after a refusal, too: it is the refusals that are in doubt.
func (b *Book) slow() bool {
	return b.queue() >= queued && b.Prev/b.Base-1-float64(chance*b.Wild) > risen
}

// queue is how many calls wait at the target: what came in while the round's mean call was
// late (Little's law).
func (b *Book) queue() float64 { return float64(b.Rate*(b.Prev-b.Base)) / second }

// undo takes back a cut that was in vain. What was held for the limit was none, so it is to be
// found out.
func (b *Book) undo() {
	b.Mode, b.Rate, b.Was = Ramp, b.Was, 0
	b.Good = max(b.Good, b.Rate)
	b.Wary = 0
	b.renew()
}

// compare keeps the least mean latency, and returns by which share of it this one of n is
// more, and more than chance explains.
func (b *Book) compare(mean, n float64) float64 {
	mean = max(mean, 1)
	switch {
	case b.Guess == 1:
		b.Base, b.Guess = min(max(mean, b.Base), float64(trusted*b.Base)), 0
	case b.Base == 0:
		b.Base = mean
	case mean < b.Base: // by a part, or the least of many rounds would be a lucky one
		b.Base += float64((mean - b.Base) * min(0.5, n/(n+luck)))
	}
	b.differ(mean)
	if b.Mode == Paced && b.Wary == 0 && b.queue() < queued {
		return 0
	}
	return mean/b.Base - 1 - float64(chance*b.byChance())
}

// differ follows how much means vary. Only a fall is chance for sure: a rise may be that of a
// queue. Chance makes as many of one as of the other.
func (b *Book) differ(mean float64) {
	if b.Prev > 0 {
		d := min(1, 2*max(0, b.Prev-mean)/b.Base)
		b.Wild += float64((d - b.Wild) * recent)
	}
	b.Prev = mean
}

// byChance is the share by which latencies differ without a queue. Near the limit of a target
// that refuses calls none is taken for chance.
func (b *Book) byChance() float64 {
	if b.Wary > 0 {
		return 0
	}
	return b.Wild
}

// relax forgets the least latency slowly, for calls may have become slower for good; sooner
// where it may have been a lucky one.
func (b *Book) relax() { b.Base = float64(b.Base * (relaxed + float64(lucky*b.byChance()))) }

// cut lowers the rate to what was served.
func (b *Book) cut(r Rules, share float64) {
	was := b.Rate
	b.Rate = max(slowest, float64(was*max(deepest, 1-share)))
	if b.Mode == Clear {
		// Not every attempt was paced, so the share says less; and a few retries do no harm.
		b.Rate = max(b.Rate, min(was, max(unproven, r.start())))
	}
	b.doubt(share, was)
	b.limited(b.Rate + float64(midway*(was-b.Rate)))
	b.renew()
}

// doubt notes what a cut was made for, so that it can be taken back. When nearly all are refused
// nothing is doubted, nor while the target is clear, where a cut costs nothing.
func (b *Book) doubt(share, was float64) {
	b.Vain, b.Was = 0, 0
	if b.Mode != Clear && share <= mostly {
		b.Vain, b.Was = share, was
	}
}

// hold keeps the rate: the target's queue grows.
func (b *Book) hold() {
	clean := b.Clean / 2 // it may be chance, or the doing of attempts that are not paced
	if b.Mode == Ramp && b.Clean > 0 {
		b.Clean = 0
	} else {
		b.limited(max(b.Good, b.Rate))
		b.relax()
		b.Clean = clean
	}
	b.round()
}

// ease lets the target's queue shrink.
func (b *Book) ease() {
	good := b.Good
	if good == 0 {
		good = b.Rate
	}
	b.Rate = max(float64(eased*b.Rate), min(b.Rate, float64(easedMost*good)), slowest)
	b.relax()
	b.limited(good)
	b.renew()
}

// limited notes that the limit of the target was seen, at about this rate. While the target
// is clear the rate is that of retries only, and tells nothing of the limit.
func (b *Book) limited(good float64) {
	b.Clean = 0
	if b.Mode != Clear {
		b.Mode, b.Good = Paced, good
	}
}

// grow raises the rate: what was sent was served, and soon.
func (b *Book) grow(excess float64) {
	by, most := b.growth()
	by = float64(by * min(1, (risen-excess)/risen)) // slower where latency begins to rise
	b.Rate = bounded(min(b.Rate+float64(b.Rate*by), most))
	b.renew()
}

// growth returns the share by which the rate may grow, and up to which rate.
func (b *Book) growth() (by, most float64) {
	if b.Mode == Paced && b.Rate < b.Good {
		return regain, b.Good
	}
	b.Clean = min(b.Clean+1, 100)
	if b.Mode == Paced && b.Wary == 0 && b.Clean > 1 && b.queue() < queued {
		return float64(rampStep * rampSteps), fastest // the limit that was seen is not near
	}
	if b.Mode == Paced {
		return min(float64(rampStep*rampSteps), float64(cruise*float64(b.Clean*b.Clean))), fastest
	}
	steps := max(min(b.Clean, rampSteps), min(b.Clean-rampPause, rampMost))
	return float64(rampStep * float64(steps)), fastest
}
