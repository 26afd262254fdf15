package book

import (
	"slices"
	"time"
)

// Caller names one waiting call. Whoever drives a member chooses it, unique within it.
type Caller uint64

// Result is how an attempt ended, seen by the target's capacity.
type Result uint8

const (
	// Success: the target did its work.
	Success Result = iota
	// Rejected: the target answered that it has no room.
	Rejected
	// Failed: no answer, or one that says that the target is broken.
	Failed
)

// Feedback tells how an attempt ended.
type Feedback struct {
	Result  Result
	Latency time.Duration // from sending it to its result
	Attempt int           // which attempt of its call it was; the first is 1
}

// waiter is a caller without an attempt under way.
type waiter struct {
	caller  Caller
	ticket  float64 // its place in the queue, 0 = none yet
	attempt int     // attempts it has spent
}

// line has the waiting callers in the order of their turns: first those with tickets.
type line struct {
	all      []waiter
	numbered int // with a ticket
}

func (l *line) len() int { return len(l.all) }

func (l *line) unnumbered() int { return len(l.all) - l.numbered }

// add puts a caller without a ticket at the end.
func (l *line) add(w waiter) { l.all = append(l.all, w) }

// front puts a caller with a ticket before all others.
func (l *line) front(w waiter) {
	l.all = slices.Insert(l.all, 0, w)
	l.numbered++
}

// number gives tickets from first on to n callers that have none.
func (l *line) number(first float64, n int) {
	for ; n > 0 && l.numbered < len(l.all); n-- {
		l.all[l.numbered].ticket = first
		l.numbered++
		first++
	}
}

// remove takes the caller at i out.
func (l *line) remove(i int) waiter {
	w := l.all[i]
	if i == 0 {
		l.all = l.all[1:]
	} else {
		l.all = slices.Delete(l.all, i, i+1)
	}
	if i < l.numbered {
		l.numbered--
	}
	return w
}

// find returns the place of a caller, or -1.
func (l *line) find(c Caller) int {
	return slices.IndexFunc(l.all, func(w waiter) bool { return w.caller == c })
}

// freshest returns the place of the caller that has spent the fewest attempts.
func (l *line) freshest() int {
	best := 0
	for i, w := range l.all {
		if w.attempt < l.all[best].attempt {
			best = i
		}
	}
	return best
}
