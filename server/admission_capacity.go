package server

import (
	"slices"
	"time"
)

// capacity is what is scarce. Its instants are durations since the line began. It is
// guarded by the line.
type capacity interface {
	take(now time.Duration) bool   // lets one in, if it may
	give(now, since time.Duration) // one that went in at since is out again
	// next is when one more can be let in, or is expected to.
	next(now time.Duration) time.Duration
	// interval is the time between one and the next while there is a line.
	interval(now time.Duration) time.Duration
	// horizon is how far ahead of now slots can be given, at most so far.
	horizon(now, most time.Duration) time.Duration
	// timed reports whether next comes by itself, rather than with a give.
	timed() bool
}

// tokens let in at a rate: GCRA, in which one number holds the bucket.
type tokens struct {
	every time.Duration // one token
	burst time.Duration // what a full bucket may run ahead
	empty time.Duration // when the tokens that were taken are earned
}

func newTokens(perSecond float64, burst int) *tokens {
	every := max(time.Duration(float64(time.Second)/perSecond), 1)
	return &tokens{every: every, burst: time.Duration(burst-1) * every}
}

func (t *tokens) take(now time.Duration) bool {
	if t.next(now) > now {
		return false
	}
	t.empty = max(t.empty, now) + t.every
	return true
}

func (t *tokens) next(now time.Duration) time.Duration      { return max(t.empty-t.burst, now) }
func (t *tokens) interval(time.Duration) time.Duration      { return t.every }
func (*tokens) give(_, _ time.Duration)                     {}
func (*tokens) horizon(_, most time.Duration) time.Duration { return most }
func (*tokens) timed() bool                                 { return true }

// What is assumed of a handler before any request has ended, and within what bounds the
// interval is believed.
const (
	priorTime   = 100 * time.Millisecond
	minInterval = time.Microsecond
	maxInterval = time.Hour
)

// shortHorizon is how far ahead slots are given while the pace is only guessed. Those who
// are told too late a slot then lose no more than this.
const shortHorizon = time.Second

// places are a number of requests that may be inside at a time. By Little's law one place
// becomes free, while all are taken, in each limit-th part of the time that a request
// takes, and that is learned from the requests.
type places struct {
	limit   int
	inside  []time.Duration // when those inside went in, in order
	changed time.Duration   // when the last one went in or out
	ended   float64         // requests that ended; the past fades
	took    float64         // seconds that they took, together
}

func newPlaces(limit int) *places { return &places{limit: limit} }

func (p *places) take(now time.Duration) bool {
	if p.full() {
		return false
	}
	p.changed = now
	p.inside = append(p.inside, now)
	return true
}

func (p *places) full() bool { return len(p.inside) >= p.limit }

func (p *places) give(now, since time.Duration) {
	p.changed = now
	i, _ := slices.BinarySearch(p.inside, since)
	p.inside = slices.Delete(p.inside, i, i+1)
	long := p.long() // one that hung says little about the others; when all are slower, the mean soon follows
	p.ended++
	p.took += min((now - since).Seconds(), long)
	if window := float64(max(64, 2*p.limit)); p.ended > window {
		p.took *= window / p.ended
		p.ended = window
	}
}

// surprise is how many times the mean a request that takes long counts as, at most, and
// the most by which places that are lost slow the pace. leastLong is what the shortest
// pause of the process may add to any request.
const (
	surprise  = 4
	leastLong = time.Millisecond
)

// long is from how many seconds on a request takes longer than is usual.
func (p *places) long() float64 { return max(surprise*p.mean(), leastLong.Seconds()) }

// lost is how many of the places are not to be counted on: their requests have been there
// for so long that nobody knows when they end.
func (p *places) lost(now time.Duration) int {
	n, _ := slices.BinarySearch(p.inside, now-time.Duration(p.long()*float64(time.Second)))
	return n
}

// mean is how long a request took lately, in seconds.
func (p *places) mean() float64 {
	if p.ended == 0 {
		return priorTime.Seconds()
	}
	return p.took / p.ended
}

func (p *places) interval(now time.Duration) time.Duration {
	going := max(float64(p.limit-p.lost(now)), float64(p.limit)/surprise)
	every := p.mean() / going * float64(time.Second)
	return time.Duration(min(max(every, float64(minInterval)), float64(maxInterval)))
}

// stall is for how long nothing has ended, when that is so long that the pace of before
// cannot go on: a pause of the process, a database that hangs. 0 is no stall.
func (p *places) stall(now time.Duration) time.Duration {
	still := now - p.changed
	if !p.full() || still.Seconds() < p.mean()*max(2, 20/float64(p.limit)) {
		return 0
	}
	return still
}

// next expects a stall to last for a part of the time that it has lasted; horizon
// promises nothing much beyond. So callers ask again ever less often while it lasts, and
// are not far away when it ends.
func (p *places) next(now time.Duration) time.Duration {
	if !p.full() {
		return now
	}
	return now + max(p.stall(now)/4, p.interval(now))
}

func (p *places) horizon(now, most time.Duration) time.Duration {
	if p.ended < float64(max(p.limit, 16)) { // the first to end are the quick ones
		return min(shortHorizon, most)
	}
	if stall := p.stall(now); stall > 0 {
		return min(max(stall/2, shortHorizon), most)
	}
	return most
}

func (*places) timed() bool { return false }
