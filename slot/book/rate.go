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
	if b.OK == 0 || n < fewest || float64(n) < float64(b.Rate*roundShare) {
		return // no success at all is an outage's sign and not the rate's
	}
	mean := b.Took / float64(b.OK)
	excess := b.compare(mean)
	share := float64(refused) / float64(n)
	switch {
	case share > tolerated:
		b.cut(r, share)
	case now-b.Busy > idle:
		b.round()
	case excess > long:
		b.ease()
	case excess > risen:
		b.hold()
	default:
		b.grow(excess)
	}
}

// compare keeps the least mean latency, and returns by which share of it this one is more. It
// goes down by halves, or the least of many rounds would be a lucky one.
func (b *Book) compare(mean float64) float64 {
	mean = max(mean, 1)
	switch {
	case b.Guess == 1:
		b.Base, b.Guess = min(max(mean, b.Base), float64(trusted*b.Base)), 0
	case b.Base == 0:
		b.Base = mean
	case mean < b.Base:
		b.Base = (b.Base + mean) / 2
	}
	return mean/b.Base - 1
}

// cut lowers the rate to what was served.
func (b *Book) cut(r Rules, share float64) {
	was := b.Rate
	b.Rate = max(slowest, float64(was*max(deepest, 1-share)))
	if b.Mode == Clear {
		// Not every attempt was paced, so the share says less; and a few retries do no harm.
		b.Rate = max(b.Rate, min(was, max(unproven, r.start())))
	}
	b.limited(b.Rate + float64(midway*(was-b.Rate)))
	b.renew()
}

// hold keeps the rate: the target's queue grows.
func (b *Book) hold() {
	clean := b.Clean / 2 // it may be chance, or the doing of attempts that are not paced
	if b.Mode == Ramp && b.Clean > 0 {
		b.Clean = 0
	} else {
		b.limited(max(b.Good, b.Rate))
		b.Base = float64(b.Base * relax)
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
	b.Base = float64(b.Base * relax)
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
	if b.Mode == Paced {
		return min(float64(rampStep*rampSteps), float64(cruise*float64(b.Clean*b.Clean))), fastest
	}
	steps := max(min(b.Clean, rampSteps), min(b.Clean-rampPause, rampMost))
	return float64(rampStep * float64(steps)), fastest
}
