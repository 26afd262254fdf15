package slot

import (
	"runtime"
	"time"
)

// Targets is how many targets the queue remembers.
func (q *Queue) Targets() int { return int(q.known.Load()) }

// Retire ends the target's line as its timer does, and leaves it to the queue to find that
// out.
func (q *Queue) Retire(target string) {
	l := q.find(target)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.leave()
}

// RetireWhile is Retire while do waits for the target's line.
func (q *Queue) RetireWhile(target string, do func()) {
	l := q.find(target)
	l.mu.Lock()
	ended := make(chan struct{})
	go func() { defer close(ended); do() }()
	for range 1000 {
		runtime.Gosched() // nobody can see that it waits
	}
	l.leave()
	l.mu.Unlock()
	<-ended
}

// Timer is how long from now the target's timer is to fire.
func (q *Queue) Timer(target string) time.Duration {
	l := q.find(target)
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Until(l.wake)
}

// Books is how many books there are.
func (m *Memory) Books() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.pages)
}
