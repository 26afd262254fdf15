package book

import (
	"container/heap"
	"math"
	"math/rand/v2"
)

// A small world in virtual time: callers in processes, one member each, one keeper, and a
// server with ten workers per 100/s that each serve a call in 100 ms, a waiting room of ten,
// and refusals that cost it a fifth of a call. All times are in microseconds.

// herd is a scenario. Its callers make their first attempts within the first second, and the
// server is down from the start.
type herd struct {
	callers, processes, capacity int
	rules                        Rules
	gated                        bool    // first attempts ask when the target is not clear
	down                         int64   // until then
	half                         bool    // it comes back with half of its capacity
	lostPushes, lostAsks         float64 // shares
	leaving                      float64 // share of callers that give up while they wait
	spread                       float64 // sigma of the server's latency, log-normal; 0: ± 20 %
	seed                         uint64
}

// result is what became of a herd.
type result struct {
	done, left int
	drain      float64 // from the end of the outage to the last success, over the ideal
	calls      float64 // attempts per success
	peak       float64 // most paced attempts in 100 ms, over what can be served then
	asks       float64 // per paced attempt
	hurried    int     // asks that came sooner after another than a member may
	dishonest  int     // callers that were served sooner than was possible
}

type world struct {
	herd
	now     int64
	seq     int
	agenda  agenda
	rnd     *rand.Rand
	server  server
	book    Book
	procs   []*process
	sent    int // attempts
	paced   []int64
	asks    int
	last    int64
	outcome result
}

type event struct {
	at  int64
	seq int
	do  func()
}

type agenda []event

func (a agenda) Len() int { return len(a) }
func (a agenda) Less(i, j int) bool {
	return a[i].at < a[j].at || a[i].at == a[j].at && a[i].seq < a[j].seq
}
func (a agenda) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a *agenda) Push(x any)   { *a = append(*a, x.(event)) }
func (a *agenda) Pop() any {
	old := *a
	e := old[len(old)-1]
	*a = old[:len(old)-1]
	return e
}

func (w *world) after(d int64, f func()) {
	w.seq++
	heap.Push(&w.agenda, event{w.now + max(d, 0), w.seq, f})
}

const service = 100_000

type server struct {
	w       *world
	workers int
	busy    int
	debt    int64 // work that refusals cost
	queue   []func(bool)
}

func (s *server) arrive(reply func(ok bool)) {
	switch {
	case s.w.now < s.w.down:
		reply(false)
	case s.busy < s.workers:
		s.serve(reply)
	case len(s.queue) < 10:
		s.queue = append(s.queue, reply)
	default:
		s.debt = min(s.debt+service/5, int64(s.workers)*second)
		reply(false)
	}
}

func (s *server) serve(reply func(bool)) {
	s.busy++
	d := 0.8 + 0.4*s.w.rnd.Float64()
	if g := s.w.spread; g > 0 {
		d = math.Exp(g*s.w.rnd.NormFloat64() - g*g/2)
	}
	s.w.after(int64(service*d), func() {
		reply(true)
		s.next()
	})
}

func (s *server) next() {
	s.busy--
	switch {
	case s.debt > 0:
		d := min(s.debt, service/5)
		s.debt -= d
		s.busy++
		s.w.after(d, s.next)
	case len(s.queue) > 0:
		reply := s.queue[0]
		s.queue = s.queue[1:]
		s.serve(reply)
	}
}

type process struct {
	w       *world
	m       *Member
	timer   int
	asked   int64
	spent   map[Caller]int
	soonest map[Caller]int64 // when its estimate said that it can be served at the earliest
}

func (w *world) net() int64   { return 10_000 + w.rnd.Int64N(20_001) }
func (w *world) store() int64 { return 500 + w.rnd.Int64N(2001) }

func (p *process) attempt(c Caller, paced bool) {
	w, sent := p.w, p.w.now
	p.spent[c]++
	n := p.spent[c]
	w.sent++
	w.after(w.net(), func() {
		if paced {
			w.paced = append(w.paced, w.now)
		}
		w.server.arrive(func(ok bool) {
			w.after(w.net(), func() { p.ended(c, n, ok, w.now-sent) })
		})
	})
}

func (p *process) ended(c Caller, n int, ok bool, latency int64) {
	w := p.w
	f := Feedback{Result: Success, Latency: duration(latency), Attempt: n}
	if ok {
		w.outcome.done++
		w.last = w.now
		p.m.Ended(Instant(w.now), f)
	} else {
		f.Result = Rejected
		p.m.Wait(Instant(w.now), c, f)
		p.wait(c)
	}
	p.drive()
}

func (p *process) wait(c Caller) {
	w := p.w
	p.soonest[c] = w.now + micros(p.m.EstimateOf(Instant(w.now), c))
	if w.rnd.Float64() >= w.leaving {
		return
	}
	w.after(w.rnd.Int64N(w.down), func() {
		if p.m.line.by[c] != nil {
			p.m.Leave(Instant(w.now), c)
			w.outcome.left++
			p.drive()
		}
	})
}

func (p *process) drive() {
	w := p.w
	if a, ok := p.m.Step(Instant(w.now)); ok {
		p.ask(a)
	}
	for _, g := range p.m.Granted(Instant(w.now)) {
		if w.now < p.soonest[g.Caller] {
			w.outcome.dishonest++
		}
		p.attempt(g.Caller, true)
	}
	p.timer++
	timer := p.timer
	if at, ok := p.m.Wake(); ok {
		w.after(int64(at)-w.now, func() {
			if p.timer == timer {
				p.drive()
			}
		})
	}
}

func (p *process) ask(a Ask) {
	w := p.w
	w.asks++
	if p.asked > 0 && w.now-p.asked < gap {
		w.outcome.hurried++
	}
	p.asked = w.now
	if w.rnd.Float64() < w.lostAsks/2 {
		w.after(100_000, func() { p.m.Unanswered(Instant(w.now)); p.drive() })
		return
	}
	w.after(w.store(), func() {
		out := w.book.Step(w.rules, Instant(w.now), a)
		if out.Push {
			w.push(out.Notice)
		}
		if w.rnd.Float64() < w.lostAsks/2 { // the reply is lost
			w.after(100_000, func() { p.m.Unanswered(Instant(w.now)); p.drive() })
			return
		}
		w.after(w.store(), func() { p.m.Answered(Instant(w.now), out); p.drive() })
	})
}

func (w *world) push(n Notice) {
	for _, p := range w.procs {
		if w.rnd.Float64() >= w.lostPushes {
			w.after(w.store(), func() { p.m.Heard(Instant(w.now), n); p.drive() })
		}
	}
}

// run plays the scenario for up to ten minutes.
func (h herd) run() result {
	w := &world{herd: h, rnd: rand.New(rand.NewPCG(h.seed, 77))}
	w.server = server{w: w, workers: max(1, h.capacity/10)}
	for i := range h.processes {
		m := NewMember(h.rules, w.rnd.Uint64(), h.seed+uint64(i))
		w.procs = append(w.procs, &process{w: w, m: m, spent: map[Caller]int{}, soonest: map[Caller]int64{}})
	}
	for i := range h.callers {
		p, c := w.procs[i%h.processes], Caller(i)
		w.after(w.rnd.Int64N(second), func() {
			if h.gated && !p.m.Clear() {
				p.m.Gate(Instant(w.now), c)
				p.wait(c)
				p.drive()
				return
			}
			p.attempt(c, false)
		})
	}
	if h.half {
		w.after(h.down, func() { w.server.workers /= 2 })
	}
	for len(w.agenda) > 0 && w.now < 600*second {
		e := heap.Pop(&w.agenda).(event)
		w.now = e.at
		e.do()
	}
	return w.measure()
}

func (w *world) measure() result {
	o := w.outcome
	capacity := float64(w.server.workers) * 10
	o.drain = float64(w.last-w.down) / second / (float64(o.done) / capacity)
	o.calls = float64(w.sent) / float64(max(1, o.done))
	o.asks = float64(w.asks) / float64(max(1, len(w.paced)))
	from := 0
	for i, at := range w.paced {
		for w.paced[from] <= at-100_000 {
			from++
		}
		o.peak = max(o.peak, float64(i-from+1)/(capacity/10))
	}
	return o
}
