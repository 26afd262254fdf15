package book

import "math"

// Book is what the keeper of a target knows. The zero value is the book of a target that
// nobody has asked about. All fields are exported so that a store can write them down; only
// Step changes them. Times are in microseconds on the keeper's clock.
type Book struct {
	Mode  Mode
	Seq   int64   // of the latest notice that was pushed; 0 = a fresh book
	Epoch int64   // grows when results of attempts sent before become stale
	Last  Instant // the latest step
	Begun Instant // when the mode began
	Heard Instant // when the latest notice was pushed

	Rate float64 // slots per second
	Good float64 // the rate that the target seemed to manage when its limit was last seen, 0 = not yet
	Free float64 // when the next slot is free
	Late float64 // when the next member that found no room may ask again
	Head float64 // the next ticket whose turn comes
	Tail float64 // the next ticket to give
	Busy Instant // when somebody last had to wait

	OK, Rejected, Failed int64   // results of this round
	Took                 float64 // latencies of its successes, summed
	Base                 float64 // the least mean latency of a round since the target answers, 0 = none
	Guess                int64   // 1: Base is the latency of one probe only
	Prev                 float64 // the mean latency of the round before, 0 = none
	Wild                 float64 // by how much such means differ by chance, as a share of Base
	Wary                 int64   // rounds for which no difference is held for chance
	Vain                 float64 // the share of refusals of the latest cut, while it may be in vain, 0 = none
	Was                  float64 // the rate before that cut, 0 = it was in vain: such a share is no sign
	Clean                int64   // rounds that were free of signs of a limit

	Fails   int64   // failures in a row
	Success Instant // the latest success

	Probe  Instant // Down: when the next probe is due
	Taken  int64   // 1: somebody makes it
	Streak int64   // probes in a row by one member

	Spare   int64   // slots that came back, at the pace of Rate...
	SpareAt Instant // ...from this time on
}

// Step takes one ask, at a time of the keeper's clock, and answers it. Every ask is lawful:
// what makes no sense in it is cut to what does. So is every time: a clock that was set back
// is taken to have stood still.
func (b *Book) Step(r Rules, now Instant, a Ask) Answer {
	now = min(max(now, -farthest), farthest)
	a = a.lawful()
	b.follow(r, now)
	mode, epoch, taken := b.Mode, b.Epoch, b.Taken
	b.report(r, now, a)
	var out Answer
	b.number(a, &out)
	if b.Mode == Down {
		b.probe(now, a, &out)
	} else {
		b.takeBack(now, a)
		b.pass(now)
		b.grant(now, a, &out)
		b.settle(now)
	}
	news := b.Mode != mode || b.Epoch != epoch ||
		b.Mode == Down && (a.Probed || b.Taken != taken)
	b.tell(now, news, mode, &out)
	b.Last = now
	return out
}

// farthest keeps every time, and every sum of two, exact in a float64.
const farthest = 1 << 52

// follow opens a fresh book, and moves its times when the clock was set back.
func (b *Book) follow(r Rules, now Instant) {
	if b.Seq == 0 {
		b.open(r, now)
	}
	back := b.Last - now
	if back <= 0 {
		return
	}
	for _, t := range []*Instant{&b.Begun, &b.Heard, &b.Busy, &b.Success, &b.Probe, &b.SpareAt} {
		*t = max(*t-back, now-maxMicros)
	}
	for _, t := range []*float64{&b.Free, &b.Late} {
		*t = max(*t-float64(back), float64(now-maxMicros))
	}
}

// open begins a book. Its numbers start at the clock's milliseconds: higher than those of a
// book that was lost before, for nothing is counted a thousand times a second.
func (b *Book) open(r Rules, now Instant) {
	b.Seq = max(1, int64(now)/1000)
	b.Epoch = b.Seq
	b.Last, b.Begun, b.Heard, b.Busy = now, now, now, now
	b.Success = now - maxMicros
	b.Head, b.Tail = 1, 1
	b.Free, b.Late = float64(now), float64(now)
	b.Rate = r.start()
	if b.Rate == 0 {
		b.Rate = unproven
	}
}

// enter begins a mode. What was being counted, and what was given, belongs to the one before.
func (b *Book) enter(m Mode, now Instant) {
	b.Mode, b.Begun = m, now
	b.Clean, b.Fails, b.Spare, b.Wary = 0, 0, 0, 0
	b.Vain, b.Was = 0, 0
	b.Free, b.Late = float64(now), float64(now)
	b.renew()
}

// renew begins an epoch: only results of attempts that are sent in it count from now on.
func (b *Book) renew() {
	b.Epoch++
	b.round()
}

// round begins a round.
func (b *Book) round() { b.OK, b.Rejected, b.Failed, b.Took = 0, 0, 0, 0 }

// step is the time between two slots.
func (b *Book) step() float64 { return second / b.Rate }

// start is when the next slot could be.
func (b *Book) start(now Instant) float64 {
	if b.Mode == Clear {
		now += breath
	}
	return max(b.Free, float64(now))
}

func whole(us float64) int64 { return int64(math.Floor(us)) }
