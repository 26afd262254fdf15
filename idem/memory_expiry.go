package idem

import "time"

// The wheel turns once in about a minute; a record that lives longer is looked at
// once a turn.
const (
	wheelTick  = 250 * time.Millisecond
	wheelSlots = 256
)

// wheel finds the expired records of a shard without ordering the others: a hashed
// timing wheel (Varghese and Lauck, SOSP 1987, scheme 6). Filing a record and taking
// it out cost the same however many there are. A record is found within a tick after
// it expired, when somebody turns the wheel.
type wheel struct {
	slots [wheelSlots]*entry // lists of entries, linked both ways
	done  int64              // the last tick whose slot was visited
}

func tickOf(t time.Duration) int64 { return int64(t / wheelTick) }

// file adds an entry under its expiry.
func (w *wheel) file(e *entry) {
	slot := &w.slots[tickOf(e.expires)%wheelSlots]
	e.slot, e.prev, e.next = slot, nil, *slot
	if e.next != nil {
		e.next.prev = e
	}
	*slot = e
}

// take removes an entry that was filed.
func (w *wheel) take(e *entry) {
	if e.prev == nil {
		*e.slot = e.next
	} else {
		e.prev.next = e.next
	}
	if e.next != nil {
		e.next.prev = e.prev
	}
	e.slot, e.prev, e.next = nil, nil, nil
}

// turn visits the slots whose time is over and hands out what has expired in them.
func (w *wheel) turn(now time.Duration, expired func(*entry)) {
	last := tickOf(now) - 1 // all of it is in the past
	for tick := max(w.done+1, last-wheelSlots+1); tick <= last; tick++ {
		for e := w.slots[tick%wheelSlots]; e != nil; {
			next := e.next
			if e.expires <= now {
				expired(e)
			}
			e = next
		}
	}
	w.done = max(w.done, last)
}
