package sim

import "time"

// Loop runs what is to happen in the order of its time, and what is to happen at the same
// time in the order in which that was asked for.
type Loop struct {
	now   time.Duration
	order uint64
	heap  []event
}

type event struct {
	at    time.Duration
	order uint64
	do    func()
}

func (e event) before(f event) bool {
	return e.at < f.at || e.at == f.at && e.order < f.order
}

// Now is the time since the start.
func (l *Loop) Now() time.Duration { return l.now }

// At runs do at the given time, or now if that has passed.
func (l *Loop) At(at time.Duration, do func()) {
	l.order++
	e := event{max(at, l.now), l.order, do}
	l.heap = append(l.heap, e)
	i := len(l.heap) - 1
	for i > 0 {
		parent := (i - 1) / 2
		if !e.before(l.heap[parent]) {
			break
		}
		l.heap[i] = l.heap[parent]
		i = parent
	}
	l.heap[i] = e
}

// After runs do in a while.
func (l *Loop) After(d time.Duration, do func()) { l.At(l.now+max(d, 0), do) }

// Run runs until nothing is left, or to the end.
func (l *Loop) Run(end time.Duration) {
	for len(l.heap) > 0 && l.heap[0].at <= end {
		e := l.next()
		l.now = e.at
		e.do()
	}
}

// Stop forgets what was to happen.
func (l *Loop) Stop() { l.heap = nil }

// next takes the earliest event. container/heap would do the same, in twice the time.
func (l *Loop) next() event {
	first := l.heap[0]
	n := len(l.heap) - 1
	last := l.heap[n]
	l.heap[n] = event{}
	l.heap = l.heap[:n]
	if n == 0 {
		return first
	}
	i := 0
	for {
		child := 2*i + 1
		if child >= n {
			break
		}
		if right := child + 1; right < n && l.heap[right].before(l.heap[child]) {
			child = right
		}
		if !l.heap[child].before(last) {
			break
		}
		l.heap[i] = l.heap[child]
		i = child
	}
	l.heap[i] = last
	return first
}
