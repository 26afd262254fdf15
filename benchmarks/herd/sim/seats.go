package sim

import "time"

// seatGrace is how much too early or too late the holder of a seat may come.
const seatGrace = 250 * time.Millisecond

// seats is a server's own queue: whoever is refused is told when to come back, each at a
// time of its own, and finds a seat then. Those who have none are let in while a worker is
// idle, so that seats whose holders do not come are not lost.
type seats struct {
	every time.Duration            // one seat
	next  time.Duration            // the time of the next seat that is free
	held  map[uint64]time.Duration // seats by what their holders bring back
	last  uint64
}

func newSeats(capacity float64) *seats {
	return &seats{every: time.Duration(float64(time.Second) / capacity), held: map[uint64]time.Duration{}}
}

// book gives a seat to someone who was refused.
func (q *seats) book(now time.Duration) (wait time.Duration, seat uint64) {
	q.next = max(q.next, now) + q.every
	q.last++
	q.held[q.last] = q.next
	return q.next - now, q.last
}

// admit is whether someone may come in although no worker is idle.
func (q *seats) admit(seat uint64, now time.Duration) bool {
	at, held := q.held[seat]
	delete(q.held, seat)
	if held {
		return at-seatGrace <= now && now <= at+seatGrace
	}
	return q.next <= now
}
