package book

// waiter is a caller without an attempt under way.
type waiter struct {
	caller  Caller
	ticket  float64 // its place in the queue, 0 = none yet
	attempt int     // attempts it has spent

	rank           int64 // grows from each to the next
	before, behind *waiter
}

// line has the waiting callers in the order of their turns: first those with tickets. It is a
// list, for there may be very many, they join at both ends, and leave from anywhere.
type line struct {
	by          map[Caller]*waiter
	first, last *waiter
	fresh       *waiter // the first without a ticket
	numbered    int     // with a ticket

	// The latest that at returned, for it is nearly the next, too.
	mark *waiter
	i    int
}

func (l *line) len() int { return len(l.by) }

func (l *line) unnumbered() int { return len(l.by) - l.numbered }

// add puts a caller without a ticket at the end.
func (l *line) add(c Caller, attempt int) {
	l.leave(c)
	w := &waiter{caller: c, attempt: attempt, before: l.last}
	if l.last == nil {
		l.first = w
	} else {
		l.last.behind = w
		w.rank = l.last.rank + 1
	}
	l.last = w
	if l.fresh == nil {
		l.fresh = w
	}
	l.note(w)
}

// front puts a caller with a ticket before all others.
func (l *line) front(c Caller, attempt int, ticket float64) {
	l.leave(c)
	w := &waiter{caller: c, attempt: attempt, ticket: ticket, behind: l.first}
	if l.first == nil {
		l.last = w
	} else {
		l.first.before = w
		w.rank = l.first.rank - 1
	}
	l.first = w
	l.numbered++
	l.i++
	l.note(w)
}

func (l *line) note(w *waiter) {
	if l.by == nil {
		l.by = map[Caller]*waiter{}
	}
	l.by[w.caller] = w
}

// number gives tickets from first on to n callers that have none.
func (l *line) number(first float64, n int) {
	for ; n > 0 && l.fresh != nil; n-- {
		l.fresh.ticket = first
		l.fresh = l.fresh.behind
		l.numbered++
		first++
	}
}

// renumber takes all tickets away.
func (l *line) renumber() {
	for w := l.first; w != l.fresh; w = w.behind {
		w.ticket = 0
	}
	l.fresh, l.numbered = l.first, 0
}

// leave takes a caller out, if it is there.
func (l *line) leave(c Caller) {
	if w := l.by[c]; w != nil {
		l.remove(w)
	}
}

// remove takes a waiter out, and returns its caller.
func (l *line) remove(w *waiter) Caller {
	switch {
	case l.mark == nil:
	case w == l.first && w != l.mark:
		l.i--
	case w.rank <= l.mark.rank:
		l.mark = nil
	}
	switch {
	case w.ticket > 0:
		l.numbered--
	case w == l.fresh:
		l.fresh = w.behind
	}
	if w.before == nil {
		l.first = w.behind
	} else {
		w.before.behind = w.behind
	}
	if w.behind == nil {
		l.last = w.before
	} else {
		w.behind.before = w.before
	}
	delete(l.by, w.caller)
	return w.caller
}

// at returns the waiter that has i others before it, or nil.
func (l *line) at(i int) *waiter {
	if i >= len(l.by) {
		return nil
	}
	if l.mark == nil || i < l.i/2 {
		l.mark, l.i = l.first, 0
	}
	for ; l.i < i; l.i++ {
		l.mark = l.mark.behind
	}
	for ; l.i > i; l.i-- {
		l.mark = l.mark.before
	}
	return l.mark
}

// freshest returns the waiter that has spent the fewest attempts.
func (l *line) freshest() *waiter {
	best := l.first
	for w := l.first; w != nil; w = w.behind {
		if w.attempt < best.attempt {
			best = w
		}
	}
	return best
}
