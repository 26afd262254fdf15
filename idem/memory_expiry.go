package idem

import (
	"math"
	"time"
)

const (
	// The wheel turns once in about a minute; a record that lives longer is looked at
	// once a turn.
	wheelTick  = 250 * time.Millisecond
	wheelSlots = 256
	// looksPerClaim bounds what one claim does for those that expired: more than it adds,
	// so that removal keeps ahead of arrival, and little, so that no claim is slow.
	looksPerClaim = 4
	allLooks      = math.MaxInt
)

// wheel finds the expired records of a shard without ordering the others: a hashed
// timing wheel (Varghese and Lauck, SOSP 1987, scheme 6). Filing a record and taking
// it out cost the same however many there are.
type wheel struct {
	slots [wheelSlots]*entry // lists of entries, linked both ways
	due   *entry             // the list of the slot whose time has come
	done  int64              // the last tick whose slot became due
}

func tickOf(t time.Duration) int64 { return int64(t / wheelTick) }

// file adds an entry under its expiry.
func (w *wheel) file(e *entry) {
	list := &w.slots[tickOf(e.expires)%wheelSlots]
	e.list, e.prev, e.next = list, nil, *list
	if e.next != nil {
		e.next.prev = e
	}
	*list = e
}

// take removes an entry that was filed. Only the first entry of a list knows its list.
func (w *wheel) take(e *entry) {
	if e.next != nil {
		e.next.prev = e.prev
	}
	if e.prev != nil {
		e.prev.next = e.next
	} else {
		*e.list = e.next
		if e.next != nil {
			e.next.list = e.list
		}
	}
	e.list, e.prev, e.next = nil, nil, nil
}

// turn looks at entries whose tick is over, and hands out those that have expired; the
// others wait for the next turn. It looks at no more than looks of them.
func (w *wheel) turn(now time.Duration, looks int, expired func(*entry)) {
	last := tickOf(now) - 1 // all of it is in the past
	for looks > 0 {
		e := w.due
		if e == nil {
			if w.done >= last {
				return
			}
			w.done = max(w.done, last-wheelSlots) + 1 // one turn visits all
			w.advance(&w.slots[w.done%wheelSlots])
			continue
		}
		looks--
		if e.expires <= now {
			expired(e)
		} else {
			w.take(e)
			w.file(e)
		}
	}
}

// peek hands out what has expired in the tick that is not over yet.
func (w *wheel) peek(now time.Duration, expired func(*entry)) {
	for e := w.slots[tickOf(now)%wheelSlots]; e != nil; {
		next := e.next
		if e.expires <= now {
			expired(e)
		}
		e = next
	}
}

// advance makes the list of a slot the one that is due.
func (w *wheel) advance(slot **entry) {
	w.due, *slot = *slot, nil
	if w.due != nil {
		w.due.list = &w.due
	}
}
