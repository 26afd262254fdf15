package skewtest

import (
	"sync"
	"time"
)

// Machine is a skew.System for tests: a computer whose clocks are wrong in the ways that
// clocks are. True time is time.Now, which in a bubble of testing/synctest is the bubble's.
// The zero value is a machine with perfect clocks; it is safe for concurrent use.
type Machine struct {
	mu        sync.Mutex
	since     time.Time     // true time of the last change of drift
	mono      time.Duration // monotonic time then
	ppm       int
	stepped   time.Duration // wall time - monotonic time, beyond the beginning
	suspended time.Duration
	begin     time.Time
	asleep    bool
}

// Read returns the machine's clocks.
func (m *Machine) Read() (wall time.Time, monotonic time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.run()
	return m.begin.Add(now + m.stepped), now
}

// Suspended returns how long the machine has slept.
func (m *Machine) Suspended() (d time.Duration, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.run()
	return m.suspended, true
}

// Step sets the wall clock forward by d, or back.
func (m *Machine) Step(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.run()
	m.stepped += d
}

// Drift makes both clocks gain ppm microseconds per second from now on, or lose them.
func (m *Machine) Drift(ppm int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.run()
	m.ppm = ppm
}

// Sleep has the machine sleep for the time that nap takes: the monotonic clock stands
// still, the wall clock does not.
func (m *Machine) Sleep(nap func()) {
	m.fall(true)
	defer m.fall(false)
	nap()
}

func (m *Machine) fall(asleep bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.run()
	m.asleep = asleep
}

// run brings the clocks up to now and returns the monotonic time.
func (m *Machine) run() time.Duration {
	now := time.Now()
	if m.since.IsZero() {
		m.since, m.begin = now, now.Round(0)
	}
	passed := now.Sub(m.since)
	m.since = now
	if m.asleep {
		m.stepped += passed
		m.suspended += passed
		return m.mono
	}
	const million = 1_000_000
	m.mono += passed + passed/million*time.Duration(m.ppm) + passed%million*time.Duration(m.ppm)/million
	return m.mono
}
