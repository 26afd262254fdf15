package book

import "math"

const never = Instant(math.MaxInt64)

// Step returns the ask to send now, if one is due. At most one is under way: the next comes
// after Answered or Unanswered.
func (m *Member) Step(now Instant) (Ask, bool) {
	if m.asking || m.due() > now {
		return Ask{}, false
	}
	a := Ask{
		Member:  m.id,
		Waiting: max(0, m.line.len()-len(m.slots)),
		New:     m.line.unnumbered(),
		Epoch:   m.done.epoch,
		Tally:   m.done.tally,
		Old:     m.done.old,
		Latency: m.done.mean(),
		Probed:  m.done.probed,
	}
	if m.success > 0 {
		a.Since = duration(int64(max(now-m.success, 1)))
	}
	if m.probe.set && m.line.len() == 0 {
		a.Probed, m.probe.set = true, false // nobody is left to make it
	}
	if extra := len(m.slots) - m.line.len(); extra > 0 {
		a.Back, a.BackAt = extra, duration(int64(m.slots[m.line.len()].at-now))
		m.slots = m.slots[:m.line.len()]
	}
	a.Want, a.Ticket = m.want(now)
	m.sent, m.fill, m.done = m.done, a.New, outcomes{epoch: m.done.epoch}
	m.asking, m.pushed, m.void, m.rest, m.take.set = true, false, false, now+gap, false
	return a, true
}

// Wake is when Step and Granted must be called at the latest if nothing happens before; false
// when there is no such time.
func (m *Member) Wake() (Instant, bool) {
	at := never
	if !m.asking {
		at = m.due()
	}
	if len(m.slots) > 0 {
		at = min(at, m.slots[0].at)
	}
	if m.probe.set && m.line.len() > 0 {
		at = min(at, m.probe.at)
	}
	return at, at != never
}

// due is when the next ask is due.
func (m *Member) due() Instant {
	at := min(m.tellAt(), m.wantAt())
	if len(m.slots) > m.line.len() || m.probe.set && m.line.len() == 0 {
		at = m.rest // something goes back
	}
	if at == never {
		return at
	}
	return max(at, m.rest)
}

// tellAt is when results are to be told.
func (m *Member) tellAt() Instant {
	switch {
	case m.done.probed, m.done.urgent:
		return m.done.oldest
	case !m.owes():
		return never
	case m.known.Mode == Clear:
		return m.done.oldest + tellClear
	case m.known.Mode == Down:
		return m.done.oldest + tellDown
	case m.known.Mode == Ramp, m.done.refusals:
		return m.done.oldest + tellRamp
	default:
		return m.done.oldest + tellPaced
	}
}

// wantAt is when those who wait need an ask.
func (m *Member) wantAt() Instant {
	if m.line.len() == 0 {
		return never
	}
	at := m.join.or(m.quiet)
	if m.known.Mode == Down {
		return m.take.or(at)
	}
	if w := m.line.at(len(m.slots)); w != nil && w.ticket > 0 {
		at = min(at, max(m.again, m.turn(w.ticket)))
	}
	return at
}

// want returns how many callers should get a slot now, and the ticket of the first of them.
func (m *Member) want(now Instant) (int, float64) {
	if m.known.Mode == Down || now < m.again {
		return 0, 0
	}
	first := m.line.at(len(m.slots))
	if first == nil {
		return 0, 0
	}
	n := 0
	for w := first; w != nil && w.ticket > 0; w = w.behind {
		if m.turn(w.ticket) > now+horizon-lead {
			return n, first.ticket
		}
		n++
	}
	return m.line.len() - len(m.slots), first.ticket
}

// turn is when to ask for the slot of a ticket.
func (m *Member) turn(ticket float64) Instant {
	ahead := micros(m.known.Ahead)
	if d := ticket - m.known.Head; d > 0 && m.known.Rate > 0 {
		ahead += whole(min(d/m.known.Rate*second, maxMicros))
	}
	return m.heard + Instant(ahead) - lead
}
