package book

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Member is what one process knows about one target: who waits here, which slots it was
// given, and what the keeper has not been told. It does no I/O, reads no clock and is not safe
// for concurrent use. Events go in; Step, Granted and Wake say what is to be done, and are to
// be called after each event and when the time comes that Wake returned.
//
// Slots are not bound to callers before their time comes. So one that a caller leaves behind
// is the next caller's, and when the target goes down all are void.
type Member struct {
	id   uint64
	rnd  *rand.Rand
	line line

	slots []slot
	probe appointment // a probe is to be made
	tried appointment // a probe is under way, since then

	known Notice  // the latest word of the keeper
	heard Instant // when it came
	told  bool    // there was one

	gates   bool // first attempts have slots too, while the target is not clear
	eras    eras
	done    outcomes
	success Instant // the latest, if ever
	fresh   Instant // since when successes are counted while the target is clear

	asking bool
	sent   outcomes // what the ask under way tells
	fill   int      // the callers it wants tickets for
	pushed bool     // a push came since it was sent
	void   bool     // and told of another book
	misses int      // asks in a row without an answer

	rest  Instant     // no ask before
	again Instant     // no ask for slots before: the keeper had no room
	join  appointment // ask for tickets
	take  appointment // offer to probe
	quiet Instant     // ask because nothing was heard
}

// slot is a permission that has no caller yet.
type slot struct {
	at    Instant
	epoch int64
}

// appointment is a time that may not be set.
type appointment struct {
	at  Instant
	set bool
}

func (a appointment) or(at Instant) Instant {
	if a.set {
		return min(a.at, at)
	}
	return at
}

func at(i Instant) appointment { return appointment{i, true} }

// Grant is the permission for one attempt. Its time At has come.
type Grant struct {
	Caller Caller
	At     Instant
	Probe  bool // its attempt is to find out whether the target is there again
}

// The times of a member, in microseconds.
const (
	// gap is the least time between two asks, so that a member asks at most 25 times a
	// second, whatever happens.
	gap = 40_000
	// surrender is the longest wait after an ask that was not answered.
	surrender = 1_000_000
	// enrol is how soon callers get a ticket while the target is down; then nothing hurries.
	enrol = 1_000_000
	// In which time results are told when no other ask takes them along. The ramp needs them
	// soon; while the target is down only those of probes are news.
	tellClear, tellRamp, tellPaced, tellDown = 50_000, 20_000, 150_000, 1_000_000
)

// NewMember returns a member with an id that no other member of the target has. The seed is
// of its random numbers, which spread what members would else do at the same time. The rules
// are the keeper's of the target: members do as they are told, and need none of them so far.
func NewMember(_ Rules, id uint64, seed uint64) *Member {
	return &Member{id: id, rnd: rand.New(rand.NewPCG(id, seed))}
}

// Wait notes that an attempt ended as f, and that its caller wants another slot.
func (m *Member) Wait(now Instant, c Caller, f Feedback) {
	m.count(now, f)
	m.Join(now, c, f.Attempt)
}

// Join notes that a caller wants another slot that has spent so many attempts, of which Ended
// has told.
func (m *Member) Join(now Instant, c Caller, attempt int) {
	if attempt > 1 && m.told {
		m.line.front(c, attempt, m.known.Head) // it had its turn, and was refused
	} else {
		m.line.add(c, attempt)
	}
	m.enrol(now)
}

// Gate notes that a first attempt wants a slot, because the target is not clear.
func (m *Member) Gate(now Instant, c Caller) {
	m.gates = true
	m.line.add(c, 0)
	m.enrol(now)
}

// Leave notes that c gave up. A slot that is left over goes back. Like all events it has a
// time, though nothing depends on it.
func (m *Member) Leave(_ Instant, c Caller) { m.line.leave(c) }

// LeaveAll notes that all who wait gave up.
func (m *Member) LeaveAll(Instant) { m.line = line{} }

// Unmade notes that the probe that was granted last will not be made, so that another member
// need not wait for its result.
func (m *Member) Unmade(now Instant) {
	if !m.tried.set {
		return
	}
	m.tried.set = false
	if m.done.empty() {
		m.done.oldest = now
	}
	m.done.probed = true
}

// Ended notes that an attempt ended as f, and that nobody wants a slot for it. A success while
// the target is clear costs next to nothing, and makes no ask due.
func (m *Member) Ended(now Instant, f Feedback) { m.count(now, f) }

// Clear reports whether first attempts may go at once, as far as is known.
func (m *Member) Clear() bool { return m.known.Mode == Clear }

// Answered takes in the answer to the ask under way.
func (m *Member) Answered(now Instant, a Answer) {
	if !m.asking {
		return
	}
	m.asking, m.misses = false, 0
	news := !m.pushed || a.Seq >= m.known.Seq
	if news {
		m.learn(now, a.Notice)
	}
	lost := m.void && !news // it is the word of a book that is no more
	if !lost {
		m.line.number(a.Ticket, m.fill)
	}
	m.join.set = false
	m.enrol(now)
	switch {
	case lost:
		return
	case (a.Mode == Down) != (m.known.Mode == Down):
		return // overtaken by a push
	case a.Probe:
		m.probe = at(now + Instant(micros(a.First)))
		return
	case a.Again > 0:
		m.again = now + Instant(micros(a.Again))
	}
	first, step := now+Instant(micros(a.First)), Instant(micros(a.Step))
	for i := range a.Slots {
		m.receive(slot{first + Instant(i)*step, a.Epoch})
	}
}

// receive puts a slot among the others by its time: one that comes from another member is
// earlier than those that were given before.
func (m *Member) receive(s slot) {
	i := len(m.slots)
	for i > 0 && m.slots[i-1].at > s.at {
		i--
	}
	m.slots = slices.Insert(m.slots, i, s)
}

// Unanswered notes that the ask under way was lost. What it told is kept for the next; slots
// that it gave back are lost.
func (m *Member) Unanswered(now Instant) {
	if !m.asking {
		return
	}
	m.asking = false
	m.done.restore(m.sent)
	m.misses = min(m.misses+1, 10)
	m.rest = now + Instant(min(gap<<m.misses, surrender))
}

// Granted returns the callers whose slot has come since the last call. Their attempts may
// start now.
func (m *Member) Granted(now Instant) []Grant {
	var out []Grant
	if m.probe.set && m.probe.at <= now && m.line.len() > 0 {
		c := m.line.remove(m.line.freshest())
		out = append(out, Grant{c, m.probe.at, true})
		m.probe.set, m.tried = false, at(now)
	}
	for len(m.slots) > 0 && m.slots[0].at <= now {
		s := m.slots[0]
		m.slots = m.slots[1:]
		m.eras.mark(s.epoch, now)
		if m.line.len() > 0 {
			out = append(out, Grant{m.line.remove(m.line.first), s.at, false})
		}
	}
	return out
}

// Idle reports whether nothing waits here and nothing is to be told, so that the member may
// be forgotten. No rule depends on the time so far.
func (m *Member) Idle(Instant) bool {
	return !m.asking && m.line.len() == 0 && len(m.slots) == 0 && !m.probe.set && !m.owes()
}

// enrol sees to it that callers without a ticket get one.
func (m *Member) enrol(now Instant) {
	if m.join.set || m.line.unnumbered() == 0 {
		return
	}
	switch m.known.Mode {
	case Clear:
		m.join = at(now)
	case Down:
		m.join = at(now + m.within(enrol))
	default:
		m.join = at(now + m.within(gap))
	}
}

// count notes how an attempt ended.
func (m *Member) count(now Instant, f Feedback) {
	if f.Result == Success {
		m.success = max(now, 1)
		if m.known.Mode == Clear && now-m.fresh > second && !m.done.refusals {
			m.done, m.fresh = outcomes{epoch: m.done.epoch}, now // only what is recent tells
		}
	}
	sent := now - Instant(micros(f.Latency))
	epoch := m.eras.of(sent)
	if f.Attempt <= 1 && !m.gates && (m.known.Mode == Ramp || m.known.Mode == Paced) {
		epoch = 0 // it had no slot, so it tells nothing of the pace
	}
	m.done.add(now, epoch, f)
	if m.known.Mode != Down || epoch != m.known.Epoch {
		return
	}
	m.done.urgent = m.done.urgent || f.Result == Success
	if m.tried.set && sent >= m.tried.at {
		m.tried.set, m.done.probed = false, true // or another that is as good as the probe
	}
}

// owes tells whether there is something to tell. Successes while the target is clear wait for
// refusals to put them in proportion.
func (m *Member) owes() bool {
	if m.known.Mode == Clear {
		return m.done.refusals
	}
	return !m.done.empty()
}

// within returns a random time of up to d.
func (m *Member) within(d Instant) Instant { return Instant(m.rnd.Int64N(int64(d) + 1)) }

// seldom returns a random time of up to d that is seldom short. Of many members one comes
// clearly before the others, and the notice that its ask brings about spares them theirs; of
// few none comes much too late.
func (m *Member) seldom(d Instant) Instant {
	return Instant(float64(d) * math.Pow(m.rnd.Float64(), 1.0/8))
}
