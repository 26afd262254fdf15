package server

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"
)

// maxPatience is how long one who came in time may wait inside where places become free
// less often than its grace is long.
const maxPatience = 10 * time.Second

// line is what forms in front of a capacity: some wait inside, the others have been told
// when to come back.
//
// One order holds for all: the places go to those who are there, by slot, and those
// without one come last. So a seat is kept by its holder's right to go first, and not by
// an empty place: nobody idles, and what a newcomer can take from a holder who comes in
// time is the wait for one place to become free.
type line struct {
	start time.Time
	admissionConfig

	mu       sync.Mutex
	capacity capacity
	waiting  waiters
	seats    *seats
	book     *book
	reach    reach
	wake     *time.Timer // when capacity comes by itself and somebody waits for it
}

func newLine(capacity capacity, c admissionConfig) *line {
	return &line{
		start:           time.Now(),
		admissionConfig: c,
		capacity:        capacity,
		seats:           newSeats(c.grace),
		book:            newBook(c.horizon),
	}
}

// now is read with the lock held, so that it never runs backwards for what it guards.
func (l *line) now() time.Duration { return time.Since(l.start) }

// decision is what becomes of a request.
type decision struct {
	Entry
	ticket ticket        // of a refused one, if a seat is kept
	since  time.Duration // when an admitted one went in
}

// enter decides about a request, and may wait for that. The one that it admits must leave.
func (l *line) enter(ctx context.Context, t ticket) decision {
	l.mu.Lock()
	now := l.now()
	l.admit(now) // if anybody still waits after this, there is no place
	l.seats.expire(now, l.capacity.next(now) > now)
	seat := l.seats.find(t, now)
	claimed := seat != nil && seat.at <= now && !seat.far
	if l.capacity.take(now) {
		defer l.mu.Unlock()
		l.sit(seat)
		return decision{Entry: l.entry(now, Admitted, claimed), since: now}
	}
	if !claimed && !l.hasRoom(now) {
		defer l.mu.Unlock()
		return l.refuse(now, seat, claimed)
	}
	w := l.waiting.join(seat, !claimed)
	l.arm(now)
	patience := l.patience(now, claimed)
	l.mu.Unlock()
	return l.wait(ctx, w, now, patience)
}

// hasRoom reports whether one more may wait inside without a seat, and not in vain.
func (l *line) hasRoom(now time.Duration) bool {
	return l.waiting.inRoom < l.room &&
		time.Duration(len(l.waiting.heap)+1)*l.capacity.interval(now) <= l.maxWait
}

// patience is how long one waits inside. Somebody may have taken the place of one who came
// in time, just before; then it waits for the next, or newcomers could do that to it again.
func (l *line) patience(now time.Duration, claimed bool) time.Duration {
	if !claimed {
		return l.maxWait
	}
	return max(l.grace, l.maxWait, min(2*l.capacity.interval(now), maxPatience))
}

// wait returns when the waiter is admitted, or refused because it has waited long enough.
func (l *line) wait(ctx context.Context, w *waiter, came, patience time.Duration) decision {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-w.ready:
	case <-timer.C:
	case <-ctx.Done():
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	claimed := !w.inRoom
	var d decision
	switch {
	case w.admitted: // even if it has just given up: the place is its own to leave
		d = decision{Entry: l.entry(now, Admitted, claimed), since: w.since}
	case errors.Is(ctx.Err(), context.Canceled):
		l.waiting.leave(w)
		d = decision{Entry: l.entry(now, Left, claimed)}
	default: // a deadline is one of this side: the caller is there, and gets its answer
		l.waiting.leave(w)
		d = l.refuse(now, w.seat, claimed)
	}
	d.Waited = now - came
	return d
}

// leave gives the place of an admitted request to the next one.
func (l *line) leave(since time.Duration) {
	l.mu.Lock()
	now := l.now()
	l.capacity.give(now, since)
	l.admit(now)
	l.mu.Unlock()
}

// admit lets in those who wait, as far as there are places.
func (l *line) admit(now time.Duration) {
	if len(l.waiting.heap) == 0 {
		return
	}
	for len(l.waiting.heap) > 0 && l.capacity.take(now) {
		w := l.waiting.heap[0]
		l.waiting.leave(w)
		l.sit(w.seat)
		w.admitted, w.since = true, now
		close(w.ready)
	}
	l.arm(now)
}

// sit ends the seat of one who goes in. Who comes before its slot sets it free.
func (l *line) sit(s *seat) {
	if s == nil {
		return
	}
	l.seats.claim(s)
	if !s.far {
		l.book.cancel(s.at)
	}
}

// arm sees to it that somebody looks when the next place comes by itself.
func (l *line) arm(now time.Duration) {
	if !l.capacity.timed() || len(l.waiting.heap) == 0 {
		return
	}
	wait := l.capacity.next(now) - now
	if l.wake != nil {
		l.wake.Reset(wait)
		return
	}
	l.wake = time.AfterFunc(wait, func() {
		l.mu.Lock()
		l.admit(l.now())
		l.mu.Unlock()
	})
}

// refuse finds the slot of one for whom there is no place now.
func (l *line) refuse(now time.Duration, s *seat, claimed bool) decision {
	l.book.advance(now)
	switch {
	case s == nil || s.far && s.at <= now:
		s = l.promise(now, s)
	case s.at > now: // early
	default:
		l.move(now, s)
	}
	e := l.entry(now, Refused, claimed)
	e.Slot, e.Kept = s.at-now, !s.far && s.ticket != ticket{}
	return decision{Entry: e, ticket: s.ticket}
}

// promise gives a slot to a newcomer, whose seat is nil, or to one who has asked again, and
// keeps a seat there. When the line is longer than the reach, the caller is to ask again, at
// a random time that is not so late that the line could have ended before.
func (l *line) promise(now time.Duration, s *seat) *seat {
	interval := l.capacity.interval(now)
	ahead := l.capacity.horizon(now, l.reach.refuse(now, interval, l.horizon))
	end := now + ahead
	at, ok := l.book.free(l.capacity.next(now), end, interval, len(l.waiting.heap), l.seats.share)
	if ok {
		l.book.add(at)
	} else {
		at = end - rand.N(ahead/3)
	}
	if s == nil {
		return l.seats.issue(at, !ok)
	}
	s.at, s.far = at, !ok
	return s
}

// move gives a later slot to one who came in time and found no place within its grace,
// because requests take longer than they did. It stays ahead of all but those who wait
// with a seat.
func (l *line) move(now time.Duration, s *seat) {
	ahead := time.Duration(len(l.waiting.heap) - l.waiting.inRoom)
	s.at = min(l.capacity.next(now)+ahead*l.capacity.interval(now), now+l.horizon)
	l.book.add(s.at)
}

func (l *line) entry(now time.Duration, v Verdict, claimed bool) Entry {
	return Entry{
		Verdict: v,
		Claimed: claimed,
		Waiting: len(l.waiting.heap),
		Rate:    1 / l.capacity.interval(now).Seconds(),
	}
}
