package rivals

import (
	"time"

	"github.com/goaroundhq/goaround/benchmarks/herd/sim"
	"github.com/goaroundhq/goaround/slot/book"
)

// Ours is how goaround's pacer is used.
type Ours struct {
	Name  string
	Rules book.Rules
	Local bool // each process has a book of its own, and no store
	Gated bool // first attempts ask too while the server is not well
}

// Strategy drives the very rules that the pacer runs: one book.Member in each process, one
// book.Book in the store.
func (o Ours) Strategy() sim.Strategy {
	return sim.Strategy{Name: o.Name, Ours: true, Start: func(w *sim.World) func(int) sim.Client {
		fleet := &keeper{w: w, rules: o.Rules}
		return func(process int) sim.Client {
			if w.Storeless(process) && !o.Local {
				return &alone{w, blind(w)}
			}
			p := &paced{
				w: w, process: process, gated: o.Gated, keeper: fleet, local: o.Local,
				member:  book.NewMember(o.Rules, w.Rng.Uint64(), w.Rng.Uint64()),
				waiting: map[book.Caller]*sim.Call{},
				epoch:   time.Duration(w.Rng.Int64N(3600e6)) * time.Microsecond,
			}
			if o.Local {
				p.keeper = &keeper{w: w, rules: o.Rules}
			}
			p.keeper.members = append(p.keeper.members, p)
			return p
		}
	}}
}

// fallbackMost is the highest ceiling of slot.FullJitter, unless told otherwise; its lowest is
// base.
const fallbackMost = 10 * time.Second

// blind is what the pacer falls back to without its store.
func blind(w *sim.World) delay {
	return func(c *sim.Call, _ sim.Reply) (time.Duration, bool) {
		return upTo(w.Rng, ceiling(c.Attempt, fallbackMost)), true
	}
}

// keeper is the store of a book, with a clock of its own.
type keeper struct {
	w       *sim.World
	rules   book.Rules
	book    book.Book
	members []*paced // by number of process, without those that cannot reach it
}

// keeperEpoch is where the keeper's clock stands at the start.
const keeperEpoch = 20_000 * 24 * time.Hour

func (k *keeper) step(a book.Ask) book.Answer {
	return k.book.Step(k.rules, instant(k.w.Now()+keeperEpoch), a)
}

// push lets the members hear.
func (k *keeper) push(n book.Notice) {
	byProcess := make(map[int]*paced, len(k.members))
	for _, m := range k.members {
		byProcess[m.process] = m
	}
	k.w.Push(func(process int) {
		if m := byProcess[process]; m != nil {
			m.heard(n)
		}
	})
}

func instant(d time.Duration) book.Instant { return book.Instant(d / time.Microsecond) }

// paced is one process with the pacer.
type paced struct {
	w       *sim.World
	process int
	gated   bool
	local   bool
	keeper  *keeper
	member  *book.Member
	waiting map[book.Caller]*sim.Call // for a slot, or for its time
	epoch   time.Duration             // where this process's clock stands at the start
	wake    time.Duration             // earliest wake that is set, 0 for none
}

func (p *paced) now() book.Instant { return instant(p.w.Now() + p.epoch) }

// First sends at once, unless first attempts are gated and the server is not well.
func (p *paced) First(c *sim.Call) {
	if !p.gated || p.member.Clear() {
		p.w.Send(c)
		return
	}
	p.waiting[book.Caller(c.ID)] = c
	p.member.Gate(p.now(), book.Caller(c.ID))
	p.turn()
}

// Ended tells the member.
func (p *paced) Ended(c *sim.Call, r sim.Reply) {
	if r.OK {
		p.member.Ended(p.now(), feedback(c, book.Success))
	} else {
		p.waiting[book.Caller(c.ID)] = c
		p.member.Wait(p.now(), book.Caller(c.ID), feedback(c, book.Rejected))
	}
	p.turn()
}

// Left gives the caller's slot back. Of an attempt under way nobody will learn more.
func (p *paced) Left(c *sim.Call) {
	if c.InFlight {
		p.member.Ended(p.now(), feedback(c, book.Failed))
	} else {
		delete(p.waiting, book.Caller(c.ID))
		p.member.Leave(p.now(), book.Caller(c.ID))
	}
	p.turn()
}

func feedback(c *sim.Call, r book.Result) book.Feedback {
	return book.Feedback{Result: r, Latency: c.Latency, Attempt: c.Attempt}
}

func (p *paced) heard(n book.Notice) {
	p.member.Heard(p.now(), n)
	p.turn()
}

// turn does what the member wants done.
func (p *paced) turn() {
	p.ask()
	for _, g := range p.member.Granted(p.now()) {
		c := p.waiting[g.Caller]
		p.w.At(time.Duration(g.At)*time.Microsecond-p.epoch, func() { p.send(c) })
	}
	p.sleep()
}

// send sends an attempt whose time has come, if its caller is still there.
func (p *paced) send(c *sim.Call) {
	if c.Gone() {
		return
	}
	delete(p.waiting, book.Caller(c.ID))
	p.w.Send(c)
}

func (p *paced) ask() {
	for {
		ask, due := p.member.Step(p.now())
		if !due {
			return
		}
		if !p.local {
			p.call(ask)
			return
		}
		p.member.Answered(p.now(), p.keeper.step(ask))
	}
}

// call asks the store.
func (p *paced) call(ask book.Ask) {
	var answer book.Answer
	p.w.Ask(p.process, func() {
		answer = p.keeper.step(ask)
		if answer.Push {
			p.keeper.push(answer.Notice)
		}
	}, func() {
		p.member.Answered(p.now(), answer)
		p.turn()
	})
}

// timer is the shortest sleep of a process.
const timer = 100 * time.Microsecond

// sleep wakes the member when it wants to be.
func (p *paced) sleep() {
	wake, ok := p.member.Wake()
	if !ok {
		return
	}
	at := max(time.Duration(wake)*time.Microsecond-p.epoch, p.w.Now()+timer)
	if p.wake > p.w.Now() && p.wake <= at {
		return
	}
	p.wake = at
	p.w.At(at, func() {
		if p.wake == at {
			p.wake = 0
			p.turn()
		}
	})
}
