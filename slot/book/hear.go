package book

// Heard takes in a notice that the keeper pushed. One that comes late or twice changes nothing.
func (m *Member) Heard(now Instant, n Notice) {
	if m.told && n.Seq <= m.known.Seq {
		return
	}
	m.pushed = true
	m.learn(now, n)
}

// learn takes in the keeper's word.
func (m *Member) learn(now Instant, n Notice) {
	was := m.known
	m.known, m.heard, m.told = n, now, true
	m.quiet = now + Instant(micros(n.Next)) + m.seldom(silence/2)
	if n.Mode == Down {
		m.slots = m.slots[:0]
	} else {
		m.probe.set, m.tried.set = false, false
	}
	if n.Seq < was.Seq || n.Epoch < was.Epoch || n.Tail < was.Tail {
		m.forget(now, n.Epoch)
	}
	if len(m.slots) == 0 {
		m.eras.mark(n.Epoch, now)
	}
	m.take.set = n.Mode == Down && n.Open
	if m.take.set {
		m.take.at = now + m.seldom(max(Instant(micros(n.Ahead)), probeLeast))
	}
	if was.Mode != n.Mode {
		m.again, m.join.set = 0, false
		m.enrol(now)
	}
}

// forget makes void what a lost book gave and counted: slots, tickets and epochs.
func (m *Member) forget(now Instant, epoch int64) {
	m.eras, m.slots, m.void = eras{}, m.slots[:0], true
	m.done, m.sent = m.done.aged(epoch), m.sent.aged(epoch)
	m.probe.set, m.tried.set = false, false
	m.line.renumber()
	m.again, m.join.set = 0, false
	m.enrol(now)
}
