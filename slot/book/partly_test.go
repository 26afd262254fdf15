package book

import (
	"container/heap"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// partly is a target of several servers behind one name, of which one is broken now and then
// while the others serve thousands of calls per second. Its callers are gated, come again as
// soon as a call has ended, and each call has a deadline. All times are in microseconds.
type partly struct {
	callers, processes, servers int
	latency                     float64 // median of a call
	spread                      float64 // sigma of it, log-normal
	every, broken               int64   // one server is broken in the last part of each period
	hangs                       int64   // and its calls fail after so long; 0: are refused at once
	away, awayFor               int64   // all servers refuse, from then on for so long
	slowFor                     int64   // calls are slow for the first part of each period...
	slow                        int64   // ...by so much
	ungated                     bool
	seed                        uint64
}

// fate is what became of it.
type fate struct {
	served  int
	refused int     // told that there is no slot before their deadline
	late    int     // whose deadline came first
	sent    int     // attempts
	low     float64 // share of the time in which callers waited for a rate that was far too low
	lowest  float64 // the lowest rate
}

// crowd is a partly in virtual time.
type crowd struct {
	partly
	now    int64
	seq    int
	agenda agenda
	rnd    *rand.Rand
	book   Book
	rooms  []*room
	got    fate
	next   Caller
	far    float64 // a rate that is far too low
	from   int64   // counts from then on
	low    int64
}

// room is a process with its member.
type room struct {
	*crowd
	m     *Member
	timer int
	calls map[Caller]*order
}

// order is one call.
type order struct {
	r        *room
	id       Caller
	deadline int64
	attempt  int
	over     bool
}

func (c *crowd) after(d int64, f func()) {
	c.seq++
	heap.Push(&c.agenda, event{c.now + max(d, 0), c.seq, f})
}

func (c *crowd) counts() bool { return c.now >= c.from }

func (r *room) begin() {
	r.next++
	o := &order{r: r, id: r.next, deadline: r.now + []int64{500, 1000, 3000, 10_000}[r.rnd.IntN(4)]*msec}
	r.calls[o.id] = o
	r.after(o.deadline-r.now, func() {
		if o.over {
			return
		}
		r.m.Leave(Instant(r.now), o.id)
		if r.counts() {
			r.got.late++
		}
		o.end(0)
	})
	switch {
	case r.ungated || r.m.Clear():
		o.send()
	case r.m.Estimate(Instant(r.now)) > duration(o.deadline-r.now):
		o.refuse()
	default:
		r.m.Gate(Instant(r.now), o.id)
	}
	r.drive()
}

func (o *order) end(pause int64) {
	o.over = true
	delete(o.r.calls, o.id)
	o.r.after(pause+o.r.rnd.Int64N(msec), o.r.begin)
}

func (o *order) refuse() {
	o.r.m.Leave(Instant(o.r.now), o.id)
	if o.r.counts() {
		o.r.got.refused++
	}
	o.end(10 * msec)
}

func (o *order) send() {
	r, sent := o.r, o.r.now
	o.attempt++
	if r.counts() {
		r.got.sent++
	}
	d, result := r.attempt()
	r.after(d, func() {
		f := Feedback{Result: result, Latency: duration(r.now - sent), Attempt: o.attempt}
		switch {
		case result == Success || o.over:
			r.m.Ended(Instant(r.now), f)
			if !o.over {
				if r.counts() {
					r.got.served++
				}
				o.end(0)
			}
		default:
			r.m.Wait(Instant(r.now), o.id, f)
			if r.m.EstimateOf(Instant(r.now), o.id) > duration(o.deadline-r.now) {
				o.refuse()
			}
		}
		r.drive()
	})
}

// attempt is what one of the servers does.
func (c *crowd) attempt() (int64, Result) {
	net := 500 + c.rnd.Int64N(500)
	if c.now >= c.away && c.now < c.away+c.awayFor {
		return net, Rejected
	}
	if c.every > 0 && c.now%c.every >= c.every-c.broken && c.rnd.IntN(c.servers) == 0 {
		if c.hangs > 0 {
			return c.hangs, Failed
		}
		return net, Rejected
	}
	if c.every > 0 && c.now%c.every < c.slowFor {
		net += c.rnd.Int64N(c.slow)
	}
	return net + int64(c.latency*math.Exp(c.spread*c.rnd.NormFloat64())), Success
}

func (r *room) drive() {
	if a, ok := r.m.Step(Instant(r.now)); ok {
		r.after(300+r.rnd.Int64N(700), func() {
			out := r.book.Step(Rules{}, Instant(r.now), a)
			if out.Push {
				for _, q := range r.rooms {
					q.after(300+r.rnd.Int64N(700), func() { q.m.Heard(Instant(q.now), out.Notice); q.drive() })
				}
			}
			r.after(300+r.rnd.Int64N(700), func() { r.m.Answered(Instant(r.now), out); r.drive() })
		})
	}
	for _, g := range r.m.Granted(Instant(r.now)) {
		if o := r.calls[g.Caller]; o != nil {
			o.send()
		}
	}
	r.timer++
	timer := r.timer
	if at, ok := r.m.Wake(); ok {
		r.after(int64(at)-r.now, func() {
			if r.timer == timer {
				r.drive()
			}
		})
	}
}

// watch notes how long the rate is far too low.
func (c *crowd) watch() {
	const interval = 10 * msec
	if c.counts() && (c.book.Mode == Paced || c.book.Mode == Ramp) {
		c.got.lowest = min(c.got.lowest, c.book.Rate)
		if c.book.Rate < c.far {
			c.low += interval
		}
	}
	c.after(interval, c.watch)
}

func (p partly) run(length int64, far float64) fate {
	c := &crowd{partly: p, rnd: rand.New(rand.NewPCG(p.seed, 78)), far: far, from: p.away + p.awayFor + 2*second}
	c.got.lowest = fastest
	for i := range p.processes {
		r := &room{crowd: c, m: NewMember(Rules{}, c.rnd.Uint64(), p.seed+uint64(i)), calls: map[Caller]*order{}}
		c.rooms = append(c.rooms, r)
		for range p.callers / p.processes {
			c.after(c.rnd.Int64N(100*msec), r.begin)
		}
	}
	c.watch()
	for len(c.agenda) > 0 && c.now < length {
		e := heap.Pop(&c.agenda).(event)
		c.now = e.at
		e.do()
	}
	c.got.low = float64(c.low) / float64(length-c.from)
	return c.got
}

// One server of several that is broken for a moment says nothing about the rate that the others
// manage: it must not be unlearned, nor may callers be refused that would have been served.
func TestOneOfSeveralIsBroken(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change  func(*partly)
		served  float64 // at least, of what would be served without the gate
		refused int     // at most
	}{
		"none":                  {func(p *partly) { p.broken = 0 }, 0.3, 0},
		"of three":              {func(*partly) {}, 0.05, 15},
		"of two":                {func(p *partly) { p.servers = 2 }, 0.2, 15},
		"of six":                {func(p *partly) { p.servers = 6 }, 0.1, 15},
		"it hangs":              {func(p *partly) { p.hangs = second }, 0.2, 0},
		"latency varies widely": {func(p *partly) { p.spread = 0.8 }, 0.1, 15},
		"slow at times":         {func(p *partly) { p.slowFor, p.slow = second, 100*msec }, 0.03, 15},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(2) {
				p := partly{
					callers: 48, processes: 3, servers: 3, latency: 8 * msec, spread: 0.3,
					every: 5 * second, broken: 1500 * msec, away: 3 * second, awayFor: 1500 * msec, seed: seed + 1,
				}
				test.change(&p)
				free := p
				free.ungated = true
				want, got := free.run(20*second, 0), p.run(20*second, 100)
				if share := float64(got.served) / float64(want.served); share < test.served || got.refused > test.refused {
					t.Errorf("seed %d: %.2f of what is possible (bar %v), %d refused (%d), under 100/s for %.2f of the time, once %.1f/s",
						seed, share, test.served, got.refused, test.refused, got.low, got.lowest)
				}
			}
		})
	}
}

// A cut after which as many are refused was in vain. It is taken back, and that share of refusals
// is no sign any more, until there are none; but more of them are, and slow successes.
func TestACutInVain(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		ok, refused int
		latency     time.Duration
		rate        float64
		mode        Mode
	}{
		"as many":            {20, 10, 100 * time.Millisecond, 100, Ramp},
		"few":                {29, 2, 100 * time.Millisecond, 62.4, Paced},
		"none":               {30, 0, 100 * time.Millisecond, 73.4, Paced},
		"as many, and slow":  {20, 10, 160 * time.Millisecond, 44.5, Paced},
		"nearly all of them": {4, 26, 100 * time.Millisecond, 100, Ramp},
	}
	for name, test := range tests {
		k := paced(100)
		k.Rate, k.Good, k.Base, k.Prev, k.Guess = 100, 100, 100_000, 100_000, 0
		k.tell(20, 10, 100*time.Millisecond)
		k.tell(test.ok, test.refused, test.latency)
		if math.Abs(k.Rate-test.rate) > 0.1 || k.Mode != test.mode {
			t.Errorf("%s: %v at %v, want %v at %v", name, k.Mode, k.Rate, test.mode, test.rate)
		}
		if test.mode != Ramp {
			continue
		}
		k.tell(20, 10, 100*time.Millisecond)
		if k.Rate < 100 {
			t.Errorf("%s: the same again cuts to %v", name, k.Rate)
		}
		was := k.Rate
		k.tell(3, 27, 100*time.Millisecond)
		if name == "as many" && k.Rate >= was {
			t.Errorf("%s: nine tenths refused leave %v of %v", name, k.Rate, was)
		}
	}
}
